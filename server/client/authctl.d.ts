// Types of authctl.js.

/** Who has signed in. */
export interface User {
  /** A UUID. */
  id: string
  username: string
  /** RFC 3339, in UTC. */
  created_at: string
}

/** Why nobody is signed in any more. */
export interface SignedOut {
  /**
   * `signed_out`: by `logout`, in this tab or another one. `session_reused`: somebody else may have had the
   * refresh token. `unauthenticated`: there is no session, and perhaps there never was one.
   */
  code: "signed_out" | "unauthenticated" | "session_expired" | "session_revoked" | "session_reused" | (string & {})
  /** For people, in English. */
  message: string
}

/**
 * An error that authctl answered. When there is no code, somebody else has answered: a proxy that cannot
 * reach authctl, or a server that is not authctl.
 */
export class AuthctlError extends Error {
  private constructor()
  readonly name: "AuthctlError"
  /** The HTTP status. */
  readonly status: number
  /** The code of the error, as in authctl's API: branch on it. */
  readonly code: string | undefined
  /** The rule that a new password breaks; only with the code `weak_password`. */
  readonly reason: string | undefined
  /** Seconds after which trying again may help. */
  readonly retryAfter: number | undefined
  /** What to quote when asking the operator. */
  readonly requestId: string | undefined
}

export interface Options {
  signal?: AbortSignal | null
}

export interface Authctl {
  /** The URL of authctl, with a slash at its end. */
  readonly base: string

  /**
   * Signs a user in.
   * @throws {AuthctlError} `invalid_credentials` (401), `rate_limited` (429) with retryAfter, and others
   * @throws {TypeError} when the network fails, as `window.fetch` does
   */
  login(username: string, password: string, options?: Options): Promise<User>

  /**
   * Signs out, here and in all other tabs of this origin.
   * @throws {AuthctlError} With status 503 and a code the browser is signed out all the same, and the message
   * says what becomes of the session.
   * @throws {TypeError} when the network fails; nobody is signed out then
   */
  logout(options?: Options): Promise<void>

  /**
   * Like `window.fetch`. After a 401 it makes sure that the access token is good, by one refresh for all
   * tabs, and sends the request once more. A 401 that it returns is the answer to somebody who is not signed
   * in, or the server's own.
   * @throws {AuthctlError} when authctl cannot refresh now (503, 429, …); nobody is signed out then
   * @throws {TypeError | DOMException} as `window.fetch` does, and when authctl cannot be reached
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>

  /**
   * Has the listener called when nobody is signed in any more, in whichever tab this was found out.
   * Returns a function that stops this.
   */
  onSignedOut(listener: (why: SignedOut) => void): () => void
}

/** Connects to the authctl at this URL, for a copy of the library that authctl does not serve. */
export function authctl(url: string | URL): Authctl

/** The URL of the authctl that served the library, with a slash at its end. */
export const base: Authctl["base"]
export const login: Authctl["login"]
export const logout: Authctl["logout"]
export const fetch: Authctl["fetch"]
export const onSignedOut: Authctl["onSignedOut"]
