// Verifies the access tokens of a running server with npm's jose and oauth4webapi, as an
// application would: it knows the issuer only. Tokens are lines of standard input; each is taken when
// it arrives, so that the keys may change between two of them.
import { createInterface } from 'node:readline'
import { createRemoteJWKSet, jwtVerify, decodeProtectedHeader } from 'jose'
import { allowInsecureRequests, discoveryRequest, processDiscoveryResponse, validateJwtAccessToken } from 'oauth4webapi'

const [issuer, audience, algorithm] = process.argv.slice(2)
const { issuer: named, jwks_uri, id_token_signing_alg_values_supported: algorithms } = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()
if (named !== issuer) throw new Error(`the issuer is ${named}, not ${issuer}`)
if (algorithms.join() !== algorithm) throw new Error(`the algorithms are ${algorithms}, not ${algorithm}`)
const keys = createRemoteJWKSet(new URL(jwks_uri), { cooldownDuration: 0 })
const options = { issuer, audience, algorithms: [algorithm], typ: 'at+jwt' }

// strict demands all that RFC 9068 does. It looks for the keys anew each time.
async function strict(token) {
  const insecure = { [allowInsecureRequests]: true }
  const server = await processDiscoveryResponse(new URL(issuer), await discoveryRequest(new URL(issuer), insecure))
  const request = new Request('https://shop.example.test/', { headers: { Authorization: `Bearer ${token}` } })
  return validateJwtAccessToken(server, request, audience, { ...insecure, signingAlgorithms: algorithms })
}

const ids = new Set()
for await (const token of createInterface({ input: process.stdin })) {
  const { payload } = await jwtVerify(token, keys, options)
  if (!payload.sub || !payload.sid) throw new Error('no sub, or no sid')
  const { jti, client_id } = await strict(token)
  if (ids.has(jti) || client_id !== audience) throw new Error(`jti ${jti}, client_id ${client_id}`)
  ids.add(jti)
  const dot = token.lastIndexOf('.')
  const forged = token.slice(0, dot - 2) + (token[dot - 2] === 'A' ? 'B' : 'A') + token.slice(dot - 1)
  for (const verify of [() => jwtVerify(forged, keys, options), () => strict(forged)]) {
    if (await verify().then(() => true, () => false)) throw new Error('a forged token was taken')
  }
  console.log(`${algorithm} ${decodeProtectedHeader(token).kid} ${payload.username}`)
}
