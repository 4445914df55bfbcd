//go:build !linux

package cmd

import "os"

// onReadOnlyMount is not known here.
func onReadOnlyMount(*os.File) bool { return false }
