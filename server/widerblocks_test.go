package server_test

import (
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/authctl/authctl/server"
)

// inSlash48 is an address in the nth of the 65,536 /64s of 2001:db8:7::/48.
func inSlash48(n int) netip.Addr {
	b := netip.MustParseAddr("2001:db8:7::1").As16()
	b[6], b[7] = byte(n>>8), byte(n)
	return netip.AddrFrom16(b)
}

func TestASlash48HasSixteenBudgetsAndASlash56HalfOfThem(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		networks, step, want int
	}{
		"a /48":                       {1 << 16, 1, 16 * 3},
		"a /56":                       {1 << 8, 1, 8 * 3},
		"the first /64 of every /56":  {1 << 8, 1 << 8, 16 * 3},
		"as many as have the budgets": {8, 1, 8 * 3},
	} {
		l := server.NewTestLimiter(server.Rate{Count: 3, Per: time.Minute, Burst: 3})
		now, through := time.Now(), 0
		for i := range tt.networks {
			for range 5 {
				if l.Take(inSlash48(i*tt.step), now) == 0 {
					through++
				}
			}
		}
		if through != tt.want {
			t.Errorf("%s: %d requests at once go on, want %d", name, through, tt.want)
		}
		if l.Take(netip.MustParseAddr("2001:db8:8::1"), now) != 0 {
			t.Errorf("%s: another /48 is refused", name)
		}
		wait := l.Take(inSlash48(0), now)
		if wait == 0 || l.Take(inSlash48(0), now.Add(time.Hour)) != 0 {
			t.Errorf("%s: has to wait for %s, and after an hour still", name, wait)
		}
	}
}

func TestWhomItsOwnBucketRefusesUsesUpNoneOfItsNeighbours(t *testing.T) {
	t.Parallel()
	l := server.NewTestLimiter(server.Rate{Count: 1, Per: time.Minute, Burst: 1})
	now := time.Now()
	for range 1000 {
		l.Take(inSlash48(0), now)
	}
	for i := 1; i < 8; i++ {
		if l.Take(inSlash48(i), now) != 0 {
			t.Errorf("neighbour %d is refused", i)
		}
	}
	for range 1000 { // of the /56, which is used up
		l.Take(inSlash48(9), now)
	}
	for i := range 8 {
		if l.Take(inSlash48(0x100+i), now) != 0 {
			t.Errorf("neighbour %d of another /56 is refused", i)
		}
	}
}

func TestAWiderNetworkIsHeldBackInEveryClassOfRequests(t *testing.T) {
	t.Parallel()
	f := start(t, limited)
	for _, tt := range []struct {
		method, path, body string
		burst              int
	}{
		{"POST", "/login", account("nobody", password), 3},
		{"POST", "/refresh", "", 1},
		{"GET", "/profile", "", 5},
	} {
		through := 0
		for i := range 150 {
			if f.from(inSlash48(i).String(), tt.method, tt.path, tt.body).status != http.StatusTooManyRequests {
				through++
			}
		}
		if through != 8*tt.burst {
			t.Errorf("%s: %d of 150 networks of one /56 go on, want %d", tt.path, through, 8*tt.burst)
		}
	}
}

func TestConnectionsOfAWiderNetworkAreLimitedToo(t *testing.T) {
	t.Parallel()
	c := server.NewTestConnections(2)
	open := func(step int) (entered []netip.Addr) {
		for i := range 100 {
			if from := inSlash48(i * step); c.Enter(from) {
				entered = append(entered, from)
			}
		}
		return entered
	}
	for step, want := range map[int]int{1: 16, 1 << 8: 32} {
		entered := open(step)
		if len(entered) != want {
			t.Errorf("%d connections of a network each are open, want %d", len(entered), want)
		}
		for _, from := range entered {
			c.Leave(from)
		}
		if n := c.Blocks(); n != 0 {
			t.Errorf("%d networks are remembered after all have left", n)
		}
	}
}
