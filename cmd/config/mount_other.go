//go:build !linux

package config

import "os"

// onReadOnlyMount returns false: mounts are unknown on this system.
func onReadOnlyMount(*os.File) bool { return false }
