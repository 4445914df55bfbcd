// Tabs share their cookies, and may refresh at the same time with the same token.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serve } from './authctl.mjs'
import { browser, call, login, tab } from './chromium.mjs'
import { proxy, site } from './sites.mjs'

const profileOf = browser()

// meeting returns a function whose promises come true two by two.
function meeting() {
  let first
  return () => new Promise((resolve) => {
    if (!first) { first = resolve; return }
    first()
    resolve()
    first = undefined
  })
}

const token = (cookies) => /refresh_token=([^;]*)/.exec(cookies)?.[1]

async function signedInTwice(t, app, at) {
  const profile = await profileOf(t)
  const tabs = [await tab(profile, app), await tab(profile, app)]
  assert.equal((await login(tabs[0], at)).status, 200)
  return tabs
}

// stillIn holds that each of the tabs can go on alone, and that they are one session.
async function stillIn(tabs, at) {
  for (const page of tabs) {
    assert.equal((await call(page, 'GET', `${at}/profile`)).body.username, 'alice')
    assert.equal((await call(page, 'POST', `${at}/refresh`)).status, 200)
    assert.equal((await call(page, 'GET', `${at}/sessions`)).body.sessions.length, 1)
  }
}

test('two tabs that present one refresh token at once get the same successor, each time', async (t) => {
  const app = (await site(t))('localhost')
  const server = await serve(t, { server: { cors: { allowed_origins: [app] } } })
  const meet = meeting()
  let together = true
  const rotations = []
  const isRefresh = ({ method, url }) => method === 'POST' && url === '/refresh'
  const at = (await proxy(t, server.port, {
    before: (request) => together && isRefresh(request) && meet(), // each waits for the other
    after: (request, answer) => {
      if (isRefresh(request)) rotations.push([token(request.headers.cookie), token(answer.headers['set-cookie']?.join('\n'))])
    },
  }))('localhost')
  const tabs = await signedInTwice(t, app, at)
  for (let round = 1; round <= 10; round++) {
    const answers = await Promise.all(tabs.map((page) => call(page, 'POST', `${at}/refresh`)))
    assert.deepEqual(answers.map(({ status }) => status), [200, 200], `round ${round}`)
    const [one, two] = rotations.slice(-2)
    assert.deepEqual(one, two)
    assert.notEqual(one[0], one[1])
  }
  assert.equal(rotations.length, 20)
  assert.equal(new Set(rotations.flat()).size, 11, 'of which each continues the one before')
  together = false
  await stillIn(tabs, at)
})

test('two tabs that refresh when they like stay signed in', async (t) => {
  const app = (await site(t))('localhost')
  const server = await serve(t, { server: { cors: { allowed_origins: [app] } } })
  const at = server.at('localhost')
  const tabs = await signedInTwice(t, app, at)
  await Promise.all(tabs.map(async (page) => {
    for (let round = 1; round <= 25; round++) {
      assert.equal((await call(page, 'POST', `${at}/refresh`)).status, 200, `round ${round}`)
      assert.equal((await call(page, 'GET', `${at}/profile`)).status, 200, `round ${round}`)
    }
  }))
  await stillIn(tabs, at)
})
