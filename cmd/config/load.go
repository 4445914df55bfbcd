package config

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/viper"
)

const (
	envPrefix   = "AUTHCTL_"
	defaultFile = "authctl.yaml"
)

// OperatorVariable names the operator, as --as does. It is no setting, because it describes a person
// and not the installation.
const OperatorVariable = "AUTHCTL_OPERATOR"

// aliases are the customary variables of some keys. The AUTHCTL_ variable of a key wins over its
// alias.
var aliases = [...]struct{ name, key string }{
	{"DATABASE_URL", "database.url"},
	{"DATABASE_URL_FILE", "database.url_file"},
	{"JWT_SECRET", "jwt.secret"},
	{"JWT_SECRET_FILE", "jwt.secret_file"},
	{"ACCESS_TOKEN_EXPIRATION", "tokens.access_ttl"},
	{"REFRESH_TOKEN_EXPIRATION", "tokens.refresh_ttl"},
	{"HOST", "server.host"},
	{"PORT", "server.port"},
	{"LOG_LEVEL", "log.level"},
}

// Sources are the sources of the settings, beside the defaults.
type Sources struct {
	File    string            // --config, else AUTHCTL_CONFIG, else ./authctl.yaml if there is one
	Environ []string          // as os.Environ returns it
	Dir     string            // the folder of .env and authctl.yaml
	Flags   map[string]string // key to value, for each given flag
	Vault   VaultReader       // reads references to Vault; nil leaves these settings empty
	Decoded func(Loaded)      // receives the settings before the queries to Vault, which may take long; may be nil
}

// Loaded is a configuration and the origin of each of its values.
type Loaded struct {
	Settings
	Origins map[string]string // key to "default", "file …", ".env …", "env …" or "flag …"
	Refs    []Reference       // the settings that are kept in Vault
	lone    []string          // ignored variables that look like those of a Kubernetes Service, without its other variables
}

// Load reads the settings from every source. A later source wins over an earlier one: defaults, file,
// .env, environment, flags. It fails with [Faults], which lists every fault.
func Load(src Sources) (Loaded, error) {
	v := viper.New()
	out := Loaded{Origins: map[string]string{}}
	var bad Faults
	for _, f := range fields(&out.Settings) {
		v.SetDefault(f.key, f.preset)
		out.Origins[f.key] = "default"
	}
	src.readFile(v, out.Origins, &bad)
	for _, layer := range src.variables(&bad) {
		for _, name := range layer.names() {
			if key, is := out.setBy(layer, name, &bad); is {
				v.Set(key, inSeconds(name, layer.values[name]))
				out.Origins[key] = layer.label + " " + name
			}
		}
	}
	for key, value := range src.Flags {
		v.Set(key, value)
		out.Origins[key] = "flag --" + key[strings.LastIndexByte(key, '.')+1:]
	}
	for _, f := range fields(&out.Settings) {
		inFile := strings.HasPrefix(out.Origins[f.key], "file ") // values in a file have types; in other sources each is a text
		if err := decode(v.Get(f.key), f.value, !inFile); err != nil {
			why := err.Error()
			switch f.value.Type() { // errors must not show the value of a secret
			case reflect.TypeFor[SecretText]():
				why = "is not a text"
			case reflect.TypeFor[[]SecretText]():
				why = "is not a list of texts"
			}
			bad.Add(f.key, "%s (from %s)", why, out.Origins[f.key])
		}
	}
	if len(bad) == 0 {
		if src.Decoded != nil {
			src.Decoded(out)
		}
		out.readSecretFiles(&bad)
		out.readReferences(src.Vault, &bad)
		out.adjust()
		out.Validate(&bad)
	}
	return out, out.Located(bad)
}

// Defaults returns the settings that hold without any source.
func Defaults() (Loaded, error) {
	out := Loaded{Origins: map[string]string{}}
	var bad Faults
	for _, f := range fields(&out.Settings) {
		out.Origins[f.key] = "default"
		if err := decode(f.preset, f.value, true); err != nil {
			bad.Add(f.key, "%v", err)
		}
	}
	out.Validate(&bad)
	return out, out.Located(bad)
}

// setBy returns the setting that a variable sets. It reports a stray text or a Service address in the
// value, and a variable that belongs to no setting.
func (l *Loaded) setBy(from layer, name string, bad *Faults) (key string, is bool) {
	value := from.values[name]
	key, known := keyOf(name)
	if known {
		stray := strayVariable(value, fieldsOf(&l.Settings)[key])
		switch {
		case serviceAddress.MatchString(value):
			bad.Add(key, "%s", linkFault(name, key, value))
		case stray != "":
			bad.Add(key, "%s (from %s %s)", stray, from.label, name)
		default:
			return key, true
		}
		return "", false
	}
	switch {
	case !strings.HasPrefix(name, envPrefix) || strings.HasPrefix(name, envPrefix+"TEST_"):
	case name == "AUTHCTL_CONFIG" || name == OperatorVariable:
		if from.label == ".env" {
			bad.Add(name, "is read from the environment only, not from .env")
		}
	case from.label == "env" && isServiceLink(name, value): // ignored
		if isLone(name, from.values) {
			l.lone = append(l.lone, name)
		}
	default:
		bad.Add(name, "is not a setting%s", Nearest(name, variableNames()))
	}
	return "", false
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

// Lookup returns the value of an environment variable, "" if it is not set.
func (src Sources) Lookup(name string) string {
	for _, pair := range src.Environ {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	return ""
}

// inSeconds adds the unit to the two durations that are customarily a plain number of seconds.
func inSeconds(name, value string) string {
	if strings.HasSuffix(name, "_TOKEN_EXPIRATION") && value != "" && strings.Trim(value, "0123456789") == "" {
		return value + "s"
	}
	return value
}
