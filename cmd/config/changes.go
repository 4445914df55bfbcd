package config

import (
	"reflect"
)

// Merge applies the reloadable settings of next to the running configuration. It returns the merged
// configuration, the keys that changed, and the keys that need a restart.
func Merge(running, next Loaded) (merged Loaded, changed, restart []string) {
	merged = running
	merged.Refs = next.Refs
	from, was := fieldsOf(&next.Settings), fieldsOf(&running.Settings)
	changed, restart = []string{}, []string{}
	for _, f := range fields(&merged.Settings) {
		switch {
		case reflect.DeepEqual(from[f.key].Interface(), was[f.key].Interface()):
		case f.reloads():
			f.value.Set(from[f.key])
			changed = append(changed, f.key)
		default:
			restart = append(restart, f.key)
		}
	}
	return merged, changed, restart
}
