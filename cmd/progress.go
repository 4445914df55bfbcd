package cmd

import "strings"

// progressBar draws a progress bar. done may exceed whole, which may be an estimate.
func progressBar(done, whole int64) string {
	const width = 30
	filled := int(min(done, whole) * width / whole)
	return "[" + strings.Repeat("#", filled) + strings.Repeat(".", width-filled) + "]"
}
