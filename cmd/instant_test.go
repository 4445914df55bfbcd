package cmd

import (
	"testing"
	"time"
)

func TestATimeIsAnInstantADateOrADurationAgo(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-03-01T09:00:00Z":        time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC),
		"2026-03-01T09:00:00.5+02:00": time.Date(2026, 3, 1, 7, 0, 0, 5e8, time.UTC),
		"2026-03-01":                  time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		"2h":                          now.Add(-2 * time.Hour),
		"0s":                          now,
		"30d":                         time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		"1d12h30m":                    now.Add(-36*time.Hour - 30*time.Minute),
		"100000d":                     now.Add(-100000 * day),
		"2026-02-30":                  {},
		"-2h":                         {},
		"-1d":                         {},
		"1d-1h":                       {},
		"":                            {},
		"d":                           {},
		"0":                           {},
		"30":                          {},
		"1w":                          {},
		"100001d":                     {},
		"99999999999999999999d":       {},
		"yesterday":                   {},
		"2026-03-01 09:00:00":         {},
		"100000d2562047h":             {},
		"2026-03-01T09:00:00":         {},
	} {
		got, err := parseTime(text, now)
		if (err != nil) != want.IsZero() || (err == nil && !got.Equal(want)) {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
}
