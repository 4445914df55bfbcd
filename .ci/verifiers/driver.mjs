// Verifies tokens with a sample of docs/keys.md, which a test puts into sample.mjs. Tokens are lines of
// standard input. It answers each with a line: good and the user's id, or refused and why.
import { createInterface } from 'node:readline'
import { verify } from './sample.mjs'

for await (const token of createInterface({ input: process.stdin })) {
  try {
    const { sub } = await verify(token)
    console.log('good', sub)
  } catch (err) {
    console.log('refused', String(err).replaceAll('\n', ' '))
  }
}
