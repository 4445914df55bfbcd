//go:build !amd64

package argon2id

func accelerated() []Implementation { return nil }

func compressionOf(Implementation) (compression, bool) { return compression{}, false }
