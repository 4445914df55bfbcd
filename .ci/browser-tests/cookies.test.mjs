import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serve } from './authctl.mjs'
import { browser, call, cookies, login, tab } from './chromium.mjs'
import { site } from './sites.mjs'

const profileOf = browser()

test('scripts see neither cookie, on any page that has them, and the browser sends both', async (t) => {
  const app = (await site(t))('localhost')
  const server = await serve(t, { server: { cors: { allowed_origins: [app] } } })
  const at = server.at('localhost')
  const profile = await profileOf(t)
  const page = await tab(profile, app)
  assert.equal((await login(page, at)).status, 200)
  for (const cookie of Object.values(await cookies(profile))) {
    assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, 'Lax', '/'])
  }

  // Cookies do not know ports: a page beside the server shares them.
  for (const seen of [page, await tab(profile, `${at}/healthz`)]) {
    await seen.evaluate(() => { document.cookie = 'visible=yes' })
    assert.equal(await seen.evaluate(() => document.cookie), 'visible=yes')
    assert.deepEqual(await seen.evaluate(async () => (await cookieStore.getAll()).map(({ name }) => name)), ['visible'])
    await seen.evaluate(() => { document.cookie = 'access_token=planted'; document.cookie = 'refresh_token=; Max-Age=0' })
  }
  const held = await cookies(profile)
  assert.deepEqual(Object.keys(held).sort(), ['access_token', 'refresh_token', 'visible'], 'nor can they replace or remove them')

  const request = page.waitForRequest(`${at}/profile`)
  assert.equal((await call(page, 'GET', `${at}/profile`)).body.username, 'alice')
  const { cookie } = await (await request).allHeaders()
  for (const { name, value } of Object.values(held)) {
    assert.ok(cookie.includes(`${name}=${value}`), `${name} is not in ${cookie}`)
  }
})
