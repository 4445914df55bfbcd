import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serve } from './authctl.mjs'
import { browser, login, tab } from './chromium.mjs'
import { proxy, site } from './sites.mjs'

const profileOf = browser()

// Without a word from the server Chromium keeps the answer to a preflight for five seconds.
for (const [does, age, asked] of [['keeps', '7200', 1], ['would not keep, were its age none,', '0', 3]]) {
  test(`the browser ${does} the answer to a preflight`, async (t) => {
    const app = (await site(t))('localhost')
    const server = await serve(t, { server: { cors: { allowed_origins: [app] } } })
    const ages = []
    const at = (await proxy(t, server.port, {
      after: ({ method }, { headers }) => {
        if (method !== 'OPTIONS') return
        ages.push(headers['access-control-max-age'])
        headers['access-control-max-age'] = age
      },
    }))('localhost')
    const page = await tab(await profileOf(t), app)
    for (let i = 0; i < 3; i++) assert.equal((await login(page, at)).status, 200)
    assert.deepEqual(ages, Array(asked).fill('7200'))
    const seen = (await server.requests()).filter((line) => line.endsWith('/login 200') || line.startsWith('OPTIONS'))
    assert.equal(seen.filter((line) => line.startsWith('POST')).length, 3)
    assert.equal(seen.filter((line) => line.startsWith('OPTIONS /login')).length, asked)
  })
}
