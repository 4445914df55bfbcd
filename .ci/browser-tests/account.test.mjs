// A person signs up, verifies an address, loses the password and gets it back, by the links that
// authctl mails and the pages that they open.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { password, serve } from './authctl.mjs'
import { browser, call, tab } from './chromium.mjs'
import { freePort, mailbox } from './mailbox.mjs'
import { site } from './sites.mjs'

const profileOf = browser()
const another = 'wrong donkey charger paper clip'
const json = (body) => ({ headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })

// start serves with mail, and returns a page of its origin whose script may call it.
async function start(t) {
  const [port, mail] = [await freePort(), await mailbox(t)]
  const at = `http://localhost:${port}`
  const server = await serve(t, {
    server: { port, public_url: at }, mail: { url: mail.url, from: 'Shop <accounts@shop.example.test>' },
  })
  const page = await tab(await profileOf(t), `${at}/verify-email`)
  const post = async (from, path, body) => (await call(from, 'POST', at + path, json(body))).status
  return { at, server, mail, page, post }
}

// signUp makes an account with an address, and returns the link that verifies it.
async function signUp({ page, post, mail }) {
  assert.equal(await post(page, '/register', { username: 'bob', password, email: 'bob@shop.example.test' }), 201)
  return mail.link('bob@shop.example.test', '/verify-email')
}

// press presses the one button of a page, and returns what the page then says.
async function press(page) {
  await page.click('button')
  await page.waitForFunction(() => document.getElementById('said').textContent !== '')
  return page.textContent('#said')
}

test('a person verifies, forgets and resets by the links, and other sessions end', async (t) => {
  const its = await start(t)
  const { at, mail, page, post } = its
  const link = await signUp(its)
  assert.ok(link.startsWith(`${at}/verify-email#token=`), link)

  const reader = await profileOf(t)
  const opened = await tab(reader, link)
  assert.equal(opened.url(), `${at}/verify-email`, 'the token is still in the address bar')
  assert.equal(await opened.inputValue('[name=token]'), link.split('token=')[1])
  assert.equal(await press(opened), 'The address bob@shop.example.test is verified. You can close this page.')
  assert.equal(await press(await tab(reader, link)), 'The address bob@shop.example.test is already verified. You can close this page.')

  for (const one of [page, opened]) assert.equal(await post(one, '/login', { username: 'bob@shop.example.test', password }), 200)
  assert.equal((await call(page, 'GET', `${at}/profile`)).body.email_verified, true)

  assert.equal(await post(page, '/password/forgot', { identifier: 'bob' }), 202)
  const reset = await tab(await profileOf(t), await mail.link('bob@shop.example.test', '/reset-password'))
  assert.equal(reset.url(), `${at}/reset-password`)
  await reset.fill('[name=new_password]', 'short')
  assert.match(await press(reset), /^The password must have at least 8 characters\.$/)
  await reset.fill('[name=new_password]', another)
  await reset.click('button')
  await reset.waitForFunction(() => document.forms[0].hidden)
  assert.equal(await reset.textContent('#said'), 'The new password of “bob” is set. You can sign in with it now.')

  for (const one of [page, opened]) {
    assert.equal((await call(one, 'GET', `${at}/profile`)).status, 401)
    assert.equal((await call(one, 'POST', `${at}/refresh`)).status, 401)
    assert.equal(await post(one, '/login', { username: 'bob', password }), 401)
  }
  assert.equal(await post(page, '/login', { username: 'bob', password: another }), 200)
})

test('a mail scanner uses nothing up, even one that runs scripts', async (t) => {
  const its = await start(t)
  const { at, mail, page, post, server } = its
  const verify = await signUp(its)
  const scan = async (link) => {
    for (const method of ['HEAD', 'GET']) assert.equal(await server.ask(method, new URL(link).pathname), 200)
    const scanner = await profileOf(t)
    const scanned = await scanner.newPage()
    const sent = []
    scanned.on('request', (request) => sent.push(`${request.method()} ${request.url().split('#')[0]}`))
    await scanned.goto(link, { waitUntil: 'networkidle' })
    await scanned.reload({ waitUntil: 'networkidle' })
    const own = link.split('#')[0]
    assert.deepEqual(sent.filter((line) => !line.endsWith('/favicon.ico')), [`GET ${own}`, `GET ${own}`])
  }
  await scan(verify)
  const reader = await profileOf(t)
  assert.match(await press(await tab(reader, verify)), / is verified\./)
  assert.equal(await post(page, '/password/forgot', { identifier: 'bob@shop.example.test' }), 202)
  const reset = await mail.link('bob@shop.example.test', '/reset-password')
  await scan(reset)
  const opened = await tab(reader, reset)
  await opened.fill('[name=new_password]', another)
  assert.match(await press(opened), / is set\./)
  assert.deepEqual((await server.requests()).filter((line) => /^POST \/(email|password)/.test(line)),
    ['POST /email/verify 200', 'POST /password/forgot 202', 'POST /password/reset 200'])
  assert.equal(new URL(reset).origin, at)
})

test('without scripts a person pastes the link', async (t) => {
  const its = await start(t)
  const { mail, page, post, at } = its
  const verify = await signUp(its)
  const plain = await profileOf(t, { javaScriptEnabled: false, locale: 'de-AT' })
  const opened = await tab(plain, verify)
  assert.equal(await opened.inputValue('[name=token]'), '')
  await opened.fill('[name=token]', ` ${verify} `)
  await opened.click('button')
  assert.equal(await opened.textContent('#said'), 'Die Adresse bob@shop.example.test ist bestätigt. Sie können diese Seite schließen.')
  assert.equal(await post(page, '/password/forgot', { identifier: 'bob' }), 202)
  const reset = await mail.link('bob@shop.example.test', '/reset-password')
  await opened.goto(`${at}/reset-password`)
  await opened.fill('[name=token]', reset)
  await opened.fill('[name=new_password]', 'short')
  await opened.click('button')
  assert.match(await opened.textContent('#said'), /^Das Passwort muss mindestens 8 Zeichen haben\.$/)
  await opened.fill('[name=new_password]', another)
  await opened.click('button')
  assert.match(await opened.textContent('#said'), /„bob“ gilt/)
  assert.equal(await post(page, '/login', { username: 'bob', password: another }), 200)
})

test('a link in a tab that has a page already, and one that is worn out', async (t) => {
  const its = await start(t)
  const verify = await signUp(its)
  const reader = await profileOf(t)
  const opened = await tab(reader, `${its.at}/verify-email#token=${'a'.repeat(52)}`)
  assert.match(await press(opened), /^This link is not valid any more/)
  assert.ok(await opened.isVisible('[name=token]'), 'another link cannot be pasted')
  await opened.evaluate((link) => { location.href = link }, verify) // a fragment only: the page stays
  await opened.waitForFunction((token) => document.forms[0].elements.token.value === token, verify.split('token=')[1])
  assert.equal(opened.url(), `${its.at}/verify-email`)
  assert.match(await press(opened), / is verified\./)
})

test('the pages obey their own policy, and nobody can frame them', async (t) => {
  const { at } = await start(t)
  const profile = await profileOf(t)
  for (const path of ['/verify-email', '/reset-password']) {
    const page = await profile.newPage()
    const complaints = []
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(`${at}${path}#token=${'a'.repeat(52)}`, { waitUntil: 'networkidle' })
    assert.deepEqual(complaints.filter((text) => !text.includes('favicon')), [])
    assert.notEqual(await page.evaluate(() => getComputedStyle(document.querySelector('main')).maxWidth), 'none', 'the style is not applied')
    const evil = await tab(profile, (await site(t))('localhost'))
    await evil.evaluate((src) => {
      document.body.append(Object.assign(document.createElement('iframe'), { src }))
    }, at + path)
    await evil.waitForFunction(() => { try { return document.querySelector('iframe').contentWindow.location.href !== 'about:blank' } catch { return true } })
    assert.equal(await evil.frames()[1].locator('form').count(), 0, 'the page is in a frame')
  }
})
