package config

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/authn/mail"
	"github.com/authctl/authctl/cmd/vault"
)

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

// checkSecretTexts reports stray texts around the secrets of the configuration file and of Vault.
// It accepts previous secrets and peppers literally, so that an operator can keep one that was in use.
func (l *Loaded) checkSecretTexts(bad *Faults) {
	for _, s := range l.secrets() {
		if s.many != nil {
			continue
		}
		if found := StrayText(string(*s.one)); found != "" {
			bad.Add(s.key, "%s (from %s)", found, l.Origins[s.key])
		}
	}
}

// checkStrength reports the secrets that [authn.CheckSecret] refuses, if the setting is declared strong.
func (l *Loaded) checkStrength(bad *Faults) {
	for _, s := range l.secrets() {
		if s.tag.Get("strong") != "yes" {
			continue
		}
		for _, text := range s.texts() {
			err := authn.CheckSecret(string(*text))
			switch {
			case err == nil:
			case s.many != nil:
				bad.Add(s.key, "one of them %v", err)
			case *text != "":
				bad.Add(s.key, "%v; make one with: authctl secret generate", err)
			}
		}
	}
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

// inClear reports whether a value from a file or a variable is itself a secret. A reference to Vault
// is no secret, nor is the URL of a database or of a mail server without a password.
func inClear(key string, value any) bool {
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	}
	return slices.ContainsFunc(list, func(item any) bool {
		text := fmt.Sprint(item)
		switch fieldsOf(&Settings{})[key].Interface().(type) {
		case SecretText, []SecretText:
			return text != "" && !vault.IsReference(text) && !harmless(key, text)
		default:
			return false
		}
	})
}

// harmless reports whether the text of a secret is a URL without a password.
func harmless(key, text string) bool {
	switch key {
	case "database.url":
		return RedactURL(text) == text
	case "mail.url":
		to, err := mail.ParseURL(text)
		return err == nil && to.Password == ""
	default:
		return false
	}
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
