// Forms, which need no permission to be sent anywhere. The field of a form in text/plain can
// be written so that its body is the JSON of a good login.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { certificate, password, serve } from './authctl.mjs'
import { browser, call, cookies, login, tab } from './chromium.mjs'
import { site } from './sites.mjs'

const profileOf = browser()

const [before, after] = JSON.stringify({ username: 'alice', password }).split('=')
const forms = [
  ['/login', 'text/plain', { [before]: after }],
  ['/login', 'application/x-www-form-urlencoded', { username: 'alice', password }],
  ['/logout', 'text/plain', { '{"a":"': '"}' }],
  ['/logout', 'application/x-www-form-urlencoded', {}],
  ['/refresh', 'application/x-www-form-urlencoded', {}],
]

// submit has a tab open a page and that send a form, waits until the answer is shown, and
// returns what came of it.
async function submit(page, from, action, enctype, fields) {
  await page.goto(from)
  const answered = page.waitForResponse((response) => response.url() === action)
  const shown = page.waitForURL(action)
  await page.evaluate(([action, enctype, fields]) => {
    const form = Object.assign(document.createElement('form'), { method: 'POST', action, enctype })
    for (const [name, value] of Object.entries(fields)) {
      form.append(Object.assign(document.createElement('input'), { name, value }))
    }
    document.body.append(form)
    form.submit()
  }, [action, enctype, fields])
  const [answer] = await Promise.all([answered, shown])
  return {
    status: answer.status(),
    sent: (await answer.request().allHeaders()).cookie ?? '',
    body: answer.request().postData(),
    set: await answer.headerValue('set-cookie'),
  }
}

const attacks = [
  { from: 'another site', host: '127.0.0.1', carries: false, settings: {} },
  { from: 'a sibling of the same site', host: 'localhost', carries: true, settings: {} },
  { from: 'another site with same_site none', host: 'elsewhere.test', tls: true, carries: true, settings: { cookies: { same_site: 'none', secure: true } } },
]

for (const { from, host, tls, carries, settings } of attacks) {
  const start = async (t) => {
    const page = await site(t, { tls })
    const [app, evil] = [page(tls ? 'shop.example.test' : 'localhost'), (await site(t, { tls }))(host)]
    const server = await serve(t, { ...settings, server: { cors: { allowed_origins: [app] }, ...(tls && { tls: certificate }) } })
    return { app, evil, at: server.at(tls ? 'login.example.test' : 'localhost'), profile: await profileOf(t) }
  }

  test(`a form of ${from} neither changes nor ends a session`, async (t) => {
    const { app, evil, at, profile } = await start(t)
    const page = await tab(profile, app)
    assert.equal((await login(page, at)).status, 200)
    const held = await cookies(profile)
    const attacker = await profile.newPage()
    for (const [path, enctype, fields] of forms) {
      const { status, sent, set } = await submit(attacker, evil, at + path, enctype, fields)
      assert.equal(status, 403, `${path} as ${enctype}`)
      assert.equal(sent.includes('refresh_token='), carries, `the cookies came along: ${sent}`)
      assert.equal(set, null)
      assert.deepEqual(await cookies(profile), held)
      assert.equal((await call(page, 'GET', `${at}/profile`)).body.username, 'alice')
    }
    assert.equal((await call(page, 'POST', `${at}/refresh`)).status, 200)
  })

  test(`a form of ${from} signs nobody in`, async (t) => {
    const { evil, at, profile } = await start(t)
    const attacker = await profile.newPage()
    for (const [path, enctype, fields] of forms.filter(([path]) => path === '/login')) {
      const { status, set } = await submit(attacker, evil, at + path, enctype, fields)
      assert.equal(status, 403, `${path} as ${enctype}`)
      assert.equal(set, null)
      assert.deepEqual(await cookies(profile), {})
    }
  })
}

test('not even a form of an allowed origin signs in, although its text is the JSON of a good login', async (t) => {
  const app = (await site(t))('localhost')
  const server = await serve(t, { server: { cors: { allowed_origins: [app] } } })
  const profile = await profileOf(t)
  const page = await profile.newPage()
  for (const [path, enctype, fields] of forms.filter(([path]) => path === '/login')) {
    const { status, body } = await submit(page, app, server.at('localhost') + path, enctype, fields)
    assert.equal(status, 415)
    assert.deepEqual(await cookies(profile), {})
    const asJSON = await server.ask('POST', '/login', { 'Content-Type': 'application/json' }, body)
    assert.equal(asJSON, enctype === 'text/plain' ? 200 : 400, `the form sent ${body}`)
  }
})
