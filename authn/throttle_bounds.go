package authn

import (
	"errors"
	"fmt"
	"time"
)

// Bounds of [AccountLimits].
const (
	MinFree             = 1
	MaxFree             = 100
	MaxFreeAnywhere     = 1000
	MaxDisableAfter     = 100
	MinDelayCap         = firstDelay // of MaxDelay and of MaxAnywhere
	MaxDelayCap         = 24 * time.Hour
	MaxDelayCapAnywhere = time.Hour
	MinCeilingPeriod    = time.Second
	MaxCeilingPeriod    = time.Hour
)

// LimitErrors says which of [AccountLimits] are out of range: for each field an error with text for a
// person, or nil. Ceiling is about CeilingPer too.
type LimitErrors struct {
	Free         error
	MaxDelay     error
	FreeAnywhere error
	MaxAnywhere  error
	DisableAfter error
	Ceiling      error
}

// Check returns which limits are out of range. It does not compare others with a wrong Free.
func (l AccountLimits) Check() (wrong LimitErrors) {
	wrong.MaxDelay = checkDelayCap(l.MaxDelay, MaxDelayCap)
	wrong.MaxAnywhere = checkDelayCap(l.MaxAnywhere, MaxDelayCapAnywhere)
	if l.Ceiling < 0 || l.Ceiling > 0 && (l.CeilingPer < MinCeilingPeriod || l.CeilingPer > MaxCeilingPeriod) {
		wrong.Ceiling = fmt.Errorf("must be failures per %s to %s, such as 3000/5m, not %d per %s", MinCeilingPeriod, MaxCeilingPeriod, l.Ceiling, l.CeilingPer)
	}
	if l.Free < MinFree || l.Free > MaxFree {
		wrong.Free = fmt.Errorf("must be %d to %d, not %d", MinFree, MaxFree, l.Free)
		return wrong
	}
	if l.FreeAnywhere < l.Free || l.FreeAnywhere > MaxFreeAnywhere {
		wrong.FreeAnywhere = fmt.Errorf("must be limits.account.free_failures (%d) to %d, not %d", l.Free, MaxFreeAnywhere, l.FreeAnywhere)
	}
	if l.DisableAfter != 0 && (l.DisableAfter < l.Free || l.DisableAfter > MaxDisableAfter) {
		wrong.DisableAfter = fmt.Errorf("must be 0 for never, or limits.account.free_failures (%d) to %d, not %d", l.Free, MaxDisableAfter, l.DisableAfter)
	}
	return wrong
}

func checkDelayCap(d, most time.Duration) error {
	if d < MinDelayCap || d > most {
		return fmt.Errorf("must be %s to %s, not %s", MinDelayCap, most, d)
	}
	return nil
}

// Err returns all the errors as one, each with the name of its field, or nil for none.
func (e LimitErrors) Err() error {
	var all []error
	add := func(field string, err error) {
		if err != nil {
			all = append(all, fmt.Errorf("%s: %w", field, err))
		}
	}
	add("free failures", e.Free)
	add("max delay", e.MaxDelay)
	add("free failures from anywhere", e.FreeAnywhere)
	add("max delay from anywhere", e.MaxAnywhere)
	add("failures that disable a password", e.DisableAfter)
	add("failures of all accounts", e.Ceiling)
	return errors.Join(all...)
}
