package authn

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func testStepKeys(t *testing.T, secrets ...string) stepKeys {
	t.Helper()
	var all []keySecret
	for _, s := range secrets {
		all = append(all, newKeySecret(s))
	}
	keys, err := newStepKeys(all)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestATokenSaysItsStepToWhoHasTheSecret(t *testing.T) {
	t.Parallel()
	keys := testStepKeys(t, "current", "previous")
	other := testStepKeys(t, "another")
	for _, step := range []int64{1, 2, 1_700_000_000, maxStep} {
		token := keys.mark(newRefreshToken(), step)
		if got := keys.read(token); got != step {
			t.Errorf("got step %d, want %d", got, step)
		}
		if got := keys[1:].read(token); got != 0 {
			t.Errorf("without the current secret: got step %d, want none", got)
		}
		if got := other.read(token); got != 0 {
			t.Errorf("with another secret: got step %d, want none", got)
		}
		if got := keys.read(keys[1:].mark(newRefreshToken(), step)); got != step {
			t.Errorf("of the previous secret: got step %d, want %d", got, step)
		}
		parsed, ok := parseRefreshToken(token.secret())
		if !ok || keys.read(parsed) != step {
			t.Errorf("the step %d does not survive parsing", step)
		}
	}
	if got := keys.read(keys.mark(newRefreshToken(), maxStep+1)); got != maxStep {
		t.Errorf("beyond the last step: got %d, want %d", got, int64(maxStep))
	}
	for range 1000 {
		if got := keys.read(newRefreshToken()); got != 0 {
			t.Fatalf("a random token has the step %d", got)
		}
	}
}

func TestNoByteOfATokenWithAStepCanBeChanged(t *testing.T) {
	t.Parallel()
	keys := testStepKeys(t, "current")
	token := keys.mark(newRefreshToken(), 7)
	for i := range token.verifier {
		changed := token
		changed.verifier[i] ^= 1
		if keys.read(changed) != 0 {
			t.Errorf("byte %d of the verifier can be changed", i)
		}
	}
	stranger := token
	stranger.selector = newRefreshToken().selector
	if keys.read(stranger) != 0 {
		t.Error("the step is good for another session")
	}
}

// TestATokenThatTheDatabaseHasLostIsNoTheft restores an earlier row of a session, as a
// failover to a replica without the latest commits does.
func TestATokenThatTheDatabaseHasLostIsNoTheft(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, f *fixture, db *database) {
		u := f.register(t, "alice")
		for _, lost := range []int{1, 3} {
			g := f.signIn(t, "alice")
			g = f.refreshed(t, g.RefreshToken)
			db.keep(t)
			newer := g
			for range lost {
				newer = f.refreshed(t, newer.RefreshToken)
			}
			db.putBack(t)
			f.advance(time.Minute)
			in, err := f.Inspect(f.ctx, newer.RefreshToken)
			if err != nil || in.Verdict == VerdictGood || !strings.Contains(in.Why, "newer than the database") {
				t.Errorf("inspect: got %+v, %v", in, err)
			}
			_, err = f.Refresh(f.ctx, visitor, newer.RefreshToken)
			wantCode(t, "the lost token", err, CodeSessionRevoked)
			_, err = f.Refresh(f.ctx, visitor, g.RefreshToken)
			wantCode(t, "the token in the database", err, CodeUnauthenticated)
			if _, err := f.Verify(newer.AccessToken); CodeOf(err) != CodeSessionRevoked {
				t.Errorf("the access token: got %v", err)
			}
		}
		if n := db.count(t, "authn_session_reused"); n != 0 {
			t.Errorf("%d alarms of theft", n)
		}
		if n := db.count(t, "authn_refresh_refused"); n != 2 {
			t.Errorf("%d refusals in the audit trail of %s, want 2", n, u.Username)
		}
	})
}

// TestAnOlderTokenIsTheftAfterAFailoverToo: a token that was replaced before the lost commits
// is older than the row. The token in the row is not.
func TestAnOlderTokenIsTheftAfterAFailoverToo(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, f *fixture, db *database) {
		f.register(t, "alice")
		g := []Grant{f.signIn(t, "alice")}
		for range 3 {
			g = append(g, f.refreshed(t, g[len(g)-1].RefreshToken))
		}
		db.keep(t)
		f.refreshed(t, g[3].RefreshToken)
		db.putBack(t)
		f.advance(time.Minute)
		_, err := f.Refresh(f.ctx, visitor, g[1].RefreshToken)
		wantCode(t, "an older token", err, CodeSessionReused)
	})
}

// TestATokenIsToldToBeLostAfterAnUpgradeHalfway: a server of the previous release rotates a
// token with a step into one without.
func TestATokenIsToldToBeLostAfterAnUpgradeHalfway(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, f *fixture, db *database) {
		f.register(t, "alice")
		g := f.signIn(t, "alice")
		for range 3 {
			g = f.refreshed(t, g.RefreshToken)
		}
		with, _ := parseRefreshToken(g.RefreshToken)
		without := with.next()
		db.exec(t, fmt.Sprintf(`UPDATE refresh_tokens SET token_hash = '%s', previous_hash = token_hash, rotated_at = last_used_at`, without.hash()))
		f.advance(time.Minute)
		g = f.refreshed(t, without.secret())
		db.keep(t)
		lost := f.refreshed(t, g.RefreshToken)
		db.putBack(t)
		_, err := f.Refresh(f.ctx, visitor, lost.RefreshToken)
		wantCode(t, "the lost token", err, CodeSessionRevoked)
	})
}

func TestWithoutTheSecretOfItsStepATokenIsJudgedAsBefore(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, f *fixture, db *database) {
		f.register(t, "alice")
		const another = "5c1f7a90e3b24d68a7f0c9d2b8e4610375d9fa2c4b6e8013"
		replaced := func(cfg *Config) { cfg.Secret, cfg.PreviousSecrets = another, []string{testSecret} }
		forgotten := func(cfg *Config) { cfg.Secret = another }
		for name, tt := range map[string]struct {
			configure func(*Config)
			want      Code
		}{"secret replaced": {replaced, CodeSessionRevoked}, "secret forgotten": {forgotten, CodeSessionReused}} {
			other := newFixture(t, f.store, tt.configure)
			g := f.signIn(t, "alice")
			db.keep(t)
			lost := f.refreshed(t, g.RefreshToken)
			db.putBack(t)
			_, err := other.Refresh(f.ctx, visitor, lost.RefreshToken)
			wantCode(t, name, err, tt.want)

			g = f.signIn(t, "alice")
			for range 3 { // in turn, under either secret
				g = other.refreshed(t, g.RefreshToken)
				g = f.refreshed(t, g.RefreshToken)
			}
		}
	})
}
