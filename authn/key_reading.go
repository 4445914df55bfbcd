package authn

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
)

const (
	lookPause   = time.Second // at least, between two looks for a key that is not known
	lookTimeout = time.Second
)

// keyReading is how a service takes its signing keys from the database.
type keyReading struct {
	open atomic.Bool   // the keys are those of the database
	one  chan struct{} // full while somebody reads: what was read last must be what is kept

	look  sync.Mutex
	ended time.Time // when the latest look for an unknown key was over; under look
	err   error     // of that look; under look
}

// begin waits for its turn to replace the keys; finish gives it up.
func (r *keyReading) begin(ctx context.Context) error {
	select {
	case r.one <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fail(ctx.Err())
	}
}

func (r *keyReading) finish() { <-r.one }

// Read takes the signing keys from the database. One that no server has run on yet has
// none; then the configured secret is the key.
func (ks *Keys) Read(ctx context.Context) error {
	if err := ks.reading.begin(ctx); err != nil {
		return err
	}
	defer ks.reading.finish()
	rows, err := ks.store.SigningKeys(ctx)
	if err != nil {
		return fail(err)
	}
	if len(rows) > 0 {
		ks.access.ring.Store(newKeyring(rows, ks.rules.Load().secrets, ks.access.ring.Load()))
		ks.reading.open.Store(true)
	}
	return nil
}

// sync reads the keys again, if they come from the database.
func (ks *Keys) sync(ctx context.Context) error {
	if !ks.reading.open.Load() {
		return nil
	}
	return ks.Read(ctx)
}

// lookFor reads the keys again for a token whose key is not known, because it may be
// one that was made a moment ago. It does so once in a while only, and never for what
// is no header of ours, so that made-up tokens cost nothing. It fails when the latest
// look did: nobody can tell then whether there is such a key.
func (ks *Keys) lookFor(header string) error {
	r := &ks.reading
	if !r.open.Load() || !plausibleHeader(header) {
		return nil
	}
	r.look.Lock()
	defer r.look.Unlock()
	if ks.access.ring.Load().byHeader[header] != nil {
		return nil
	}
	if elapsed(r.ended) >= lookPause {
		ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
		r.err = ks.Read(ctx)
		cancel()
		r.ended = time.Now()
	}
	return r.err
}

// plausibleHeader reports whether a header is one that we would write for some key.
func plausibleHeader(header string) bool {
	if len(header) > 256 {
		return false
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimSuffix(header, "."))
	if err != nil {
		return false
	}
	var h struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid"`
		Type      string `json:"typ"`
	}
	return json.Unmarshal(text, &h, json.RejectUnknownMembers(true)) == nil &&
		slices.Contains(Algorithms(), h.Algorithm) && tokenHeader(h.Algorithm, h.KeyID) == header
}
