package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/viper"
	"go.yaml.in/yaml/v3"
)

// quotedText matches the part of a file that the YAML parser repeats in its errors. It may be a secret.
var quotedText = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("(?s)`.*`") })

// Path returns the path of the configuration file. The file may not exist.
func (src Sources) Path() string {
	for _, path := range []string{src.File, src.Lookup("AUTHCTL_CONFIG")} {
		if path != "" {
			return path
		}
	}
	return filepath.Join(src.Dir, defaultFile)
}

// readFile merges the configuration file, if it exists. It reports unknown keys and keys that occur
// twice.
func (src Sources) readFile(v *viper.Viper, origins map[string]string, bad *Faults) {
	path := src.Path()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && path == filepath.Join(src.Dir, defaultFile) {
		return
	}
	file := viper.New()
	file.SetConfigFile(path)
	format := strings.ToLower(strings.TrimPrefix(filepath.Ext(path), "."))
	if format == "" {
		format = "yaml"
		file.SetConfigType(format)
	}
	text, open, err := readTrusted(path)
	if err == nil {
		err = file.ReadConfig(bytes.NewReader(text))
	}
	if err != nil {
		if unreadable, ok := errors.AsType[viper.ConfigParseError](err); ok { // the inner error does not repeat the file
			err = fmt.Errorf("%s: %w", path, unreadable.Unwrap())
		}
		bad.Add("", "read configuration: %s", quotedText().ReplaceAllString(err.Error(), "a text"))
		return
	}
	if err := checkWhole(format, text); err != nil {
		bad.Add("", "read configuration: %s %v", path, err)
	}
	for _, key := range doubledKeys(format, text) {
		bad.Add(key, "is given twice (in %s): remove one", path)
	}
	for _, key := range file.AllKeys() {
		if file.Get(key) == nil && isSection(key) {
			continue // the section exists, and is empty
		}
		if isSection(key) {
			bad.Add(key, "is a section of settings such as %s, not a setting (in %s)", firstOf(key), path)
			continue
		}
		if _, known := origins[key]; !known {
			bad.Add(key, "is not a setting%s (in %s)", Nearest(key, keys()), path)
			continue
		}
		v.Set(key, file.Get(key))
		origins[key] = "file " + path
		if open != 0 && inClear(key, file.Get(key)) {
			bad.Add(key, "%s", openSecret(path, open))
		}
	}
}

// checkWhole fails if a parser would ignore a part of the file: a second YAML document, or the first
// of two equal names in a JSON object.
func checkWhole(format string, text []byte) error {
	switch format {
	case "json":
		_, err := jsontext.NewDecoder(bytes.NewReader(text)).ReadValue()
		if twice, ok := errors.AsType[*jsontext.SyntacticError](err); ok && errors.Is(twice, jsontext.ErrDuplicateName) {
			return fmt.Errorf("has %s twice: remove one", strings.ReplaceAll(strings.TrimPrefix(string(twice.JSONPointer), "/"), "/", "."))
		}
	case "yaml", "yml":
		d := yaml.NewDecoder(bytes.NewReader(text))
		var doc, more yaml.Node
		if d.Decode(&doc) != nil {
			return nil // it is empty
		}
		switch err := d.Decode(&more); {
		case err == nil:
			return fmt.Errorf("has a second document (line %d), which is not read: a configuration is one document, without a --- in between", more.Line)
		case !errors.Is(err, io.EOF):
			return errors.New("has something after the end of its document")
		}
	}
	return nil
}

// doubledKeys returns the keys that a file has twice. A key can occur twice because case does not
// count, and because server.port can also be written as one key. Viper reads only one of the two.
func doubledKeys(format string, text []byte) (doubled []string) {
	decoder, err := viper.NewCodecRegistry().Decoder(format)
	tree := map[string]any{}
	if err != nil || decoder.Decode(text, tree) != nil {
		return nil // it was read before
	}
	seen := map[string]bool{}
	var walk func(prefix string, section map[string]any)
	inItems := func(key string, value any) {
		list, _ := value.([]any)
		for i, item := range list {
			if fields, ok := item.(map[string]any); ok {
				walk(fmt.Sprintf("%s item %d ", key, i+1), fields)
			}
		}
	}
	walk = func(prefix string, section map[string]any) {
		names := map[string]bool{}
		for _, name := range slices.Sorted(maps.Keys(section)) {
			key := prefix + strings.ToLower(name)
			inner, isSection := section[name].(map[string]any)
			if names[key] || (!isSection && seen[key]) {
				doubled = append(doubled, key)
				continue
			}
			names[key] = true
			if isSection {
				walk(key+".", inner)
				continue
			}
			seen[key] = true
			inItems(key, section[name])
		}
	}
	walk("", tree)
	return doubled
}
