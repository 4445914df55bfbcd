// Prints hashes of npm's packages, as the script make does.
import { webcrypto } from 'node:crypto'
import argon2 from 'argon2'
import bcrypt from 'bcrypt'
import bcryptjs from 'bcryptjs'
import { hashPassword } from '@better-auth/utils/password'
import { Scrypt } from 'lucia'

globalThis.crypto ??= webcrypto // Node 18 has none

for (const password of process.argv.slice(2)) {
  const cut = Buffer.byteLength(password) >= 72
  const line = (program, hash, kept = false) => console.log(JSON.stringify({ program, password, hash, kept }))
  line('npm bcrypt', await bcrypt.hash(password, 4), cut)
  line('npm bcryptjs', await bcryptjs.hash(password, 4), cut)
  line('npm argon2', await argon2.hash(password, { memoryCost: 1024, timeCost: 2, parallelism: 1 }))
  line('better-auth', await hashPassword(password))
  line('Lucia', await new Scrypt().hash(password))
}
