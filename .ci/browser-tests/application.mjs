// An application whose pages use authctl.js, on one origin with authctl as behind a proxy. Its API asks
// /verify about each request, and answers with what it got.
import http from 'node:http'
import { tab } from './chromium.mjs'
import { listen } from './sites.mjs'

// application starts one. before(request, response) may hold a request up, or answer it by itself, and then
// returns true; after(request, answer) may hold up an answer of authctl.
export async function application(t, target, { before = () => {}, after = () => {}, html = '<!doctype html><title>an application</title>' } = {}) {
  const forward = (request, path, method, take) => {
    const { 'content-length': _, ...headers } = request.headers
    return http.request({ host: '127.0.0.1', port: target, method, path, headers: path === '/verify' ? headers : request.headers }, take)
  }
  const port = await listen(t, http.createServer(async (request, response) => {
    if (await before(request, response)) return
    if (request.url === '/') {
      response.setHeader('Content-Type', 'text/html').end(html)
    } else if (request.url.startsWith('/api/')) {
      const body = Buffer.concat(await request.toArray()).toString()
      forward(request, '/verify', 'GET', (said) => {
        said.resume()
        const allowed = said.statusCode === 200
        response.writeHead(said.statusCode, { 'Content-Type': 'application/json' })
        response.end(JSON.stringify(allowed ? { method: request.method, body } : { error: 'sign in first' }))
      }).on('error', () => response.destroy()).end()
    } else {
      request.pipe(forward(request, request.url, request.method, async (answer) => {
        if (await after(request, answer)) return response.destroy()
        response.writeHead(answer.statusCode, answer.headers)
        answer.pipe(response)
      }).on('error', () => response.destroy()))
    }
  }))
  return (host) => `http://${host}:${port}`
}

// withLibrary opens a tab whose page has loaded authctl.js, and notes each sign-out in told.
export async function withLibrary(profile, url, library = '/authctl.js') {
  const page = await tab(profile, url)
  await page.evaluate(async (library) => {
    window.auth = await import(library)
    window.told = []
    auth.onSignedOut(({ code }) => told.push(code))
  }, library)
  return page
}

// get has a page fetch with the library. It returns the status and the body, or what was thrown.
export const get = (page, path, init) => page.evaluate(async ([path, init]) => {
  try {
    const answer = await auth.fetch(path.startsWith('/') ? path : auth.base + path, init)
    return { status: answer.status, body: await answer.json() }
  } catch (error) {
    return { name: error.name, status: error.status, code: error.code, retryAfter: error.retryAfter }
  }
}, [path, init])

export const told = (page) => page.evaluate(() => told)

// signIn signs alice in with the library.
export const signIn = (page, password) => page.evaluate((password) => auth.login('alice', password), password)

// expire takes the access token from a profile, as the browser does when its time is over.
export const expire = (profile) => profile.clearCookies({ name: 'access_token' })
