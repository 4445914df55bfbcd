package config

import (
	"reflect"
	"strings"

	"github.com/spf13/viper"
)

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
			for line := range strings.Lines(why) { // one for each fault of a list of clients
				bad.Add(f.key, "%s (from %s)", strings.TrimSuffix(line, "\n"), out.Origins[f.key])
			}
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
		case isServiceAddress(value):
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

// inSeconds adds the unit to the two durations that are customarily a plain number of seconds.
func inSeconds(name, value string) string {
	if strings.HasSuffix(name, "_TOKEN_EXPIRATION") && value != "" && strings.Trim(value, "0123456789") == "" {
		return value + "s"
	}
	return value
}
