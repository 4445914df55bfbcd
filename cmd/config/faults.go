package config

import (
	"errors"
	"fmt"
	"strings"
)

// Fault is one error in the configuration.
type Fault struct {
	Key string // "" for the whole configuration
	Why string
}

// Faults is an error that lists every fault.
type Faults []Fault

// Error returns the faults, one a line.
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

// Located returns the faults, or nil if there are none. It adds the source of the value to each fault, unless the value
// is the default.
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

// AddError appends a fault that the package which takes a setting has found. It does nothing for nil.
func (f *Faults) AddError(key string, err error) {
	if err != nil {
		f.Add(key, "%v", err)
	}
}

// Add appends a fault of a setting. The key "" means the whole configuration.
func (f *Faults) Add(key, format string, args ...any) {
	*f = append(*f, Fault{key, fmt.Sprintf(format, args...)})
}
