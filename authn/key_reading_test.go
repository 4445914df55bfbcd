package authn

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// keyReads counts the reads of the keys, and can delay their results.
type keyReads struct {
	store.Store
	n     atomic.Int64
	fail  atomic.Bool
	after atomic.Pointer[func()] // called once
}

func (s *keyReads) SigningKeys(ctx context.Context) ([]store.SigningKey, error) {
	s.n.Add(1)
	if s.fail.Load() {
		return nil, store.ErrUnavailable
	}
	keys, err := s.Store.SigningKeys(ctx)
	if after := s.after.Swap(nil); after != nil {
		(*after)()
	}
	return keys, err
}

func TestAnUnknownKeyMakesAServerLookOnce(t *testing.T) {
	t.Parallel()
	st := &keyReads{Store: openSQLite(t)}
	f := newFixture(t, st.Store, signsWith(AlgorithmEdDSA))
	deaf := newFixture(t, st, signsWith(AlgorithmEdDSA)) // hears of nothing
	for _, s := range []*fixture{f, deaf} {
		if err := errors.Join(s.Keys.Open(f.ctx, operator), s.Cluster.Sync(f.ctx)); err != nil {
			t.Fatal(err)
		}
	}
	f.register(t, "alice")
	f.rotate(t)
	if err := f.Keys.Read(f.ctx); err != nil {
		t.Fatal(err)
	}
	g := f.signIn(t, "alice")
	before := st.n.Load()
	if _, err := deaf.Verify(g.AccessToken); err != nil {
		t.Errorf("a token of a key that was made just now: %v", err)
	}
	deaf.Keys.reading.ended = time.Now().Add(time.Hour) // a while has not passed, however slow this machine is
	rest := g.AccessToken[strings.IndexByte(g.AccessToken, '.')+1:]
	for range 1000 {
		_, err := deaf.Verify(tokenHeaders(AlgorithmEdDSA, uuid.NewString())[0] + rest)
		wantCode(t, "a key that there is not", err, CodeUnauthenticated)
	}
	for _, header := range []string{
		`{"alg":"none","kid":"x","typ":"at+jwt"}`, `{"alg":"EdDSA","kid":"x","typ":"at+jwt","x":1}`, `{}`, strings.Repeat("x", 300),
		`{"kid":"x","alg":"EdDSA","typ":"at+jwt"}`, `{"alg": "EdDSA","kid":"x","typ":"at+jwt"}`, `{"alg":"EdDSA","kid":"x","typ":"jwt"}`,
		`{"alg":"EdDSA","kid":"x"}`, `{"alg":"EdDSA","kid":"\u0078","typ":"at+jwt"}`,
	} {
		deaf.Keys.reading.ended = time.Time{} // it may look again
		_, err := deaf.Verify(encode(header) + "." + rest)
		wantCode(t, header, err, CodeUnauthenticated)
	}
	if got := st.n.Load() - before; got != 1 {
		t.Errorf("the database was asked %d times, want once", got)
	}
	st.fail.Store(true)
	_, err := deaf.Verify(tokenHeaders(AlgorithmEdDSA, uuid.NewString())[1] + rest)
	wantCode(t, "nobody knows whether there is such a key", err, CodeUnavailable)
}

// TestAKeyThatIsBurnedDuringALookStaysBurned delays a read that has read the earlier keys.
func TestAKeyThatIsBurnedDuringALookStaysBurned(t *testing.T) {
	t.Parallel()
	st := &keyReads{Store: openSQLite(t)}
	f := newFixture(t, st, signsWith(AlgorithmEdDSA))
	if err := errors.Join(f.Keys.Open(f.ctx, operator), f.Cluster.Sync(f.ctx)); err != nil {
		t.Fatal(err)
	}
	f.register(t, "alice")
	g := f.signIn(t, "alice")
	synced := make(chan error, 1)
	burn := func() {
		other := newFixture(t, st.Store, signsWith(AlgorithmEdDSA))
		if _, _, err := other.Keys.Burn(f.ctx, operator); err != nil {
			t.Error(err)
		}
		reads := st.n.Load()
		go func() { synced <- f.Cluster.Sync(f.ctx) }()
		for range 50 { // long enough for a reading that does not wait
			if st.n.Load() != reads {
				t.Error("two readings at once")
			}
			time.Sleep(time.Millisecond)
		}
	}
	st.after.Store(&burn)
	_, err := f.Verify(tokenHeaders(AlgorithmEdDSA, "x")[0] + "e30.AAAA")
	wantCode(t, "a key that there is not", err, CodeUnauthenticated)
	if err := <-synced; err != nil {
		t.Fatal(err)
	}
	wantCode(t, "a token of the burned key", verifyError(f, g), CodeUnauthenticated)
}
