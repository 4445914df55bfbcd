package userfile

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// zoned and zoneless are the layouts of times, after the T has been replaced by a blank.
func zoned() []string {
	return []string{"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05Z0700", "2006-01-02 15:04:05 Z0700",
		"2006-01-02 15:04:05 MST"}
}

func zoneless() []string { return []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} }

// time parses a time in RFC 3339, or as a database writes it, with or without a fraction. A time
// without a zone is taken as UTC, and [Reader.Zoneless] counts it. It returns zero for no time.
func (r *Reader) time(name, s string) (time.Time, error) {
	s = trimmed(unnull(s))
	if s == "" || strings.HasPrefix(s, "0000-00-00") { // as MySQL writes a date that is none
		return time.Time{}, nil
	}
	plain := s
	if len(s) > 10 && (s[10] == 'T' || s[10] == 't') {
		plain = s[:10] + " " + s[11:]
	}
	for _, layout := range zoned() {
		if t, err := time.Parse(layout, plain); err == nil && recorded(t) && (!strings.HasSuffix(layout, "MST") || strings.HasSuffix(s, " UTC")) {
			return t.UTC(), nil
		}
	}
	for _, layout := range zoneless() {
		if t, err := time.Parse(layout, plain); err == nil && recorded(t) {
			r.zoneless++
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("its %s is not a time such as 2026-03-01T09:00:00Z", name)
}

// recorded reports whether a time can be one of a user.
func recorded(t time.Time) bool { return t.Year() >= 1970 && t.Year() < 10000 }

// timeOrCount parses a time, or a number of milliseconds or seconds since 1970.
func (r *Reader) timeOrCount(name, s string) (time.Time, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil:
		return r.time(name, s)
	case n >= 1e11: // seconds until the year 5138
		return millis(n), nil
	}
	return millis(n * 1000), nil
}

// until parses the end of a ban, and reports whether the ban is in force at now. PostgreSQL writes
// infinity for a ban without an end.
func (r *Reader) until(name, s string, now time.Time) (bool, error) {
	switch strings.ToLower(trimmed(s)) {
	case "infinity":
		return true, nil
	case "-infinity":
		return false, nil
	}
	end, err := r.timeOrCount(name, s)
	return err == nil && end.After(now), err
}
