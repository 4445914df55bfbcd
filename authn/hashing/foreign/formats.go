package foreign

// parser reads one format, without its prefix.
type parser struct {
	prefix string
	parse  func(rest string, maxMemory int64) (Hash, error)
}

// parsers returns the formats that begin with a text of their own.
func parsers() []parser {
	return []parser{
		{"$2a$", parseBcrypt("$2a$")}, {"$2b$", parseBcrypt("$2b$")}, {"$2y$", parseBcrypt("$2y$")},
		{"bcrypt$", parseDjangoBcrypt}, {"bcrypt_sha256$", parseDjangoBcryptSHA256},
		{"$bcrypt-sha256$", parsePasslibBcryptSHA256}, {"$bcrypt$", parseAdonisBcrypt}, {"$wp$2y$", parseWordPress},
		{"$scrypt$", parseScrypt}, {"scrypt$", parseDjangoScrypt}, {"scrypt:", parseWerkzeugScrypt}, {"$7$", parseCryptScrypt},
		{"$y$", parseYescrypt}, {"$gy$", parseGostYescrypt},
		{"$pbkdf2$", parsePBKDF2("sha1")}, {"$pbkdf2-sha1$", parsePBKDF2("sha1")}, {"$pbkdf2-sha224$", parsePBKDF2("sha224")},
		{"$pbkdf2-sha256$", parsePBKDF2("sha256")}, {"$pbkdf2-sha384$", parsePBKDF2("sha384")}, {"$pbkdf2-sha512$", parsePBKDF2("sha512")},
		{"pbkdf2_sha1$", parseDjangoPBKDF2("sha1")}, {"pbkdf2_sha256$", parseDjangoPBKDF2("sha256")}, {"pbkdf2_sha512$", parseDjangoPBKDF2("sha512")},
		{"pbkdf2:", parseWerkzeugPBKDF2}, {":pbkdf2:", parseMediaWikiPBKDF2},
		{":pbkdf2-legacyA:", parseMediaWikiLayers("A")}, {":pbkdf2-legacyB:", parseMediaWikiLayers("B")},
		{":bcrypt:", parseMediaWikiBcrypt}, {":argon2:$argon2id$", parseArgon2("argon2id")}, {":argon2:$argon2i$", parseArgon2("argon2i")},
		{"$argon2id$", parseArgon2("argon2id")}, {"$argon2i$", parseArgon2("argon2i")},
		{"argon2$argon2id$", parseArgon2("argon2id")}, {"argon2$argon2i$", parseArgon2("argon2i")},
		{"$5$", parseSHACrypt("sha256-crypt")}, {"$6$", parseSHACrypt("sha512-crypt")},
		{"$P$", parsePHPass("$P$")}, {"$H$", parsePHPass("$H$")}, {"$S$", parseDrupal},
		{"U$S$", parseDrupalUpdate(parseDrupal)}, {"U$P$", parseDrupalUpdate(parsePHPass("$P$"))}, {"U$H$", parseDrupalUpdate(parsePHPass("$H$"))},
		{"$fbscrypt$", parseGoTrueFirebase}, {"$firescrypt$", parseKratosFirebase},
		{"s2:", parseLucia},
	}
}

// shape recognizes a format that has no text of its own at its beginning.
type shape struct {
	fits  func(encoded string) bool
	parse func(encoded string, maxMemory int64) (Hash, error)
}

func shapes() []shape {
	return []shape{
		{isBetterAuth, parseBetterAuth},
		{isOldLucia, parseOldLucia},
		{isScryptKDF, parseScryptKDF},
		{isSpringScrypt, parseSpringScrypt},
		{isASPNET, parseASPNET},
	}
}
