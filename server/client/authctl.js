// @ts-self-types="./authctl.d.ts"
// The browser library of authctl: signs users in and out, and keeps them signed in.

// How long a tab waits for the refresh of another one, and for one answer, in milliseconds. It is half
// of the server's default retry window. Within that window the server gives the same new token to a
// tab that comes too late, and to one whose first answer was lost.
const patience = 5000

// How long a refusal counts, in milliseconds. A sign-in somewhere else brings a good access token, which lasts
// longer, so a refresh need not be tried again at each request of a visitor who is not signed in.
const refusalCounts = 30_000

/** An error that authctl answered, or that a proxy answered for it; then it has no code. */
export class AuthctlError extends Error {
  constructor(url, answer, body) {
    super(body.message ?? `${url} answered ${answer.status}, and not as authctl does`)
    this.name = "AuthctlError"
    this.status = answer.status
    this.code = body.code
    this.reason = body.reason
    this.requestId = body.request_id ?? answer.headers.get("X-Request-Id") ?? undefined
    this.retryAfter = Number(answer.headers.get("Retry-After")) || undefined
  }
}

/** Connects to the authctl below a URL. */
export function authctl(url) {
  const base = new URL(url, globalThis.location?.href)
  base.search = base.hash = ""
  if (!base.pathname.endsWith("/")) base.pathname += "/"
  const name = `authctl ${base}`

  // ask sends a request to authctl. It returns the JSON of a good answer, and throws an AuthctlError for any
  // other.
  async function ask(method, path, { json, signal } = {}) {
    const answer = await fetch(base + path, {
      method,
      signal,
      credentials: "include",
      headers: json && { "Content-Type": "application/json" },
      body: json && JSON.stringify(json),
    })
    const body = await answer.json().catch((error) => {
      if (error instanceof SyntaxError) return undefined
      throw error
    })
    if (answer.ok && body) return body
    throw new AuthctlError(base + path, answer, Object(body))
  }

  // Whoever is signed out is told once, until there is a sign of a session again.
  let told = false
  let signedInAt = 0
  let refused // the last refusal: at which time of this page's clock, and the code of the profile then
  const listeners = new Set()

  function tell(why) {
    if (told) return
    told = true
    for (const listener of [...listeners]) {
      try {
        listener(why)
      } catch (error) {
        reportError(error)
      }
    }
  }

  // channel returns the way to the other tabs, or undefined where the browser has none for this page.
  let opened
  function channel() {
    try {
      opened ??= new BroadcastChannel(name)
      opened.onmessage = ({ data: { at, ...why } }) => at < signedInAt || tell(why)
    } catch {}
    return opened
  }

  function tellAll(why) {
    channel()?.postMessage({ ...why, at: Date.now() })
    tell(why)
  }

  // refresh asks for new cookies, twice if need be. The first answer may be lost, on the way or in a proxy, whose own
  // answer has no code. A browser with a cookie in two scopes is refused once, and that leaves it one.
  async function refresh(again = false) {
    try {
      await ask("POST", "refresh", { signal: AbortSignal.timeout(patience) })
    } catch (error) {
      const lost = !(error instanceof AuthctlError && error.code)
      if (again || !(lost || error.code === "unauthenticated")) throw error
      await refresh(true)
    }
  }

  // refusal returns the error by which authctl says that there is no good token, and undefined for a good
  // answer. It throws any other error; a proxy's 401 has no code.
  const refusal = (answer) =>
    answer.then(
      () => undefined,
      (error) => {
        if (error.status === 401 && error.code !== undefined) return error
        throw error
      },
    )

  // renew makes the access token good if it can, and reports whether there is a session. It throws when
  // it could not find out.
  async function renew() {
    // Another tab may have refreshed.
    const first = await refusal(ask("GET", "profile", { signal: AbortSignal.timeout(patience) }))
    // Another code is that of a session since then: it can be refreshed, or has ended and nobody was told.
    if (first && first.code === refused?.code && performance.now() - refused.at < refusalCounts) return false
    const last = first && (await refusal(refresh()))
    if (last) {
      refused = { at: performance.now(), code: first.code }
      // A refresh may not know a session any more of which the access token still tells.
      const { code, message } = first.code.startsWith("session_") ? first : last
      tellAll({ code, message })
      return false
    }
    told = false
    refused = undefined
    return true
  }

  let renewing // shared by all requests of this tab
  const renewOnce = () => (renewing ??= locked(name, renew).finally(() => { renewing = undefined }))

  return {
    base: String(base),

    async login(username, password, { signal } = {}) {
      const signIn = () => ask("POST", "login", { json: { username, password }, signal })
      const { user } = await unlessAborted(signal, locked(name, signIn))
      told = false
      signedInAt = Date.now()
      refused = undefined
      return user
    },

    async logout({ signal } = {}) {
      const signedOut = { code: "signed_out", message: "signed out" }
      try {
        await unlessAborted(signal, locked(name, () => ask("POST", "logout", { signal })))
      } catch (error) {
        // Without its database authctl clears the cookies all the same. The error says what becomes of the session.
        if (error.status === 503 && error.code !== undefined) tellAll(signedOut)
        throw error
      }
      tellAll(signedOut)
    },

    async fetch(input, init) {
      let request = new Request(input, init)
      if (request.credentials === "same-origin" && new URL(request.url).origin === base.origin) {
        request = new Request(request, { credentials: "include" })
      }
      const carries = carriesCookies(request)
      const second = carries && request.clone() // a body can be read once
      const answer = await fetch(request)
      if (carries && answer.ok) told = false
      if (!carries || answer.status !== 401 || (await isAboutPassword(answer))) return answer
      if (!(await unlessAborted(request.signal, renewOnce()))) return answer
      return fetch(second)
    },

    onSignedOut(listener) {
      channel()
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

function carriesCookies({ credentials, url }) {
  return credentials === "include" || (credentials === "same-origin" && new URL(url).origin === location.origin)
}

// isAboutPassword reports whether a 401 refuses a password in the body. A refresh would not help, and a
// second attempt would count as another wrong password.
async function isAboutPassword(answer) {
  if (!/json/i.test(answer.headers.get("Content-Type"))) return false
  const body = await answer.clone().json().catch(() => undefined)
  return body?.code === "invalid_credentials"
}

function unlessAborted(signal, promise) {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener("abort", abort)
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort))
  })
}

// locked calls work while no other tab of this origin does. If the lock cannot be had, or not in time, it
// calls work without: the server's retry window makes that safe.
async function locked(name, work) {
  let begun = false
  const begin = () => {
    begun = true
    return work()
  }
  try {
    if (!navigator.locks) return await leased(name, begin)
    return await navigator.locks.request(name, { signal: AbortSignal.timeout(patience) }, begin)
  } catch (error) {
    if (begun) throw error
    return work()
  }
}

// leased is for pages without Web Locks, such as all of plain HTTP. The lock is a time in IndexedDB, whose
// transactions exclude each other. When the time is over so is the lock, because a closed tab releases none.
async function leased(name, work) {
  const opening = indexedDB.open(name)
  opening.onupgradeneeded = () => opening.result.createObjectStore("lease")
  const database = await result(opening)
  const lease = () => database.transaction("lease", "readwrite").objectStore("lease")
  const deadline = Date.now() + patience
  let until

  async function take() {
    const row = lease()
    const held = await result(row.get("until"))
    const now = Date.now()
    if (held > now && held < now + 2 * patience) return false
    until = now + patience + Math.random() // the fraction tells tabs apart
    await result(row.put(until, "until"))
    return true
  }
  async function release() {
    const row = lease()
    if ((await result(row.get("until"))) === until) row.delete("until")
  }

  try {
    while (!(await take())) {
      if (Date.now() > deadline) throw new Error("another tab has the lease")
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return await work().finally(() => release().catch(() => {}))
  } finally {
    database.close()
  }
}

function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

// The authctl that this file comes from. A copy in a bundle may not know where it comes from, and need not.
let folder = "file:///"
try {
  folder = new URL(/* @vite-ignore */ ".", import.meta.url)
} catch {}
const here = authctl(folder)
export const { base, login, logout, onSignedOut } = here
const fetchSignedIn = here.fetch
export { fetchSignedIn as fetch }
