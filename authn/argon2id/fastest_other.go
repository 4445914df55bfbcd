//go:build !amd64

package argon2id

func fastest() compress { return nil }
