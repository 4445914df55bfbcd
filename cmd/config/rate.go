package config

import (
	"fmt"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/authctl/authctl/server"
)

// requestRate is a limit of requests, written as 30/5m or as 30/5m burst 10.
type requestRate server.Rate

var ratePattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([0-9]{1,7})/([0-9.a-zµ]+)(?: burst ([0-9]{1,7}))?$`)
})

func parseRate(s string) (requestRate, error) {
	bad := fmt.Errorf("%q is not a rate, such as 30/5m, or 30/5m burst 10", s)
	m := ratePattern().FindStringSubmatch(s)
	if m == nil {
		return requestRate{}, bad
	}
	per, err := ParseDuration(m[2])
	if err != nil {
		return requestRate{}, bad
	}
	count, _ := strconv.Atoi(m[1]) // the pattern allows only digits
	burst := count
	if m[3] != "" {
		burst, _ = strconv.Atoi(m[3])
	}
	if count < 1 || burst < 1 || per < time.Second || per > 24*time.Hour {
		return requestRate{}, fmt.Errorf("%q must be 1 request or more per 1s to 24h", s)
	}
	return requestRate{Count: count, Per: per, Burst: burst}, nil
}

// String returns the limit in the form that the decoder reads.
func (r requestRate) String() string {
	per := shortDuration(r.Per)
	if r.Burst == r.Count {
		return fmt.Sprintf("%d/%s", r.Count, per)
	}
	return fmt.Sprintf("%d/%s burst %d", r.Count, per, r.Burst)
}

// MarshalText returns the same text for JSON and YAML.
func (r requestRate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }
