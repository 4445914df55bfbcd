// Debian's Chromium, and what the tests have its pages do.
import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { after, before } from 'node:test'
import { chromium } from 'playwright-core'
import { certificate, password } from './authctl.mjs'

const publicKey = new X509Certificate(readFileSync(certificate.cert_file)).publicKey.export({ type: 'spki', format: 'der' })

// *.test is this machine, all other names are unknown, and of the certificates that nobody
// vouches for only ours is taken.
const options = [
  '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--host-resolver-rules=MAP *.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
  `--ignore-certificate-errors-spki-list=${createHash('sha256').update(publicKey).digest('base64')}`,
]

const launch = { executablePath: '/usr/bin/chromium', args: options }

// browser launches one for the tests of a file, and returns a function that opens a fresh
// private window of it for one test. Private windows block third-party cookies. options are those of
// Playwright's newContext.
export function browser() {
  let running
  before(async () => { running = await chromium.launch(launch) })
  after(() => running?.close())
  return async (t, options = {}) => {
    const profile = await running.newContext(options)
    t.after(() => profile.close())
    return profile
  }
}

// ordinary launches a browser whose window is not private, with its user's choice of
// whether third-party cookies are blocked.
export async function ordinary(t, { blocked }) {
  const folder = await mkdtemp('profile-')
  await mkdir(`${folder}/Default`)
  await writeFile(`${folder}/Default/Preferences`, JSON.stringify({ profile: { cookie_controls_mode: blocked ? 1 : 0 } }))
  const profile = await chromium.launchPersistentContext(folder, launch)
  t.after(() => profile.close())
  return profile
}

// extended launches a browser with the extension in a folder, and returns its service worker.
export async function extended(t, extension) {
  const profile = await chromium.launchPersistentContext(await mkdtemp('profile-'), { ...launch, headless: false,
    args: [...options, '--headless=new', `--disable-extensions-except=${resolve(extension)}`, `--load-extension=${resolve(extension)}`] })
  t.after(() => profile.close())
  return { worker: profile.serviceWorkers()[0] ?? await profile.waitForEvent('serviceworker') }
}

// tab opens a page.
export async function tab(profile, url) {
  const page = await profile.newPage()
  await page.goto(url)
  return page
}

// call has a page's script call the API. It returns the status and the body, or, when the
// browser keeps the answer from the script, refused.
export const call = (page, method, url, init = {}) => page.evaluate(async ([url, init]) => {
  try {
    const answer = await fetch(url, { credentials: 'include', ...init })
    return { status: answer.status, body: await answer.json().catch(() => null) }
  } catch (error) {
    return { refused: error.name }
  }
}, [url, { method, ...init }])

// login has a page's script sign alice in.
export const login = (page, server, init = {}) => call(page, 'POST', `${server}/login`,
  { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ username: 'alice', password }), ...init })

// cookies returns what a profile keeps, by name.
export const cookies = async (profile) => Object.fromEntries((await profile.cookies()).map((cookie) => [cookie.name, cookie]))
