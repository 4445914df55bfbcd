// Starts authctl as an operator would, each time in an empty folder.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, writeFile } from 'node:fs/promises'
import http from 'node:http'
import https from 'node:https'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

// The = is for forms in text/plain, which write one between a field's name and its value.
export const password = 'correct horse = battery staple'
export const certificate = { cert_file: `${process.cwd()}/cert.pem`, key_file: `${process.cwd()}/key.pem` }

// Whoever stops the tests stops their servers and browsers, which end when this process exits.
process.once('SIGTERM', () => process.exit(143))

// serve starts a server with these settings, which knows alice, and stops it when the test is over.
export async function serve(t, settings) {
  const folder = await mkdtemp('serve-')
  await writeFile(`${folder}/authctl.json`, JSON.stringify({ environment: 'development', log: { format: 'json' }, limits: { enabled: false }, ...settings,
    server: { port: 0, admin_listen: '', ...settings.server } }), { mode: 0o600 })
  const child = spawn('../authctl', ['serve', '--config', 'authctl.json'],
    { cwd: folder, env: { PATH: process.env.PATH, HOME: folder }, stdio: ['ignore', 'ignore', 'pipe'] })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const ended = once(child, 'exit')
  t.after(async () => {
    child.kill('SIGTERM')
    const [code] = await ended
    process.off('exit', kill)
    if (code !== 0) throw new Error(`authctl serve ended with ${code}\n${server.said.join('\n')}`)
  })

  const server = { said: [] }
  const lines = createInterface({ input: child.stderr })
  const reads = (is) => new Promise((resolve, reject) => {
    const look = (line) => { if (is(line)) { lines.off('line', look); resolve(line) } }
    lines.on('line', look)
    lines.once('close', () => reject(new Error(`authctl serve said no more\n${server.said.join('\n')}`)))
  })
  lines.on('line', (line) => server.said.push(line))
  const { protocol, port } = new URL(JSON.parse(await reads((line) => line.includes('"message":"ready"'))).url)
  server.port = Number(port)
  server.at = (host) => `${protocol}//${host}:${port}`

  // ask makes a request without a browser, and returns the status.
  server.ask = (method, path, headers = {}, body = undefined) => new Promise((resolve, reject) => {
    const { request } = protocol === 'https:' ? https : http
    request({ host: '127.0.0.1', port, method, path, headers, rejectUnauthorized: false, agent: false }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode))
    }).on('error', reject).end(body)
  })

  // command runs another command beside the server.
  server.command = (...args) => promisify(execFile)('../authctl', [...args, '--config', 'authctl.json'],
    { cwd: folder, env: { PATH: process.env.PATH, HOME: folder } })

  // requests lists what was answered so far, as "METHOD /path status". The log is in order,
  // so that it is complete when it has come to a request of our own.
  let marks = 0
  server.requests = async () => {
    const mark = `mark-${++marks}`
    const read = reads((line) => line.includes(mark) && line.includes('request finished'))
    await server.ask('GET', '/openapi.json', { 'X-Request-Id': mark })
    await read
    return server.said.filter((line) => line.includes('request finished')).map((line) => JSON.parse(line))
      .filter((entry) => entry.path !== '/openapi.json').map((entry) => `${entry.method} ${entry.path} ${entry.status}`)
  }

  const status = await server.ask('POST', '/register', { 'Content-Type': 'application/json' }, JSON.stringify({ username: 'alice', password }))
  const known = settings.database !== undefined && status === 409 // by the server before, which had the same database
  if (status !== 201 && !known) throw new Error(`/register answered ${status}\n${server.said.join('\n')}`)
  return server
}
