// The server's own HTTPS, with cookies whose names begin with __Host-.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { certificate, serve } from './authctl.mjs'
import { browser, call, cookies, login, tab } from './chromium.mjs'
import { site } from './sites.mjs'

const profileOf = browser()
const names = ['__Host-access_token', '__Host-refresh_token']

// start has a page at shop.example.test, and the server at login.example.test.
async function start(t) {
  const app = (await site(t, { tls: true }))('shop.example.test')
  const server = await serve(t, { cookies: { host_prefix: true }, server: { tls: certificate, cors: { allowed_origins: [app] } } })
  const profile = await profileOf(t)
  return { at: server.at('login.example.test'), profile, app, page: await tab(profile, app) }
}

test('over HTTPS an allowed page signs in, calls, refreshes and signs out', async (t) => {
  const { at, profile, page } = await start(t)
  assert.equal((await login(page, at)).status, 200)
  const first = await cookies(profile)
  assert.deepEqual(Object.keys(first).sort(), names)
  for (const cookie of Object.values(first)) {
    assert.deepEqual([cookie.secure, cookie.httpOnly, cookie.sameSite, cookie.path, cookie.domain], [true, true, 'Lax', '/', 'login.example.test'])
  }
  assert.equal((await call(page, 'GET', `${at}/profile`)).body.username, 'alice')
  assert.equal((await call(page, 'POST', `${at}/refresh`)).status, 200)
  assert.notEqual((await cookies(profile))[names[1]].value, first[names[1]].value)
  assert.equal((await call(page, 'POST', `${at}/logout`)).status, 200)
  assert.deepEqual(await cookies(profile), {})
  assert.equal((await call(page, 'GET', `${at}/profile`)).status, 401)
})

test('over HTTPS the browser speaks HTTP/2', async (t) => {
  const { at, page } = await start(t)
  for (const [path, act] of [['/login', () => login(page, at)], ['/profile', () => call(page, 'GET', `${at}/profile`)]]) {
    const answered = page.waitForResponse((response) => response.url() === at + path)
    assert.equal((await act()).status, 200)
    assert.equal(await (await answered).httpVersion(), 'HTTP/2.0')
  }
})

test('over HTTPS scripts see no cookie, and a sibling domain can plant none', async (t) => {
  const { at, profile, app, page } = await start(t)
  assert.equal((await login(page, at)).status, 200)
  const held = await cookies(profile)
  await page.evaluate((names) => {
    for (const name of names) document.cookie = `${name}=planted; Domain=example.test; Path=/; Secure`
    document.cookie = 'visible=yes; Domain=example.test; Path=/; Secure'
  }, Object.keys(held))
  for (const seen of [page, await tab(profile, `${at}/healthz`)]) {
    assert.equal(await seen.evaluate(() => document.cookie), 'visible=yes')
  }
  const { visible, ...kept } = await cookies(profile)
  assert.deepEqual(kept, held)
  assert.equal((await call(await tab(profile, app), 'GET', `${at}/profile`)).body.username, 'alice')
})

test('having been there, the browser does not go to the host without HTTPS', async (t) => {
  const { at, profile, page } = await start(t)
  const plain = (await site(t))('login.example.test')
  assert.equal((await (await profile.newPage()).goto(plain)).status(), 200)
  assert.equal((await login(page, at)).status, 200)
  await assert.rejects((await profile.newPage()).goto(plain), /ERR_SSL_PROTOCOL_ERROR/)
})

test('over HTTPS a page that is not allowed gets nothing', async (t) => {
  const { at, profile } = await start(t)
  const page = await tab(profile, (await site(t, { tls: true }))('shop.example.test'))
  assert.deepEqual(await login(page, at), { refused: 'TypeError' })
  assert.deepEqual(await login(page, at, { headers: {} }), { refused: 'TypeError' })
  assert.deepEqual(await cookies(profile), {})
})

test('over HTTPS two tabs that refresh when they like stay signed in', async (t) => {
  const { at, profile, app, page } = await start(t)
  assert.equal((await login(page, at)).status, 200)
  const tabs = [page, await tab(profile, app)]
  for (let round = 1; round <= 25; round++) {
    const answers = await Promise.all(tabs.map((page) => call(page, 'POST', `${at}/refresh`)))
    assert.deepEqual(answers.map(({ status }) => status), [200, 200], `round ${round}`)
  }
  for (const page of tabs) {
    assert.equal((await call(page, 'GET', `${at}/profile`)).body.username, 'alice')
    assert.equal((await call(page, 'POST', `${at}/refresh`)).status, 200)
  }
})
