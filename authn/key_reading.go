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
	queryPause   = time.Second // min time between two queries for an unknown key
	queryTimeout = time.Second
)

// keyReading is the state of reading the signing keys from the database.
type keyReading struct {
	open    atomic.Bool   // the keys come from the database
	running chan struct{} // full while a reading runs, so that the latest reading wins

	query sync.Mutex
	ended time.Time // when the latest query for an unknown key ended
	err   error     // the error of that query
}

// begin waits until no other reading runs. finish lets the next one begin.
func (r *keyReading) begin(ctx context.Context) error {
	select {
	case r.running <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fail(ctx.Err())
	}
}

func (r *keyReading) finish() { <-r.running }

// Read reads the signing keys from the database. A database that no server has used has none; then
// the configured secret is the key.
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

// sync reads the keys again if they come from the database.
func (ks *Keys) sync(ctx context.Context) error {
	if !ks.reading.open.Load() {
		return nil
	}
	return ks.Read(ctx)
}

// queryFor reads the keys again for a token with an unknown key, which may be new. It does so at
// most once per queryPause, and only for headers that we could have written, so that forged tokens
// cost nothing. It returns the error of the latest query, because then nobody knows whether the key
// exists.
func (ks *Keys) queryFor(header string) error {
	r := &ks.reading
	if !r.open.Load() || !plausibleHeader(header) {
		return nil
	}
	r.query.Lock()
	defer r.query.Unlock()
	if ks.access.ring.Load().byHeader[header] != nil {
		return nil
	}
	if elapsed(r.ended) >= queryPause {
		ctx, cancel := context.WithTimeout(context.Background(), queryTimeout)
		r.err = ks.Read(ctx)
		cancel()
		r.ended = time.Now()
	}
	return r.err
}

// plausibleHeader reports whether a header is one that we could have written.
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
		slices.Contains(Algorithms(), h.Algorithm) && isHeader(header, h.Algorithm, h.KeyID)
}
