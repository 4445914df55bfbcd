package config

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/authctl/authctl/cmd/vault"
)

const defaultFile = "authctl.yaml"

// Sources are the sources of the settings, beside the defaults.
type Sources struct {
	File    string            // --config, else AUTHCTL_CONFIG, else ./authctl.yaml if there is one
	Environ []string          // as os.Environ returns it
	Dir     string            // the folder of .env and authctl.yaml
	Flags   map[string]string // key to value, for each given flag
	Vault   VaultReader       // reads references to Vault; nil leaves these settings empty
	Decoded func(Loaded)      // receives the settings before the queries to Vault, which may take long; may be nil
}

// VaultReader reads the value of a reference. It reports false for a setting that the command does not need.
type VaultReader func(cfg Vault, key string, at vault.Reference) (v vault.Value, wanted bool, err error)

// Lookup returns the value of an environment variable, "" if it is not set.
func (src Sources) Lookup(name string) string {
	for _, pair := range src.Environ {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	return ""
}

// variables returns the variables of .env and then those of the environment.
func (src Sources) variables(bad *Faults) []layer {
	dotenv := layer{".env", nil}
	path := filepath.Join(src.Dir, ".env")
	if text, open, err := readTrusted(path); err == nil {
		dotenv.values = parseDotenv(path, string(text), bad)
		for name, value := range dotenv.values {
			if key, known := keyOf(name); known && open != 0 && inClear(key, value) {
				bad.Add(name, "%s", openSecret(path, open))
			}
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		bad.Add("", "read %s: %v", path, err)
	}
	env := layer{"env", map[string]string{}}
	for _, pair := range src.Environ {
		if name, value, ok := strings.Cut(pair, "="); ok {
			env.values[name] = value
		}
	}
	for _, l := range []layer{dotenv, env} {
		maps.DeleteFunc(l.values, func(_, value string) bool { return value == "" }) // an empty variable counts as unset
	}
	return []layer{dotenv, env}
}

// layer is one set of variables.
type layer struct {
	label  string
	values map[string]string
}

// names returns the names of the variables, aliases first. The AUTHCTL_ variables follow, because
// they win over the aliases.
func (l layer) names() []string {
	names := make([]string, 0, len(l.values))
	for name := range l.values {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if pa, pb := strings.HasPrefix(a, envPrefix), strings.HasPrefix(b, envPrefix); pa != pb {
			if pa {
				return 1
			}
			return -1
		}
		return strings.Compare(a, b)
	})
	return names
}
