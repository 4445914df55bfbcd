#!/bin/bash
# hash-wasm 4.13.0: bcryptVerify raises an error for a password of more than 72 bytes, before it looks
# at the hash.
#
# One expects: a promise of true or false for any password, as bcryptjs 3.0.3 and bcrypt-ts 8.0.1 give.
# bcrypt reads 72 bytes, and these two make and accept hashes of longer passwords without a word. A
# limit of 72 bytes is for new hashes: hash-wasm's own bcrypt() has it too.
#
# Seen: the error "Password should be at most 72 bytes long". It does not depend on the hash, nor on
# whether the password is right. A service that moves to hash-wasm with its stored hashes loses
# every user with a long passphrase: they get its error page, and not "wrong password", so that nobody
# offers them a reset. Its limit counts bytes of UTF-8: 25 Chinese characters are too many.
#
# Output seen: "80 bytes: bcryptjs true, bcrypt-ts true, hash-wasm Password should be at most 72 bytes long".
#
# Needs Node 18 or newer with npm. Works in a temporary folder only. Exits 0 while it is as described.
set -e -o pipefail

DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
cd "$DIR"
echo '{"private": true, "type": "module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact bcryptjs@3.0.3 bcrypt-ts@8.0.1 hash-wasm@4.13.0
cat >compare.js <<'JS'
import bcryptjs from 'bcryptjs'
import { compare } from 'bcrypt-ts'
import { bcryptVerify } from 'hash-wasm'

const said = (answer) => answer.catch((error) => error.message)

async function judge(name, password) {
  const hash = await bcryptjs.hash(password, 4)
  console.log(`${name}: bcryptjs ${await said(bcryptjs.compare(password, hash))},`,
    `bcrypt-ts ${await said(compare(password, hash))},`,
    `hash-wasm ${await said(bcryptVerify({ password, hash }))}`)
}

await judge('72 bytes', 'a passphrase of '.padEnd(72, 'many words '))
await judge('80 bytes', 'a passphrase of '.padEnd(80, 'many words '))
await judge('25 characters', '山'.repeat(25))
JS
node compare.js | tee said
diff - said <<'SAID'
72 bytes: bcryptjs true, bcrypt-ts true, hash-wasm true
80 bytes: bcryptjs true, bcrypt-ts true, hash-wasm Password should be at most 72 bytes long
25 characters: bcryptjs true, bcrypt-ts true, hash-wasm Password should be at most 72 bytes long
SAID
