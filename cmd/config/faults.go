package config

import (
	"errors"
	"fmt"
	"strings"
)

// Fault is one thing wrong with the configuration.
type Fault struct {
	Key string // "" when it is about the whole
	Why string
}

// Faults is an error that tells them all.
type Faults []Fault

// Error returns them a line each.
func (f Faults) Error() string {
	errs := make([]error, len(f))
	for i, one := range f {
		errs[i] = errors.New(one.Why)
		if one.Key != "" {
			errs[i] = fmt.Errorf("%s: %s", one.Key, one.Why)
		}
	}
	return errors.Join(errs...).Error()
}

// Located returns the faults, or nil for none, and says of each where its value came from, if somebody gave it.
func (l *Loaded) Located(f Faults) error {
	for i, one := range f {
		origin := l.Origins[one.Key]
		_, place, _ := strings.Cut(origin, " ")
		told := strings.Contains(one.Why, origin) || strings.Contains(one.Why, "(in "+place+")")
		if origin != "" && origin != "default" && !told {
			f[i].Why += " (from " + origin + ")"
		}
	}
	if len(f) == 0 {
		return nil
	}
	return f
}

// Add appends a fault of a setting, "" for the whole.
func (f *Faults) Add(key, format string, args ...any) {
	*f = append(*f, Fault{key, fmt.Sprintf(format, args...)})
}
