// Verifies the access tokens of a running server with npm's jose, as an application
// would: it knows the issuer only. Tokens are lines of standard input; each is taken when
// it arrives, so that the keys may change between two of them.
import { createInterface } from 'node:readline'
import { createRemoteJWKSet, jwtVerify, decodeProtectedHeader } from 'jose'

const [issuer, audience, algorithm] = process.argv.slice(2)
const { issuer: named, jwks_uri } = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()
if (named !== issuer) throw new Error(`the issuer is ${named}, not ${issuer}`)
const keys = createRemoteJWKSet(new URL(jwks_uri), { cooldownDuration: 0 })
const options = { issuer, audience, algorithms: [algorithm], typ: 'at+jwt' }

for await (const token of createInterface({ input: process.stdin })) {
  const { payload } = await jwtVerify(token, keys, options)
  if (!payload.sub || !payload.sid) throw new Error('no sub, or no sid')
  const dot = token.lastIndexOf('.')
  const forged = token.slice(0, dot - 2) + (token[dot - 2] === 'A' ? 'B' : 'A') + token.slice(dot - 1)
  const refused = await jwtVerify(forged, keys, options).then(() => false, () => true)
  if (!refused) throw new Error('a forged token was taken')
  console.log(`${algorithm} ${decodeProtectedHeader(token).kid} ${payload.username}`)
}
