// What stands beside authctl: the servers of pages, and a proxy that tests can meddle with.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { certificate } from './authctl.mjs'

export async function listen(t, server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => new Promise((resolve) => { server.close(resolve); server.closeAllConnections() }))
  return server.address().port
}

// site serves a page under every name, an empty one unless html() writes it, and returns a function from
// names to origins.
export async function site(t, { tls = false, html = () => '<!doctype html><title>a page</title>', headers = {} } = {}) {
  const page = (_, answer) => { answer.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...headers }).end(html()) }
  const port = await listen(t, tls
    ? https.createServer({ cert: readFileSync(certificate.cert_file), key: readFileSync(certificate.key_file) }, page)
    : http.createServer(page))
  return (host) => `http${tls ? 's' : ''}://${host}:${port}`
}

// proxy passes everything on to a port of this machine. before(request) may hold a request up;
// after(request, answer) may look at the answer and change its headers.
export async function proxy(t, target, { before = () => {}, after = () => {} }) {
  const port = await listen(t, http.createServer(async (request, response) => {
    await before(request)
    const forward = http.request({ host: '127.0.0.1', port: target, method: request.method, path: request.url, headers: request.headers }, (answer) => {
      after(request, answer)
      response.writeHead(answer.statusCode, answer.headers)
      answer.pipe(response)
    })
    forward.on('error', () => response.destroy())
    request.pipe(forward)
  }))
  return (host) => `http://${host}:${port}`
}
