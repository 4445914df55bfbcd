package server

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"github.com/authctl/authctl/authn"
)

// Limits is how many requests of each class one client address may make. An IPv6 address shares its
// limit with its /64; the /56 and /48 around it have limits several times as large, as
// [authn.WiderBlocks] says. /verify and the health checks have no limit, because proxies and
// orchestrators call them constantly. Each process counts for itself.
type Limits struct {
	Login    Rate // POST /login, POST /password/change and DELETE /profile
	Register Rate // POST /register
	Refresh  Rate // POST /refresh
	Mail     Rate // requests that send a mailed link, or use one up
	Token    Rate // POST /token, except with a secret that was good lately
	Keys     Rate // the documents for verifiers, below /.well-known/: some fetch the keys for each request
	Other    Rate // all other routes
}

// Rate is a token bucket: Count requests per Per, spread evenly, and up to Burst requests at once
// after a pause. The zero Rate allows everything.
type Rate struct {
	Count int
	Per   time.Duration
	Burst int
}

// The names of the classes in metrics and the audit trail.
const (
	classLogin    = "login"
	classRegister = "register"
	classRefresh  = "refresh"
	classMail     = "mail"
	classToken    = "token"
	classKeys     = "keys"
	classOther    = "other"

	unlimited = ""
)

// limiters is a set of [Limits] in force.
type limiters struct {
	limits Limits
	of     map[string]*limiter // by class
}

func newLimiters(l Limits) *limiters {
	return &limiters{l, map[string]*limiter{
		classLogin: newLimiter(l.Login), classRegister: newLimiter(l.Register), classRefresh: newLimiter(l.Refresh),
		classMail: newLimiter(l.Mail), classToken: newLimiter(l.Token), classKeys: newLimiter(l.Keys), classOther: newLimiter(l.Other),
	}}
}

// limit refuses requests of an address that has made too many, before their body is read. It does
// not limit peers without an address, on a Unix socket. The handler of /token limits its requests
// itself, because that depends on the secret.
func (s *Server) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := w.(*exchange)
		class := s.classOf(r.Method, r.URL.Path)
		if class == unlimited || class == classToken || !x.client.IsValid() {
			next.ServeHTTP(w, r)
			return
		}
		if err := s.admit(x, class); err != nil {
			x.route, _ = s.find(r)
			fail(x, err)
			return
		}
		next.ServeHTTP(w, r)
		if x.user != uuid.Nil && s.limits.Load().of[class] != nil {
			s.crowds.note(authn.AddressBlock(x.client), x.user, s.clock())
		}
	})
}

// admit counts a request of a class, and fails if its address has made too many.
func (s *Server) admit(x *exchange, class string) error {
	if !x.client.IsValid() {
		return nil
	}
	wait := s.limits.Load().of[class].take(authn.AddressBlock(x.client), s.clock())
	if wait == 0 {
		return nil
	}
	s.metrics.limited.WithLabelValues(class).Inc()
	s.warnCrowded(x, class)
	s.authn.RefusedByLimit(x.request.Context(), x.actor(), class+" requests of one address")
	return &authn.Error{Code: authn.CodeRateLimited, Message: "too many requests from your address, try again later", RetryAfter: wait}
}

// The max number of addresses that one class remembers: shards times two generations.
const (
	limiterShards = 64
	shardEntries  = 512
)

// limiter holds the token buckets of one class. Each shard has two generations of them. When the
// young one is full it becomes the old one, and the former old one is dropped. A bucket in use
// moves to the young generation, so a flood of addresses drops only buckets that were idle
// meanwhile.
type limiter struct {
	rate   Rate
	seed   maphash.Seed
	shards [limiterShards]limiterShard
}

type limiterShard struct {
	mu         sync.Mutex
	young, old map[netip.Prefix]*rate.Limiter
}

// newLimiter returns a limiter for a rate. For the zero Rate it returns nil, which allows
// everything.
func newLimiter(r Rate) *limiter {
	if r.Count == 0 {
		return nil
	}
	return &limiter{rate: r, seed: maphash.MakeSeed()}
}

// take returns 0 if a request of an address block is allowed, and otherwise how long the client
// must wait. A refusal by one of the block's buckets takes no token from the others.
func (l *limiter) take(block netip.Prefix, now time.Time) (wait time.Duration) {
	if l == nil {
		return 0
	}
	wider := authn.WiderBlocks(block)
	buckets := make([]*rate.Limiter, 1, 1+len(wider))
	buckets[0] = l.bucket(block, 1)
	for _, w := range wider {
		buckets = append(buckets, l.bucket(w.Prefix, w.Times))
	}
	for _, b := range buckets {
		if missing := 1 - b.TokensAt(now); missing > 0 {
			wait = max(wait, time.Duration(missing/float64(b.Limit())*float64(time.Second)), 1)
		}
	}
	if wait > 0 {
		return wait
	}
	for _, b := range buckets {
		if !b.AllowN(now, 1) { // a concurrent request took the token
			return max(time.Duration(float64(time.Second)/float64(b.Limit())), 1)
		}
	}
	return 0
}

// bucket returns the bucket of a block; its rate is times the limiter's.
func (l *limiter) bucket(block netip.Prefix, times int) *rate.Limiter {
	sh := &l.shards[maphash.Comparable(l.seed, block)%limiterShards]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if bucket := sh.young[block]; bucket != nil {
		return bucket
	}
	bucket := sh.old[block]
	if bucket == nil {
		bucket = rate.NewLimiter(rate.Limit(float64(times*l.rate.Count)/l.rate.Per.Seconds()), times*l.rate.Burst)
	}
	if sh.young == nil || len(sh.young) >= shardEntries {
		sh.old, sh.young = sh.young, make(map[netip.Prefix]*rate.Limiter)
	}
	sh.young[block] = bucket
	return bucket
}

// entries returns the number of buckets.
func (l *limiter) entries() (n int) {
	for i := range l.shards {
		sh := &l.shards[i]
		sh.mu.Lock()
		n += len(sh.young) + len(sh.old)
		sh.mu.Unlock()
	}
	return n
}

// relimit replaces the limits in force. Buckets of unchanged limits stay.
func relimit(current *atomic.Pointer[limiters], l Limits) {
	if before := current.Load(); before == nil || before.limits != l {
		current.Store(newLimiters(l))
	}
}
