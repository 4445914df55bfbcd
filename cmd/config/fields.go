package config

import (
	"reflect"
	"strings"
)

// field is one setting: its declaration and its value.
type field struct {
	key    string
	preset string // the default, as a person would write it
	tag    reflect.StructTag
	value  reflect.Value
}

// reloads reports whether the setting can change while serve runs.
func (f field) reloads() bool { return f.tag.Get("reload") == "yes" }

// fields returns every setting of s, in the order of their declaration.
func fields(s *Settings) (all []field) {
	walk("", reflect.ValueOf(s).Elem(), func(f field) {
		switch secret := f.value.Addr().Interface().(type) {
		case *Secret:
			all = append(all, f.as(f.key, f.preset, &secret.Text), f.as(f.key+"_file", "", &secret.File))
		case *Secrets:
			all = append(all, f.as(f.key, f.preset, &secret.Texts), f.as(f.key+"_file", "", &secret.File))
		default:
			all = append(all, f)
		}
	})
	return all
}

func (f field) as(key, preset string, value any) field {
	return field{key, preset, f.tag, reflect.ValueOf(value).Elem()}
}

// walk calls each for every field of a section and of its inner sections.
func walk(prefix string, section reflect.Value, each func(field)) {
	for i := range section.NumField() {
		declared := section.Type().Field(i)
		f := field{prefix + declared.Tag.Get("key"), declared.Tag.Get("default"), declared.Tag, section.Field(i)}
		if isSectionType(declared.Type) {
			walk(f.key+".", f.value, each)
			continue
		}
		each(f)
	}
}

// isSectionType reports whether a field of this type is a section instead of a setting.
func isSectionType(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[requestRate](), reflect.TypeFor[Secret](), reflect.TypeFor[Secrets]():
		return false
	}
	return t.Kind() == reflect.Struct
}

// fieldsOf returns the values of s by their keys.
func fieldsOf(s *Settings) map[string]reflect.Value {
	values := map[string]reflect.Value{}
	for _, f := range fields(s) {
		values[f.key] = f.value
	}
	return values
}

// keys returns the key of every setting, in the order of their declaration.
func keys() (all []string) {
	for _, f := range fields(&Settings{}) {
		all = append(all, f.key)
	}
	return all
}

// Reloadable returns the keys of the settings that can change while serve runs.
func Reloadable() (all []string) {
	for _, f := range fields(&Settings{}) {
		if f.reloads() {
			all = append(all, f.key)
		}
	}
	return all
}

// words splits the value of a tag into words.
func (f field) words(tag string) []string { return strings.Fields(f.tag.Get(tag)) }
