//go:build !linux

package storetest

// useMemory does nothing: only Linux has a folder in memory.
func useMemory() {}
