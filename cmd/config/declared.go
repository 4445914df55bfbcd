package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// checkDeclared reports each value that its declaration does not allow. It first reports wrong words, and then values
// out of range.
func (l *Loaded) checkDeclared(bad *Faults) {
	for _, f := range fields(&l.Settings) {
		if words := f.words("oneof"); len(words) > 0 {
			value := f.value.String()
			if f.tag.Get("anycase") == "yes" {
				value = strings.ToLower(value)
			}
			oneOf(bad, f.key, value, words...)
		}
	}
	for _, f := range fields(&l.Settings) {
		if declared := f.tag.Get("range"); declared != "" {
			if why := outOf(declared, f.value.Interface()); why != "" {
				bad.Add(f.key, "%s", why)
			}
		}
	}
}

// outOf says why a value is out of a range such as 8..64 characters. It returns "" for a value in the range. A range
// that cannot be read allows no value, so that no test of the settings passes with it.
func outOf(declared string, value any) string {
	bounds, unit, _ := strings.Cut(declared, " ")
	from, to, _ := strings.Cut(bounds, "..")
	if d, is := value.(time.Duration); is {
		least, errLeast := time.ParseDuration(from)
		most, errMost := time.ParseDuration(to)
		if errLeast != nil || errMost != nil {
			return "has a range that is none of durations: " + declared
		}
		return beyond(d, least, most)
	}
	least, errLeast := strconv.Atoi(from)
	most, errMost := strconv.Atoi(to)
	if errLeast != nil || errMost != nil {
		return "has a range that is none of numbers: " + declared
	}
	if unit != "" {
		to += " " + unit
	}
	must := "must be "
	var n int
	switch v := value.(type) {
	case int:
		n = v
	case int32:
		n = int(v)
	case autoNumber:
		if v == 0 {
			return ""
		}
		n, must = int(v), "must be auto, or "
	default:
		return fmt.Sprintf("has a range, and is a %T", value)
	}
	if n < least || n > most {
		return fmt.Sprintf("%s%s to %s, not %d", must, from, to, n)
	}
	return ""
}

// beyond says whether a duration is too short or too long. It returns "" for a duration within the bounds.
func beyond(d, least, most time.Duration) string {
	if d < least || d > most {
		return fmt.Sprintf("must be %s to %s, not %s", least, most, d)
	}
	return ""
}

func oneOf(bad *Faults, key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		bad.Add(key, "must be %s, not %q", strings.Join(allowed, " or "), value)
	}
}
