package cmd

import "strings"

// bar draws how much of a whole is done; there may be more than was thought.
func bar(done, whole int64) string {
	const width = 30
	filled := int(min(done, whole) * width / whole)
	return "[" + strings.Repeat("#", filled) + strings.Repeat(".", width-filled) + "]"
}
