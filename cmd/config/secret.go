package config

import (
	"reflect"
	"slices"
)

const redacted = "[redacted]"

// SecretText is a text that no printing shows.
type SecretText string

// String returns a fixed word.
func (s SecretText) String() string { return redacted }

// GoString returns a fixed word.
func (s SecretText) GoString() string { return redacted }

// MarshalText returns a fixed word, in JSON and YAML too.
func (s SecretText) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Secret is a setting X whose value is a text, a file named by X_file, or a reference to Vault.
type Secret struct {
	Text SecretText // "" if Vault keeps it and it was not read
	File string     // X_file; "" for none
}

// Secrets is a list of secrets; X_file has one a line.
type Secrets struct {
	Texts []SecretText
	File  string
}

// strings returns the secrets in clear.
func (s Secrets) strings() []string {
	all := make([]string, len(s.Texts))
	for i, text := range s.Texts {
		all[i] = string(text)
	}
	return all
}

// secretField is a setting that is a secret, or a list of them.
type secretField struct {
	field
	one  *SecretText   // nil for a list
	many *[]SecretText // nil for one
	file string
}

// secrets returns the settings that are secrets, in the order of their declaration.
func (c *Settings) secrets() (all []secretField) {
	walk("", reflect.ValueOf(c).Elem(), func(f field) {
		switch s := f.value.Addr().Interface().(type) {
		case *Secret:
			all = append(all, secretField{f, &s.Text, nil, s.File})
		case *Secrets:
			all = append(all, secretField{f, nil, &s.Texts, s.File})
		}
	})
	return all
}

// texts returns pointers to the secrets of a setting.
func (s secretField) texts() (all []*SecretText) {
	if s.one != nil {
		return []*SecretText{s.one}
	}
	for i := range *s.many {
		all = append(all, &(*s.many)[i])
	}
	return all
}

// Clone returns a configuration that shares no secret with l.
func (l Loaded) Clone() Loaded {
	l.Refs = slices.Clone(l.Refs)
	for _, s := range l.secrets() {
		if s.many != nil {
			*s.many = slices.Clone(*s.many)
		}
	}
	return l
}

// readSecretFiles reads the secrets that the configuration names by file.
func (l *Loaded) readSecretFiles(bad *Faults) {
	for _, s := range l.secrets() {
		if s.file == "" {
			continue
		}
		if l.Origins[s.key] != "default" {
			bad.Add(s.key, "is given twice, directly (%s) and as %s_file; remove one", l.Origins[s.key], s.key)
			continue
		}
		origin, err := s.read()
		if err != nil {
			bad.Add(s.key+"_file", "%v", err)
			continue
		}
		l.Origins[s.key] = origin
	}
}

// read sets the setting to the content of its file, and returns the origin of the value.
func (s secretField) read() (origin string, err error) {
	origin = "file " + s.file
	if s.many != nil {
		list, err := readSecretLines(s.file)
		if err == nil {
			*s.many = list
		}
		return origin, err
	}
	value, cut, err := readSecret(s.file)
	if err != nil {
		return "", err
	}
	if cut {
		origin += ", without the line break at its end"
	}
	*s.one = SecretText(value)
	return origin, nil
}
