package config

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/docker/go-units"
)

// Size is a number of bytes, written with a unit: 64MiB.
type Size int64

// autoSize is a size, or auto. The value of auto is 0.
type autoSize Size

// autoNumber is a whole number, or auto. The value of auto is 0.
type autoNumber int

// autoBool is true, false or auto, as text.
type autoBool string

// Auto is the value of settings that authctl determines itself.
const Auto = "auto"

var sizePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]+(\.[0-9]+)? ?[KMG]i?B$`) })

// ParseSize reads a number of bytes with a unit (powers of 1024): 64MiB, at most 1 TiB.
func ParseSize(s string) (Size, error) {
	if !sizePattern().MatchString(s) {
		return 0, fmt.Errorf("%q is not a size with a unit, such as 64MiB", s)
	}
	n, err := units.RAMInBytes(s)
	if err != nil || n > 1<<40 {
		return 0, fmt.Errorf("%q is not a size with a unit, such as 64MiB", s)
	}
	return Size(n), nil
}

// ShowSize returns a size with the unit that makes it short, with four digits at most.
func ShowSize(n Size) string {
	return units.CustomSize("%.4g%s", float64(n), 1024, []string{"B", "KiB", "MiB", "GiB", "TiB"})
}

// ParseDuration reads a duration with a unit, as [time.ParseDuration] does: 90s, 15m, 168h. It fails for a bare 0.
func ParseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || s == "0" {
		return 0, fmt.Errorf("%q is not a duration with a unit, such as 90s, 15m or 168h", s)
	}
	return d, nil
}

// shortDuration returns a duration as a person would write it: 5m instead of 5m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"0s", "0m"} { // 5m0s, 1h0m0s
		if short, cut := strings.CutSuffix(text, zero); cut && short != "" && !unicode.IsDigit(rune(short[len(short)-1])) {
			text = short
		}
	}
	return text
}
