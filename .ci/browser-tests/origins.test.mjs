// Pages of other origins. localhost with another port is another origin of the same site;
// localhost and 127.0.0.1 are two sites, and so are example.test and elsewhere.test.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { certificate, serve } from './authctl.mjs'
import { browser, call, cookies, login, ordinary, tab } from './chromium.mjs'
import { site } from './sites.mjs'

const profileOf = browser()

test('a page of an allowed origin of the same site signs in, calls, refreshes and signs out', async (t) => {
  const app = (await site(t))('localhost')
  const server = await serve(t, { server: { cors: { allowed_origins: [app] } } })
  const at = server.at('localhost')
  const profile = await profileOf(t)
  const page = await tab(profile, app)

  assert.equal((await call(page, 'GET', `${at}/profile`)).status, 401)
  const signedIn = await login(page, at)
  assert.equal(signedIn.status, 200)
  assert.equal(signedIn.body.user.username, 'alice')
  const first = await cookies(profile)
  assert.deepEqual(Object.keys(first).sort(), ['access_token', 'refresh_token'])
  assert.equal((await call(page, 'GET', `${at}/profile`)).body.username, 'alice')
  assert.equal((await call(page, 'POST', `${at}/refresh`)).status, 200)
  assert.notEqual((await cookies(profile)).refresh_token.value, first.refresh_token.value)
  assert.equal((await call(page, 'GET', `${at}/profile`)).body.username, 'alice')
  assert.equal((await call(page, 'GET', `${at}/profile`, { credentials: 'omit' })).status, 401)
  assert.equal((await call(page, 'POST', `${at}/logout`)).status, 200)
  assert.deepEqual(await cookies(profile), {})
  assert.equal((await call(page, 'GET', `${at}/profile`)).status, 401)
})

for (const [name, allowed] of [['when nobody is allowed', () => []], ['when others are allowed', (others) => [others]]]) {
  test(`the same page gets no cookie and reads no answer ${name}`, async (t) => {
    const app = (await site(t))('localhost')
    const server = await serve(t, { server: { cors: { allowed_origins: allowed((await site(t))('localhost')) } } })
    const at = server.at('localhost')
    const profile = await profileOf(t)
    const page = await tab(profile, app)

    assert.deepEqual(await login(page, at), { refused: 'TypeError' })
    const asked = (await server.requests()).filter((line) => line.includes('/login'))
    assert.equal(asked.length, 1)
    assert.match(asked[0], /^OPTIONS \/login /, 'the browser asks, and goes no further')
    for (const mode of ['cors', 'no-cors']) { // as text/plain it need not ask
      const answer = await login(page, at, { mode, headers: {} })
      assert.deepEqual(answer, { refused: 'TypeError' })
    }
    assert.equal((await server.requests()).filter((line) => line === 'POST /login 403').length, 2)
    assert.deepEqual(await cookies(profile), {})
  })
}

test('a page of an origin that is not allowed cannot read what its user may', async (t) => {
  const [app, other] = [(await site(t))('localhost'), (await site(t))('localhost')]
  const server = await serve(t, { server: { cors: { allowed_origins: [app] } } })
  const at = server.at('localhost')
  const profile = await profileOf(t)
  assert.equal((await login(await tab(profile, app), at)).status, 200)
  const page = await tab(profile, other)
  for (const mode of ['cors', 'no-cors']) {
    assert.deepEqual(await call(page, 'GET', `${at}/profile`, { mode }), { refused: 'TypeError' })
  }
  const answered = (await server.requests()).filter((line) => line.includes('/profile'))
  assert.deepEqual(answered, ['GET /profile 200', 'GET /profile 200'], 'the cookie came along, of the same site')
  for (const path of ['/refresh', '/logout']) {
    assert.deepEqual(await call(page, 'POST', at + path), { refused: 'TypeError' })
    assert.ok((await server.requests()).includes(`POST ${path} 403`))
  }
  assert.equal((await call(await tab(profile, app), 'GET', `${at}/profile`)).status, 200)
})

test('cookies with same_site lax do not reach an allowed page of another site', async (t) => {
  const app = (await site(t))('127.0.0.1')
  const server = await serve(t, { server: { cors: { allowed_origins: [app] } } })
  const profile = await profileOf(t)
  const page = await tab(profile, app)
  assert.equal((await login(page, server.at('localhost'))).status, 200)
  assert.deepEqual(await cookies(profile), {})
  assert.equal((await call(page, 'GET', `${server.at('localhost')}/profile`)).status, 401)
})

for (const blocked of [false, true]) {
  test(`cookies with same_site none over HTTPS ${blocked ? 'do not either where third-party cookies are blocked' : 'do'}`, async (t) => {
    const app = (await site(t, { tls: true }))('elsewhere.test')
    const server = await serve(t, { cookies: { same_site: 'none', secure: true }, server: { tls: certificate, cors: { allowed_origins: [app] } } })
    const at = server.at('login.example.test')
    const profile = await ordinary(t, { blocked })
    const page = await tab(profile, app)
    assert.equal((await login(page, at)).status, 200)
    const kept = await cookies(profile)
    if (blocked) {
      assert.deepEqual(kept, {})
      assert.equal((await call(page, 'GET', `${at}/profile`)).status, 401)
      return
    }
    assert.deepEqual(Object.keys(kept).sort(), ['access_token', 'refresh_token'])
    for (const cookie of Object.values(kept)) {
      assert.deepEqual([cookie.sameSite, cookie.secure, cookie.httpOnly], ['None', true, true])
    }
    assert.equal((await call(page, 'GET', `${at}/profile`)).body.username, 'alice')
    assert.equal((await call(page, 'POST', `${at}/refresh`)).status, 200)
    assert.equal((await call(page, 'POST', `${at}/logout`)).status, 200)
    assert.deepEqual(await cookies(profile), {})
  })
}
