package authn

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const strangersSecret = "f0e1d2c3b4a5968778695a4b3c2d1e0ff0e1d2c3b4a5968778695a4b3c2d1e0f"

// judges compares the verdict, the list of what is missing, and a part of the reason.
func judges(t *testing.T, s *Service, what, token string, want Verdict, missing []string, why string) {
	t.Helper()
	in, err := s.Inspect(context.Background(), token)
	if err != nil || in.Verdict != want || !slices.Equal(in.Missing, missing) || !strings.Contains(in.Why, why) || strings.Contains(in.Why, token) {
		t.Errorf("%s: got %q lacking %q: %q, %v; want %q lacking %q: …%s…", what, in.Verdict, in.Missing, in.Why, err, want, missing, why)
	}
}

// bare returns a service with or without the database of f, and with or without a secret.
func bare(t *testing.T, f *fixture, st store.Store, secret string) *fixture {
	t.Helper()
	b := newFixture(t, st, func(cfg *Config) {
		cfg.Secret, cfg.NoSecret = secret, secret == ""
		if secret == "" {
			cfg.Secret = strangersSecret
		}
	})
	b.clock.Store(f.clock.Load())
	if st != nil {
		if err := b.Keys.Read(b.ctx); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func TestATokenIsNotCalledBadForWantOfTheSecret(t *testing.T) {
	t.Parallel()
	secret, both := []string{MissingSecret}, []string{MissingSecret, MissingDatabase}
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		before := f.signIn(t, "alice") // when the database has no keys yet
		judges(t, bare(t, f, f.store, "").Service, "no secret, and no keys", before.AccessToken, VerdictUnknown, secret, "without jwt.secret")
		if err := f.Keys.Open(f.ctx, visitor); err != nil {
			t.Fatal(err)
		}
		g := f.signIn(t, "alice")
		none, other, nothing := bare(t, f, f.store, ""), bare(t, f, f.store, strangersSecret), bare(t, f, nil, "")
		judges(t, f.Service, "all is there", g.AccessToken, VerdictGood, nil, "good until")
		judges(t, none.Service, "no secret", g.AccessToken, VerdictUnknown, secret, "belongs to this installation; without jwt.secret")
		judges(t, other.Service, "another secret", g.AccessToken, VerdictUnknown, secret, "the jwt.secret that sealed it is not configured")
		judges(t, nothing.Service, "nothing", g.AccessToken, VerdictUnknown, both, "jwt.secret")
		judges(t, none.Service, "a refresh token needs none", g.RefreshToken, VerdictGood, nil, "current token")

		// A fault that needs no key decides, whoever signed the token.
		judges(t, none.Service, "no token", "no token", VerdictNotGood, nil, "neither a JWT")
		judges(t, none.Service, "another header", strings.Replace(g.AccessToken, g.AccessToken[:strings.IndexByte(g.AccessToken, '.')], "eyJhbGciOiJub25lIn0", 1), VerdictNotGood, nil, "header")
		stranger := newFixture(t, f.store, func(cfg *Config) { cfg.Secret = strangersSecret })
		stranger.clock.Store(f.clock.Load())
		judges(t, none.Service, "no key of the installation", stranger.signIn(t, "alice").AccessToken, VerdictNotGood, nil, "another key")
		if err := f.EndSession(f.ctx, visitor, g.SessionID); err != nil {
			t.Fatal(err)
		}
		judges(t, none.Service, "ended", g.AccessToken, VerdictNotGood, nil, "its session has ended, since")
		h := f.signIn(t, "alice")
		if _, err := f.DisableUser(f.ctx, visitor, "alice"); err != nil {
			t.Fatal(err)
		}
		judges(t, none.Service, "disabled", h.AccessToken, VerdictNotGood, nil, "its user is disabled")
		nothing.advance(time.Hour)
		judges(t, nothing.Service, "expired", h.AccessToken, VerdictNotGood, nil, "it expired at")
	})
}

func TestATokenIsNotCalledBadForWantOfTheDatabase(t *testing.T) {
	t.Parallel()
	database := []string{MissingDatabase}
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		g := f.signIn(t, "alice")
		away := bare(t, f, nil, testSecret)
		judges(t, away.Service, "access", g.AccessToken, VerdictUnknown, database, "whether its session lives")
		judges(t, away.Service, "refresh", g.RefreshToken, VerdictUnknown, database, "current token")
		judges(t, bare(t, f, nil, strangersSecret).Service, "another secret", g.AccessToken, VerdictUnknown, database, "not that of the configured jwt.secret")
		dot := strings.LastIndexByte(g.AccessToken, '.')
		judges(t, away.Service, "forged", g.AccessToken[:dot+1]+strings.Repeat("A", len(g.AccessToken)-dot-1), VerdictNotGood, nil, "signature")
		silent := newFixture(t, silentStore{f.store}, nil)
		silent.clock.Store(f.clock.Load())
		judges(t, silent.Service, "access while it is silent", g.AccessToken, VerdictUnknown, database, "did not answer")
		judges(t, silent.Service, "refresh while it is silent", g.RefreshToken, VerdictUnknown, database, "did not answer")
	})
}

// silentStore is a database that stopped answering after it was opened.
type silentStore struct{ store.Store }

var errSilent = fmt.Errorf("no answer: %w", store.ErrUnavailable)

func (silentStore) Access(context.Context, uuid.UUID, uuid.UUID) (store.Access, error) {
	return store.Access{}, errSilent
}

func (silentStore) SessionState(context.Context, uuid.UUID) (store.Session, store.RotationState, error) {
	return store.Session{}, store.RotationState{}, errSilent
}
