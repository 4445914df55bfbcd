// authctl.js in one tab: what is sent again, what is an error, and what signs nobody out.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { application, expire, get, signIn, told, withLibrary } from './application.mjs'
import { password, serve } from './authctl.mjs'
import { browser, cookies, tab } from './chromium.mjs'
import { site } from './sites.mjs'

const profileOf = browser()
const count = async (server, line) => (await server.requests()).filter((entry) => entry.startsWith(line)).length

async function signedIn(t, hooks, settings = {}) {
  const server = await serve(t, settings)
  const app = (await application(t, server.port, hooks))('localhost')
  const profile = await profileOf(t)
  const page = await withLibrary(profile, app)
  assert.deepEqual(Object.keys(await signIn(page, password)).sort(), ['created_at', 'id', 'username'])
  return { server, app, profile, page }
}

test('twenty requests at once with an expired token cause one refresh, and arrive whole', async (t) => {
  const { server, page } = await signedIn(t)
  for (let round = 1; round <= 5; round++) {
    // A new role makes the token one that has expired, and leaves the cookie.
    await server.command('user', 'set', 'alice', '--role', `round-${round}`)
    const answers = await page.evaluate(() => Promise.all(Array.from({ length: 20 }, async (_, i) => {
      const form = new URLSearchParams({ i })
      const bodies = [`text ${i}`, form, new Blob([`blob ${i}`]), new TextEncoder().encode(`bytes ${i}`)]
      const init = { method: 'POST', body: bodies[i % 4] }
      const answer = await auth.fetch(...(i < 10 ? ['/api/thing', init] : [new Request('/api/thing', init)]))
      return (await answer.json()).body
    })))
    const want = Array.from({ length: 20 }, (_, i) => [`text ${i}`, `i=${i}`, `blob ${i}`, `bytes ${i}`][i % 4])
    assert.deepEqual(answers, want)
    assert.equal(await count(server, 'POST /refresh 200'), round)
  }
  assert.equal(await count(server, 'POST /refresh'), 5)
  assert.equal(await count(server, 'GET /profile 401'), 5)
})

test('an outage, a limit, a proxy and a cut sign nobody out', async (t) => {
  let meddle
  const { server, profile, page } = await signedIn(t, { before: (request, response) => request.url === '/refresh' && meddle?.(response) })
  const answer = (status, body, headers = {}) => (response) => { response.writeHead(status, headers).end(body); return true }
  const problem = (code) => JSON.stringify({ message: 'no', code, request_id: 'r' })
  for (const [name, meddling, want] of [
    ['503', answer(503, problem('unavailable'), { 'Retry-After': '5' }), { name: 'AuthctlError', status: 503, code: 'unavailable', retryAfter: 5 }],
    ['429', answer(429, problem('rate_limited'), { 'Retry-After': '60' }), { name: 'AuthctlError', status: 429, code: 'rate_limited', retryAfter: 60 }],
    ['403', answer(403, problem('cross_origin')), { name: 'AuthctlError', status: 403, code: 'cross_origin' }],
    ['a proxy without authctl', answer(502, '<html>'), { name: 'AuthctlError', status: 502 }],
    ['a proxy with a password of its own', answer(401, '<html>'), { name: 'AuthctlError', status: 401 }],
    ['another application', answer(200, '<html>'), { name: 'AuthctlError', status: 200 }],
    ['a cut', (response) => { response.destroy(); return true }, { name: 'TypeError' }],
  ]) {
    await expire(profile)
    meddle = meddling
    const got = await get(page, '/api/thing')
    assert.deepEqual({ ...got }, { code: undefined, retryAfter: undefined, status: undefined, ...want }, name)
    assert.deepEqual(await told(page), [], name)
    assert.deepEqual(Object.keys(await cookies(profile)), ['refresh_token'], name)
    meddle = undefined
    assert.equal((await get(page, '/api/thing')).status, 200, name)
  }
  assert.equal((await get(page, 'sessions')).body.sessions.length, 1)
  assert.ok(!(await server.requests()).some((line) => line.startsWith('POST /refresh 4')))
})

test('a refresh whose answer was lost, on the way or in a proxy, is asked for again, at once', async (t) => {
  let lose
  const { server, profile, page } = await signedIn(t, { after: ({ url }, answer) => url === '/refresh' && lose?.(answer) })
  let refreshes = 0
  for (const losing of [() => true, (answer) => { answer.statusCode = 504; delete answer.headers['set-cookie']; answer.headers['content-type'] = 'text/html' }]) {
    await expire(profile)
    lose = (answer) => { lose = undefined; return losing(answer) }
    assert.equal((await get(page, '/api/thing')).status, 200)
    refreshes += 2
    assert.equal(await count(server, 'POST /refresh 200'), refreshes)
    assert.deepEqual(await told(page), [])
  }
})

test('the reason of a sign-out is told, and the 401 is returned', async (t) => {
  const { server, profile, page, app } = await signedIn(t)
  await server.command('token', 'revoke-all', '--user', 'alice', '--yes')
  assert.deepEqual(await get(page, '/api/thing'), { status: 401, body: { error: 'sign in first' } })
  assert.deepEqual(await told(page), ['session_revoked'])
  assert.deepEqual(await cookies(profile), {})
  assert.equal((await get(page, '/api/thing')).status, 401)
  assert.deepEqual(await told(page), ['session_revoked'], 'once')
  const stranger = await withLibrary(await profileOf(t), app)
  assert.equal((await get(stranger, 'profile')).status, 401)
  const tries = await count(server, 'POST /refresh')
  for (let i = 0; i < 5; i++) assert.equal((await get(stranger, '/api/thing')).status, 401)
  assert.equal(await count(server, 'POST /refresh'), tries, 'no try at each request')
  assert.deepEqual(await told(stranger), ['unauthenticated'])
  await signIn(stranger, password)
  assert.equal((await get(stranger, '/api/thing')).status, 200)
})

test('a tab that was refused refreshes, and tells of the end, as soon as its user is signed in by another one', async (t) => {
  const server = await serve(t, {})
  const app = (await application(t, server.port))('localhost')
  const profile = await profileOf(t)
  const [page, other] = [await withLibrary(profile, app), await withLibrary(profile, app)]
  assert.equal((await get(page, '/api/thing')).status, 401)
  await signIn(other, password)
  assert.equal((await get(page, '/api/thing')).status, 200)
  await server.command('user', 'set', 'alice', '--role', 'admin')
  assert.equal((await get(page, '/api/thing')).status, 200)
  assert.deepEqual(await told(page), ['unauthenticated'])
  await server.command('token', 'revoke-all', '--user', 'alice', '--yes')
  assert.equal((await get(page, '/api/thing')).status, 401)
  assert.deepEqual(await told(page), ['unauthenticated', 'session_revoked'])
})

test('a copy that does not know where it comes from loads, and is told where authctl is', async (t) => {
  const { profile, page } = await signedIn(t)
  await expire(profile)
  assert.equal(await page.evaluate(async () => {
    const source = await (await fetch('/authctl.js')).text()
    const copy = await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })))
    return (await copy.authctl('/').fetch('/api/thing')).status
  }), 200)
})

test('a wrong password is an error, and is sent once', async (t) => {
  const { server, page } = await signedIn(t)
  const wrong = await page.evaluate(() => auth.login('alice', 'not it').catch((error) => ({ ...error, is: error instanceof auth.AuthctlError })))
  assert.equal(wrong.is, true)
  assert.deepEqual([wrong.status, wrong.code, wrong.retryAfter], [401, 'invalid_credentials', undefined])
  assert.match(wrong.requestId, /^[0-9a-f]{32}$/)
  const change = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ current_password: 'not it', new_password: 'correct horse battery staple 2' }) }
  const refused = await get(page, 'password/change', change)
  assert.deepEqual([refused.status, refused.body.code], [401, 'invalid_credentials'])
  assert.equal(await count(server, 'POST /password/change'), 1)
  assert.equal(await count(server, 'POST /refresh'), 0)
  assert.equal((await get(page, '/api/thing')).status, 200)
  assert.deepEqual(await told(page), [])
})

test('too many sign-ins are an error that says when to try again', async (t) => {
  const { page } = await signedIn(t, {}, { limits: { enabled: true, address: { login: '1/1h' } } })
  const refused = await page.evaluate(() => auth.login('alice', 'x').catch((error) => ({ ...error })))
  assert.deepEqual([refused.status, refused.code], [429, 'rate_limited'])
  assert.ok(refused.retryAfter > 3000 && refused.retryAfter <= 3600, refused.retryAfter)
})

test('a sign-out while the database is away still clears the browser, and says what is left', async (t) => {
  const { page } = await signedIn(t, {
    before: ({ url }, response) => {
      if (url !== '/logout') return false
      response.writeHead(503, { 'Retry-After': '5' }).end(JSON.stringify({ message: 'the cookies were cleared', code: 'unavailable', request_id: 'r' }))
      return true
    },
  })
  assert.equal(await page.evaluate(() => auth.logout().catch(({ status }) => status)), 503)
  assert.deepEqual(await told(page), ['signed_out'])
})

test('an aborted request ends at once, and the others go on', async (t) => {
  let arrived, release
  const held = new Promise((resolve) => { arrived = resolve })
  const released = new Promise((resolve) => { release = resolve })
  const { profile, page } = await signedIn(t, { before: async ({ url }) => { if (url === '/refresh') { arrived(); await released } } })
  await expire(profile)
  await page.evaluate(() => {
    window.controller = new AbortController()
    window.aborted = auth.fetch('/api/thing', { signal: controller.signal }).catch(({ name }) => name)
    window.kept = auth.fetch('/api/thing').then(({ status }) => status)
  })
  await held
  assert.equal(await page.evaluate(() => { controller.abort(); return aborted }), 'AbortError')
  release()
  assert.equal(await page.evaluate(() => kept), 200)
})

test('a request without cookies is the page\'s own matter', async (t) => {
  const { server, page } = await signedIn(t)
  assert.equal((await get(page, '/api/thing', { credentials: 'omit' })).status, 401)
  assert.equal(await count(server, 'GET /profile'), 0)
  assert.deepEqual(await told(page), [])
})

test('the page of docs/authctl-js.md runs as it is printed, on another origin', async (t) => {
  const [, printed] = /<!-- page -->\n```html\n([^]*?)```/.exec(await readFile('authctl-js.md', 'utf8'))
  let html, headers = {}
  const app = (await site(t, { html: () => html, headers }))('localhost')
  const server = await serve(t, { server: { cors: { allowed_origins: [app] } } })
  const at = server.at('localhost')
  html = printed.replaceAll('https://login.example.com', at)
  headers['Content-Security-Policy'] = `default-src 'none'; script-src ${at} 'unsafe-inline'; connect-src ${at}` // its own script is inline
  const profile = await profileOf(t)
  const page = await tab(profile, app)
  await page.getByRole('textbox', { name: 'Username' }).fill('alice')
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('You are alice.').waitFor()
  await expire(profile)
  await page.reload()
  await page.getByText('You are alice.').waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('textbox', { name: 'Username' }).waitFor()
  assert.deepEqual(await cookies(profile), {})
})

test('an import map with the digest of docs/authctl-js.md lets in this library, and no other', async (t) => {
  const [, printed] = /```html\n(<script type="importmap">[^]*?<\/script>)\n<script/.exec(await readFile('authctl-js.md', 'utf8'))
  const server = await serve(t, {})
  for (const [wanted, edit] of [['function', (map) => map], ['TypeError', (map) => map.replace('sha384-', 'sha384-AAAA')]]) {
    const html = edit(printed.replaceAll('https://login.example.com', server.at('localhost')))
    const page = await tab(await profileOf(t), (await site(t, { html: () => html }))('localhost'))
    assert.equal(await page.evaluate(() => import('authctl').then(({ login }) => typeof login, ({ name }) => name)), wanted)
  }
})

test('the types are those of the library', async () => {
  await promisify(execFile)('node', ['node_modules/typescript/bin/tsc', '--project', 'typescript']).catch(({ stdout }) => assert.fail(stdout))
})
