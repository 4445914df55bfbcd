package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestFilesOfAFolderAreOfOnePackage reads the files that other systems compile as well: one of
// another package keeps authctl from being built there, and no build on this system tells.
func TestFilesOfAFolderAreOfOnePackage(t *testing.T) {
	t.Parallel()
	names := map[string]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "testdata" || len(d.Name()) > 1 && d.Name()[0] == '.') {
			return fs.SkipDir
		}
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.PackageClauseOnly)
		if err != nil {
			return err
		}
		name, folder := strings.TrimSuffix(file.Name.Name, "_test"), filepath.Dir(path)
		if first := names[folder]; first != "" && first != name {
			t.Errorf("%s is of package %s, and others of its folder of package %s", path, name, first)
		}
		names[folder] = name
		return nil
	})
	if err != nil || len(names) < 10 {
		t.Errorf("%d folders: %v", len(names), err)
	}
}
