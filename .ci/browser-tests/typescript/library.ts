// What TypeScript must accept, and what it must not.
import * as untyped from '../untyped/authctl.js'
import * as typed from 'https://login.example.com/authctl.js'
import { authctl, AuthctlError, base, fetch, login, logout, onSignedOut, type Authctl, type SignedOut, type User } from 'https://login.example.com/authctl.js'

// The source itself, of which TypeScript infers the types, has what is declared, and no more.
const declared: Omit<typeof typed, 'AuthctlError'> = untyped
const names: keyof typeof typed = null! as keyof typeof untyped
const own: Authctl = untyped.authctl('https://login.example.com/')
const properties: keyof Authctl = null! as keyof ReturnType<typeof untyped.authctl>

const user: User = await login('alice', 'a password', { signal: AbortSignal.timeout(1000) })
const name: string = user.username
const answer: Response = await fetch(new URL('profile', base), { method: 'POST', body: new FormData() })
const stop: () => void = onSignedOut((why: SignedOut) => why.code === 'session_reused')
const another: typeof fetch = authctl(new URL('https://login.example.com')).fetch
const windows: typeof window.fetch = fetch
try {
  await logout()
} catch (error) {
  if (error instanceof AuthctlError) {
    const { status, code, retryAfter }: { status: number, code?: string | undefined, retryAfter?: number | undefined } = error
    console.log(status, code, retryAfter)
  }
}

// @ts-expect-error a password is needed
await login('alice')
// @ts-expect-error only the library makes one
new AuthctlError()
// @ts-expect-error it may be missing
const seconds: number = ({} as AuthctlError).retryAfter

console.log(declared, names, own, properties, name, answer, stop, another, windows, seconds)
