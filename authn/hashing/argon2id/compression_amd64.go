package argon2id

import "golang.org/x/sys/cpu"

//go:generate go -C generate run . -out ../compression_amd64.s -stubs ../compression_stubs_amd64.go -pkg argon2id

// accelerated returns the implementations whose instructions the processor and the
// operating system support, the fastest first.
func accelerated() []Implementation {
	var offered []Implementation
	for _, impl := range [...]Implementation{AVX512, AVX2} {
		if _, ok := compressionOf(impl); ok {
			offered = append(offered, impl)
		}
	}
	return offered
}

// compressionOf returns false when this machine cannot run impl.
func compressionOf(impl Implementation) (compression, bool) {
	switch impl {
	case AVX512:
		return compression{beginAVX512, beginAVX512Keep, finishAVX512, finishAVX512Keep},
			cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW
	case AVX2:
		return compression{beginAVX2, beginAVX2Keep, finishAVX2, finishAVX2Keep}, cpu.X86.HasAVX2
	}
	return compression{}, false
}
