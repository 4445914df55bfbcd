// Has Chromium do what a test says. Each line of standard input is a JSON array: a verb and its arguments.
// It answers each with a line of JSON: what it found, or {"error"}.
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--disable-gpu', '--no-first-run', '--disable-background-networking'] })
const profile = await browser.newContext()
const tabs = []

const verbs = {
  open: async (tab, url) => { tabs[tab] ??= await profile.newPage(); return (await tabs[tab].goto(url)).status() },
  fill: (tab, selector, text) => tabs[tab].fill(selector, text),
  click: (tab, selector) => tabs[tab].click(selector),
  see: async (tab, text) => { await tabs[tab].getByText(text).filter({ visible: true }).first().waitFor() }, // waits for it
  cookies: async () => (await profile.cookies()).map(({ name }) => name),
  drop: (name) => profile.clearCookies({ name }), // as when it has expired
}

for await (const line of createInterface({ input: process.stdin })) {
  const [verb, ...args] = JSON.parse(line)
  try {
    console.log(JSON.stringify(await verbs[verb](...args) ?? null))
  } catch (error) {
    console.log(JSON.stringify({ error: `${error}` }))
  }
}
await browser.close()
