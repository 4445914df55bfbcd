package cmd_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/store/sqlite"
)

// signedInAnHourAgo returns the tokens of a session that began an hour ago. Its access token has expired, and
// is well signed.
func (s *site) signedInAnHourAgo(t *testing.T, username string) authn.Grant {
	t.Helper()
	ctx := context.Background()
	database, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(s.authctl.dir, "authctl.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	past, err := authn.New(authn.Config{
		Secret: s.secret, Algorithm: authn.AlgorithmES256, Issuer: s.url,
		AccessTTL: 15 * time.Minute, RefreshTTL: 168 * time.Hour, SessionMaxAge: 720 * time.Hour, RetryWindow: 10 * time.Second,
		Argon2: hashing.Params{Memory: 4 << 10, Iterations: 1, Parallelism: 1}, KeepsStrongerHashes: true, MinPasswordLength: 8,
		Now: func() time.Time { return time.Now().Add(-time.Hour) },
	}, database)
	if err != nil {
		t.Fatal(err)
	}
	if err := past.Cluster.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	if err := past.Keys.Read(ctx); err != nil {
		t.Fatal(err)
	}
	granted, err := past.Login(ctx, authn.Actor{Name: "anonymous"}, authn.Account{Username: username, Password: guestPassword}, "")
	if err != nil {
		t.Fatal(err)
	}
	return granted
}
