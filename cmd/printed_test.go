package cmd_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// printed returns the code block of a page of docs that follows the comment <!-- mark -->.
func printed(t testing.TB, page, mark string) string {
	t.Helper()
	_, block, found := strings.Cut(readFile(t, filepath.Join("..", "docs", page)), "<!-- "+mark+" -->\n```")
	if !found {
		t.Fatalf("docs/%s has no block after <!-- %s -->", page, mark)
	}
	_, block, _ = strings.Cut(block, "\n")
	block, _, _ = strings.Cut(block, "```")
	return block
}

// printedFile is the comment before a block that is a file.
var printedFile = regexp.MustCompile(`<!-- file: ([\w./-]+) -->\n`)

// printedFiles puts the files of a sample, which a page prints after <!-- file: sample/path -->, into a
// folder, with the test's names in place of the printed ones.
func printedFiles(t testing.TB, page, sample, dir string, names *strings.Replacer) {
	t.Helper()
	files := 0
	for _, m := range printedFile.FindAllStringSubmatch(readFile(t, filepath.Join("..", "docs", page)), -1) {
		path, ours := strings.CutPrefix(m[1], sample+"/")
		if !ours {
			continue
		}
		files++
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, path), names.Replace(printed(t, page, "file: "+m[1])))
	}
	if files == 0 {
		t.Fatalf("docs/%s has no files of the sample %s", page, sample)
	}
}
