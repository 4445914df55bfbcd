package argon2id

import "golang.org/x/sys/cpu"

func fastest() compress {
	if cpu.X86.HasAVX2 {
		return compressAVX2
	}
	return nil
}
