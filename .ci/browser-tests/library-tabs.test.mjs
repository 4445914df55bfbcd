// authctl.js in many tabs: one refresh for all of them, and nobody is signed out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { application, expire, get, signIn, told, withLibrary } from './application.mjs'
import { password, serve } from './authctl.mjs'
import { browser } from './chromium.mjs'
import { site } from './sites.mjs'

const profileOf = browser()

const ofRefresh = (requests) => requests.filter((line) => line.startsWith('POST /refresh'))

async function tabs(profile, count, url, library) {
  const pages = []
  for (let i = 0; i < count; i++) pages.push(await withLibrary(profile, url, library))
  await listen(pages)
  return pages
}

// wake has every page ask for what at once, and holds that each gets it. A page that hears of the start from
// another one costs the test less time.
async function wake(profile, pages, path, round) {
  await expire(profile)
  const statuses = await pages[0].evaluate((path) => new Promise((resolve) => {
    const got = []
    start.onmessage = ({ data }) => got.push(data.status) === tabs && resolve(got)
    start.postMessage({ path })
    get(path).then((status) => start.onmessage({ data: { status } }))
  }), path)
  assert.deepEqual(statuses, pages.map(() => 200), `round ${round}`)
}

const listen = (pages) => Promise.all(pages.map((page, index) => page.evaluate(([index, tabs]) => {
  window.tabs = tabs
  window.get = async (path) => (await auth.fetch(new URL(path, auth.base)).catch((error) => ({ status: String(error) }))).status
  window.start = new BroadcastChannel('start')
  if (index > 0) start.onmessage = async ({ data: { path } }) => path && start.postMessage({ status: await get(path) })
}, [index, pages.length])))

async function oneSession(server, pages, rounds) {
  assert.deepEqual(ofRefresh(await server.requests()), Array(rounds).fill('POST /refresh 200'), 'one refresh a round')
  for (const page of pages) assert.deepEqual(await told(page), [])
  assert.equal((await get(pages[0], 'sessions')).body.sessions.length, 1)
}

test('ten tabs that wake together refresh once, in each of 200 rounds, and stay signed in', async (t) => {
  const app = (await site(t))('localhost')
  const server = await serve(t, { server: { cors: { allowed_origins: [app] } } })
  const profile = await profileOf(t)
  const pages = await tabs(profile, 10, app, `${server.at('localhost')}/authctl.js`)
  assert.equal((await signIn(pages[0], password)).username, 'alice')
  for (let round = 1; round <= 200; round++) await wake(profile, pages, 'profile', round)
  await oneSession(server, pages, 200)
})

test('ten tabs without Web Locks, as over plain HTTP, refresh once too', async (t) => {
  const server = await serve(t, {})
  const app = (await application(t, server.port))('app.test')
  const profile = await profileOf(t)
  const pages = await tabs(profile, 10, app)
  assert.deepEqual(await pages[0].evaluate(() => [isSecureContext, navigator.locks === undefined]), [false, true])
  await signIn(pages[0], password)
  for (let round = 1; round <= 10; round++) await wake(profile, pages, '/api/thing', round)
  await oneSession(server, pages, 10)
})

test('ten tabs without any lock stay signed in', async (t) => {
  const server = await serve(t, {})
  const app = (await application(t, server.port))('app.test')
  const profile = await profileOf(t)
  await profile.addInitScript(() => { delete window.indexedDB; Object.defineProperty(window, 'indexedDB', { value: undefined }) })
  const pages = await tabs(profile, 10, app)
  await signIn(pages[0], password)
  for (let round = 1; round <= 10; round++) await wake(profile, pages, '/api/thing', round)
  for (const page of pages) assert.deepEqual(await told(page), [])
  assert.equal((await get(pages[0], 'sessions')).body.sessions.length, 1)
})

for (const [host, lock, closed] of [['localhost', 'Web Locks', false], ['localhost', 'Web Locks', true], ['app.test', 'a lease', true]]) {
  test(`a tab that ${closed ? 'is closed' : 'hangs'} in its refresh keeps no other one waiting for long, with ${lock}`, async (t) => {
    const server = await serve(t, {})
    let arrived
    const held = new Promise((resolve) => { arrived = resolve })
    let hold = true
    const app = (await application(t, server.port, {
      before: ({ url }) => {
        if (url !== '/refresh' || !hold) return false
        hold = false
        arrived()
        return new Promise(() => {}) // for ever
      },
    }))(host)
    const profile = await profileOf(t)
    const [first, second] = await tabs(profile, 2, app)
    await signIn(first, password)
    await expire(profile)
    const hanging = get(first, '/api/thing').catch(() => 'closed')
    await held
    const waiting = get(second, '/api/thing')
    if (closed) await first.close()
    assert.equal((await waiting).status, 200)
    assert.deepEqual(await told(second), [])
    if (closed) return
    assert.equal((await hanging).status, 200)
    assert.equal((await get(first, 'sessions')).body.sessions.length, 1)
  })
}

test('a sign-out in one tab is told to every tab, once', async (t) => {
  for (const host of ['localhost', 'app.test']) { // with and without HTTPS's rights
    const server = await serve(t, {})
    const app = (await application(t, server.port))(host)
    const profile = await profileOf(t)
    const pages = await tabs(profile, 3, app)
    await signIn(pages[0], password)
    await pages[1].evaluate(() => auth.logout())
    for (const page of pages) {
      await page.waitForFunction(() => told.length > 0)
      assert.equal((await get(page, '/api/thing')).status, 401)
      assert.deepEqual(await told(page), ['signed_out'])
    }
    await signIn(pages[2], password)
    for (const page of pages) assert.equal((await get(page, '/api/thing')).status, 200)
    await pages[0].evaluate(() => auth.logout())
    for (const page of pages) {
      await page.waitForFunction(() => told.length > 1)
      assert.deepEqual(await told(page), ['signed_out', 'signed_out'])
    }
  }
})

test('a sign-in waits for the refresh of another tab, whose answer would put the old session back', async (t) => {
  const server = await serve(t, {})
  let answered, release
  const held = new Promise((resolve) => { answered = resolve })
  const released = new Promise((resolve) => { release = resolve })
  const order = []
  const app = (await application(t, server.port, {
    before: ({ url }) => { if (url === '/login') order.push('login') },
    after: async ({ url }) => {
      if (url !== '/refresh') return
      order.push('refresh')
      answered()
      await released
    },
  }))('localhost')
  const profile = await profileOf(t)
  const [one, two] = await tabs(profile, 2, app)
  await signIn(one, password)
  await expire(profile)
  const refreshing = get(one, '/api/thing')
  await held
  const again = signIn(two, password)
  await two.waitForFunction(async () => (await navigator.locks.query()).pending.length === 1)
  release()
  assert.equal((await refreshing).status, 200)
  await again
  assert.deepEqual(order, ['login', 'refresh', 'login'])
  for (const page of [one, two]) assert.equal((await get(page, '/api/thing')).status, 200)
  assert.equal((await get(one, 'sessions')).body.sessions.length, 1)
})
