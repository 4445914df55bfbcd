// cookies.domain changes while somebody is signed in.
import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { test } from 'node:test'
import { certificate, serve } from './authctl.mjs'
import { browser, call, login, tab } from './chromium.mjs'
import { site } from './sites.mjs'

const profileOf = browser()
const host = 'login.shop.example.test'
const names = ['access_token', 'refresh_token']

// start has two servers with one database, and a page beside each. Cookies do not know
// ports, so that both servers get the same ones.
async function start(t, settings) {
  const url = `sqlite:${process.cwd()}/${await mkdtemp('shared-')}/authctl.db`
  const app = (await site(t, { tls: true }))(host)
  const profile = await profileOf(t)
  const pages = []
  for (const cookies of settings) {
    const server = await serve(t, { database: { url }, cookies, server: { tls: certificate, cors: { allowed_origins: [app] } } })
    const page = await tab(profile, app)
    pages.push({ page, at: server.at(host), ask: (method, path) => call(page, method, `${server.at(host)}${path}`).then(({ status }) => status) })
  }
  return { profile, pages }
}

const held = async (profile) => (await profile.cookies()).map(({ name, domain }) => `${name} ${domain}`).sort()
const both = (domain) => names.map((name) => `${name} ${domain}`)

for (const [what, before, after, domain] of [
  ['from this host to a domain', {}, { domain: 'example.test' }, '.example.test'],
  ['from this host to its own domain', {}, { domain: host }, `.${host}`],
  ['from a domain to this host', { domain: 'example.test' }, { previous_domains: ['example.test'] }, host],
  ['from its own domain to this host', { domain: host }, { previous_domains: [host] }, host],
  ['from a domain to the one above', { domain: 'shop.example.test' }, { domain: 'example.test', previous_domains: ['shop.example.test'] }, '.example.test'],
]) {
  test(`${what}: nobody is signed out, and one pair of cookies is left`, async (t) => {
    const { profile, pages: [old, now] } = await start(t, [before, after])
    assert.equal((await login(old.page, old.at)).status, 200)
    for (let i = 0; i < 3; i++) assert.equal(await now.ask('POST', '/refresh'), 200)
    assert.equal(await now.ask('GET', '/profile'), 200)
    assert.deepEqual(await held(profile), both(domain))
    assert.equal(await now.ask('POST', '/logout'), 200)
    assert.deepEqual(await held(profile), [])
  })

  test(`${what}: whoever signs in anew stays signed in`, async (t) => {
    const { profile, pages: [old, now] } = await start(t, [before, after])
    assert.equal((await login(old.page, old.at)).status, 200)
    assert.equal((await login(now.page, now.at)).status, 200)
    assert.deepEqual(await held(profile), both(domain))
    assert.equal(await now.ask('POST', '/refresh'), 200)
    assert.equal(await now.ask('GET', '/profile'), 200)
  })

  test(`${what}: while both settings are in use nobody is signed out`, async (t) => {
    const { pages } = await start(t, [before, after])
    assert.equal((await login(pages[0].page, pages[0].at)).status, 200)
    for (const i of [1, 0, 0, 1, 1, 0, 1]) assert.equal(await pages[i].ask('POST', '/refresh'), 200)
  })
}

test('a domain that nobody names costs one refusal, and not the days that its cookie lives', async (t) => {
  const { profile, pages: [old, now] } = await start(t, [{ domain: 'example.test' }, {}])
  assert.equal((await login(old.page, old.at)).status, 200)
  assert.equal((await login(now.page, now.at)).status, 200)
  assert.equal(await now.ask('POST', '/refresh'), 401)
  assert.deepEqual(await held(profile), both(host))
  assert.equal(await now.ask('POST', '/refresh'), 200)
})
