package cmd

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/authctl/authctl/cmd/config"
)

const (
	day     = 24 * time.Hour
	maxDays = 100_000 // of a duration; a longer one would overflow

	instantForms = "such as 2026-03-01T09:00:00Z, 2026-03-01 for its beginning in UTC, or an age such as 2h or 30d"
)

// parseTime reads an instant (RFC 3339), a date, which is its beginning in UTC, or a duration
// before now, which may have days: 30d, 1d12h.
func parseTime(s string, now time.Time) (time.Time, error) {
	if ago, err := parseAgo(s); err == nil {
		return now.Add(-ago), nil
	}
	if date, err := time.Parse(time.DateOnly, s); err == nil {
		return date, nil
	}
	return time.Parse(time.RFC3339, s)
}

func parseAgo(s string) (ago time.Duration, err error) {
	if days, rest, found := strings.Cut(s, "d"); found {
		n, err := strconv.ParseUint(days, 10, 64)
		if err != nil || n > maxDays {
			return 0, errors.New("not a number of days")
		}
		ago, s = time.Duration(n)*day, rest
		if s == "" {
			return ago, nil
		}
	}
	rest, err := config.ParseDuration(s)
	if err != nil || rest < 0 || ago+rest < 0 {
		return 0, errors.Join(err, errors.New("no duration"))
	}
	return ago + rest, nil
}
