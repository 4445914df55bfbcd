// Web pages and native clients. A native client gets its tokens in bodies; no page may get them, whatever its
// scripts send. The log tells which requests were taken for those of a native client.
import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import http from 'node:http'
import { test } from 'node:test'
import { password, serve } from './authctl.mjs'
import { browser, extended, tab } from './chromium.mjs'
import { site } from './sites.mjs'

const profileOf = browser()
const account = JSON.stringify({ username: 'alice', password })

// signIn signs alice in as a program does, and returns the body.
const signIn = (server, id) => new Promise((resolve, reject) => {
  const headers = { 'Content-Type': 'application/json', 'Authctl-Client': id }
  http.request({ host: '127.0.0.1', port: server.port, method: 'POST', path: '/login', headers, agent: false }, async (answer) => {
    resolve(JSON.parse((await answer.toArray()).join('')))
  }).on('error', reject).end(account)
})

// attack has a script send requests in each way that it has, with each header that may help, and returns the answers
// that it can read. It runs in pages and in workers.
const attack = async ([at, account, refreshToken]) => {
  const read = []
  const forged = { Origin: 'chrome-extension://abcdefghijklmnopabcdefghijklmnop', 'Sec-Fetch-Site': 'none', 'Sec-Fetch-Mode': 'navigate', Cookie: 'a=b',
    Referer: 'https://a.example/', Host: 'a.example', 'X-Forwarded-Host': 'a.example', 'X-Origin': 'null', 'X-HTTP-Method-Override': 'POST' }
  const sets = [{}, ...Object.entries(forged).map(([name, value]) => ({ [name]: value })), forged]
  const bodies = [['/login', account], ['/refresh', JSON.stringify({ refresh_token: refreshToken })]]
  const inits = [{}, { credentials: 'omit' }, { mode: 'no-cors' }, { mode: 'same-origin' }, { keepalive: true }, { referrerPolicy: 'no-referrer' },
    { redirect: 'manual' }, { cache: 'reload' }]
  for (const [path, body] of bodies) {
    for (const id of ['cli', 'ext']) {
      for (const extra of sets) {
        for (const init of Object.keys(extra).length ? [{}] : inits) {
          const headers = new Headers({ 'Content-Type': 'application/json', 'Authctl-Client': id })
          for (const [name, value] of Object.entries(extra)) headers.append(name, value)
          try {
            read.push(await (await fetch(at + path, { method: 'POST', credentials: 'include', ...init, headers, body })).text())
          } catch {} // the browser keeps the answer
        }
        if (typeof XMLHttpRequest === 'undefined') continue
        const request = new XMLHttpRequest()
        request.open('POST', at + path)
        request.withCredentials = true
        for (const [name, value] of Object.entries({ 'Content-Type': 'application/json', 'Authctl-Client': id, ...extra })) {
          try { request.setRequestHeader(name, value) } catch {}
        }
        await new Promise((resolve) => { request.onloadend = resolve; request.send(body) })
        read.push(request.responseText)
      }
    }
    if (navigator.sendBeacon) navigator.sendBeacon(at + path, new Blob([body], { type: 'application/json' }))
  }
  return read
}

// gotNothing checks what scripts have read, and that only the request of signIn was taken for one of a native client.
async function gotNothing(server, read, atLeast) {
  assert.ok(read.length >= atLeast, `the scripts have read ${read.length} answers`)
  for (const text of read) assert.doesNotMatch(text, /access_token|"refresh_token"|eyJ/)
  await server.requests()
  const taken = server.said.filter((line) => line.includes('request finished') && /"client_id":"(cli|ext)"/.test(line))
  assert.equal(taken.length, 1, taken.join('\n')) // that of signIn
}

const settings = (app) => ({
  server: { cors: { allowed_origins: [app] } },
  clients: [{ id: 'cli', kind: 'native' }, { id: 'ext', kind: 'native', origins: ['chrome-extension://abcdefghijklmnopabcdefghijklmnop'] },
    { id: 'shop', kind: 'browser', origins: [app] }],
})

for (const [name, where] of [
  ['of an allowed origin', (app) => app],
  ['of the service itself', (_, at) => `${at}/reset-password`],
]) {
  test(`a page ${name} gets no token in a body by any header`, async (t) => {
    const app = (await site(t))('localhost')
    const server = await serve(t, settings(app))
    const { refresh_token: refreshToken } = await signIn(server, 'cli')
      const at = server.at('localhost')
    const page = await tab(await profileOf(t), where(app, at))
    const read = await page.evaluate(attack, [at, account, refreshToken])
    await gotNothing(server, read, 40)
    assert.ok(read.some((text) => text.includes('access_expires_at')), 'it signs in with cookies')
    assert.equal((await signIn(server, 'cli')).token_type, 'Bearer')
  })
}

test('neither do frames without an origin, workers and forms', async (t) => {
  const app = (await site(t))('localhost')
  const server = await serve(t, settings(app))
  const { refresh_token: refreshToken } = await signIn(server, 'cli')
  const at = server.at('localhost')
  const page = await tab(await profileOf(t), app)
  const input = [at, account, refreshToken]
  const read = await page.evaluate(async ([source, input]) => {
    const code = `(${source})(${JSON.stringify(input)})`
    const inWorker = new Promise((resolve) => {
      const worker = new Worker(URL.createObjectURL(new Blob([`${code}.then((read) => postMessage(read))`])))
      worker.onmessage = ({ data }) => resolve(data)
    })
    const inFrame = new Promise((resolve) => {
      addEventListener('message', ({ data }) => resolve(data), { once: true })
      const frame = document.createElement('iframe')
      frame.sandbox = 'allow-scripts allow-forms'
      frame.srcdoc = `<script>${code}.then((read) => parent.postMessage(read, '*'))</script>`
      document.body.append(frame)
    })
    return [...await inWorker, ...await inFrame]
  }, [attack.toString(), input])
  for (const enctype of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    await page.goto(app)
    const answered = page.waitForResponse((response) => response.url() === `${at}/login`)
    await page.evaluate(([action, account, enctype]) => {
      const form = Object.assign(document.createElement('form'), { method: 'POST', action, enctype })
      const [name, value] = account.split('=') // so that its body is JSON in text/plain
      form.append(Object.assign(document.createElement('input'), { name, value }))
      document.body.append(form)
      form.submit()
    }, [`${at}/login`, account, enctype])
    const answer = await answered
    read.push(await answer.text())
  }
  await gotNothing(server, read, 40)
})

test('an extension whose origin is listed gets its tokens, and another one cookies only', async (t) => {
  const folder = await mkdtemp('extension-')
  await writeFile(`${folder}/manifest.json`, JSON.stringify({ manifest_version: 3, name: 'an extension', version: '1',
    background: { service_worker: 'worker.js' }, host_permissions: ['http://localhost/*'] }))
  await writeFile(`${folder}/worker.js`, 'self.ready = true')
  const { worker } = await extended(t, folder)
  const [origin] = worker.url().match(/^chrome-extension:\/\/[a-p]{32}/)
  const server = await serve(t, { clients: [{ id: 'mine', kind: 'native', origins: [origin] }, { id: 'other', kind: 'native' }] })
  const send = (path, init) => worker.evaluate(async ([url, init]) => {
    const answer = await fetch(url, init)
    return { status: answer.status, body: await answer.json() }
  }, [server.at('localhost') + path, init])
  const ask = (id, path, body) => send(path, { method: 'POST', headers: { 'Content-Type': 'application/json', 'Authctl-Client': id }, body })
  const signedIn = await ask('mine', '/login', account)
  assert.equal(signedIn.body.token_type, 'Bearer')
  const headers = { 'Authctl-Client': 'mine', Authorization: `Bearer ${signedIn.body.access_token}` }
  assert.equal((await send('/profile', { headers, credentials: 'omit' })).body.username, 'alice')
  assert.ok(!server.said.some((line) => line.includes('client header not followed')))
  const refreshed = await ask('mine', '/refresh', JSON.stringify({ refresh_token: signedIn.body.refresh_token }))
  assert.equal(refreshed.status, 200)
  assert.equal((await ask('other', '/login', account)).body.access_token, undefined)
  assert.equal((await ask('mine', '/logout', JSON.stringify({ refresh_token: refreshed.body.refresh_token }))).status, 200)
})
