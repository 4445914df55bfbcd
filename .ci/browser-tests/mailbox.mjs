// What arrives by mail: in mailpit, where AUTHCTL_TEST_MAILPIT names its program, else in a folder
// that authctl writes to.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import net from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

// freePort returns a port of this machine that nobody listens on.
export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

// mailbox returns the mail.url of a mailbox, and a function that waits for the link of the first
// mail that is to an address, opens a path, and was not returned before.
export async function mailbox(t) {
  const { url, texts } = process.env.AUTHCTL_TEST_MAILPIT ? await mailpit(t, process.env.AUTHCTL_TEST_MAILPIT) : await folder()
  const returned = new Set()
  const link = async (to, path) => {
    for (let tries = 0; tries < 600; tries++) {
      for (const text of await texts(to)) {
        const [found] = text.match(new RegExp(`https?://[^\\s"<>]+${path}#token=[A-Za-z0-9]+`)) ?? []
        if (found && !returned.has(found)) {
          returned.add(found)
          return found
        }
      }
      await pause(50)
    }
    throw new Error(`no mail to ${to} with a link to ${path}`)
  }
  return { url, link }
}

// folder reads .eml files, whose bodies are quoted-printable.
async function folder() {
  const path = `${process.cwd()}/${await mkdtemp('mail-')}`
  const plain = (text) => text.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)))
  const texts = async (to) => {
    const names = (await readdir(path)).filter((name) => name.endsWith('.eml'))
    const mails = await Promise.all(names.map((name) => readFile(`${path}/${name}`, 'latin1')))
    return mails.filter((mail) => mail.includes(`To: <${to}>`)).map(plain)
  }
  return { url: `file:${path}`, texts }
}

async function mailpit(t, program) {
  const [smtp, web] = [await freePort(), await freePort()]
  const child = spawn(program, ['--smtp', `127.0.0.1:${smtp}`, '--listen', `127.0.0.1:${web}`, '--disable-version-check', '-q'], { stdio: 'inherit' })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  t.after(async () => { child.kill('SIGTERM'); await once(child, 'exit'); process.off('exit', kill) })
  const api = `http://127.0.0.1:${web}`
  for (let tries = 0; !(await fetch(`${api}/readyz`).catch(() => null))?.ok; tries++) {
    if (tries > 200) throw new Error('mailpit does not start')
    await pause(50)
  }
  const texts = async (to) => {
    const { messages } = await (await fetch(`${api}/api/v1/messages?limit=100`)).json()
    const own = messages.filter((message) => message.To.some(({ Address }) => Address === to))
    return Promise.all(own.map(async ({ ID }) => (await (await fetch(`${api}/api/v1/message/${ID}`)).json()).Text))
  }
  return { url: `smtp://127.0.0.1:${smtp}`, texts }
}
