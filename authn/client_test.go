package authn

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var service = Actor{Name: "anonymous", RemoteAddr: "198.51.100.4", UserAgent: "billing/1", RequestID: "r-2"}

// client creates a service account and returns it with its secret.
func (f *fixture) client(t *testing.T, name string, c RightsChange) (store.Client, string) {
	t.Helper()
	client, secret, err := f.CreateClient(f.ctx, visitor, name, c)
	if err != nil {
		t.Fatal(err)
	}
	return client, secret
}

// clientToken returns an access token of a service account.
func (f *fixture) clientToken(t *testing.T, name, secret string) string {
	t.Helper()
	grant, err := f.ClientToken(f.ctx, service, name, secret)
	if err != nil {
		t.Fatal(err)
	}
	return grant.AccessToken
}

func TestATokenOfAServiceAccountIsNoTokenOfAPerson(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		if err := f.Cluster.Sync(f.ctx); err != nil {
			t.Fatal(err)
		}
		client, secret := f.client(t, "billing", RightsChange{Grant: []string{"read", "admin"}, Set: claim("plan", `"pro"`)})
		grant, err := f.ClientToken(f.ctx, service, "billing", secret)
		if err != nil || grant.ExpiresIn != 15*time.Minute || grant.ClientID != client.ID {
			t.Fatalf("got %+v, %v", grant, err)
		}
		payload := payloadOf(t, grant.AccessToken)
		for name, want := range map[string]string{
			"sub": `"` + client.ID.String() + `"`, "client_id": `"billing"`, "roles": `["admin","read"]`, "claims": `{"plan":"pro"}`,
			"gen": fmt.Sprintf("[0,%d]", client.Rights.Generation), "rgen": fmt.Sprint(client.Rights.Generation),
		} {
			if got := string(payload[name]); got != want {
				t.Errorf("%s: got %s, want %s", name, got, want)
			}
		}
		for _, name := range []string{"sid", "user_id", "username", "auth_time"} {
			if payload[name] != nil {
				t.Errorf("the token has %s: %s", name, payload[name])
			}
		}
		who, err := f.Verify(grant.AccessToken)
		if err != nil || who.Client() != "billing" || who.ClientID() != client.ID || who.UserID() != uuid.Nil || who.SessionID() != uuid.Nil || who.Username() != "" || !who.HasRole("read") {
			t.Errorf("got %+v, %v", who, err)
		}
		if _, err := f.Service.Profile(f.ctx, who); CodeOf(err) != CodeSessionRevoked {
			t.Errorf("profile: %v", err)
		}
		if err := f.Authentic(grant.AccessToken); CodeOf(err) != CodeNotAUser {
			t.Errorf("authentic: %v", err)
		}
		if in, err := f.Inspect(f.ctx, grant.AccessToken); err != nil || in.Verdict != VerdictGood || in.Client != "billing" {
			t.Errorf("inspection: %+v, %v", in, err)
		}
		if in, _ := f.Inspect(f.ctx, secret); !strings.Contains(in.Why, "secret of a service account") {
			t.Errorf("inspection of the secret: %+v", in)
		}
	})
}

// TestATokenOfAServiceAccountEndsEverywhereWithItsCause: each change ends the tokens of before on
// every node, and a new token is good unless the client may have none.
func TestATokenOfAServiceAccountEndsEverywhereWithItsCause(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		node := newFixture(t, f.store, nil)
		f.register(t, "alice")
		client, secret := f.client(t, "billing", RightsChange{})
		_, otherSecret := f.client(t, "other", RightsChange{})
		read := func() {
			f.clock.Add(time.Second.Microseconds())
			for _, s := range []*fixture{f, node} {
				s.clock.Store(f.clock.Load())
				if err := s.Cluster.Sync(f.ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		is := func(token string, want Code) {
			t.Helper()
			for i, s := range []*fixture{f, node} {
				if _, err := s.Verify(token); err != nil && CodeOf(err) != want || err == nil && want != "" {
					t.Errorf("node %d: got %v, want %q", i, err, want)
				}
			}
		}
		for _, step := range []struct {
			name   string
			change func() error
			token  Code // of the token of before
			again  Code // of a request for another one
			spares bool // the other client
		}{
			{"alice is disabled", func() error { _, err := f.DisableUser(f.ctx, visitor, "alice"); return err }, "", "", true},
			{"roles", func() error {
				_, _, err := f.SetClientRights(f.ctx, visitor, "billing", RightsChange{Grant: []string{"admin"}})
				return err
			}, CodeTokenExpired, "", true},
			{"rotation", func() (err error) {
				client, _ = f.Client(f.ctx, "billing")
				client, secret, err = f.RotateClient(f.ctx, visitor, client, SecretRotation{Overlap: time.Hour})
				return err
			}, "", "", true},
			{"rotation at once", func() (err error) {
				client, secret, err = f.RotateClient(f.ctx, visitor, client, SecretRotation{Now: true})
				return err
			}, CodeSessionRevoked, "", true},
			{"disabled", func() error { _, err := f.DisableClient(f.ctx, visitor, client); return err }, CodeSessionRevoked, CodeInvalidClient, true},
			{"enabled", func() error { _, err := f.EnableClient(f.ctx, visitor, client); return err }, "", "", true},
			{"revoke-all", func() error { _, err := f.Revoke(f.ctx, visitor, SessionFilter{}); return err }, CodeSessionRevoked, "", false},
			{"deleted", func() error { return f.DeleteClient(f.ctx, visitor, client) }, CodeSessionRevoked, CodeInvalidClient, true},
		} {
			read()
			var token string
			if step.name != "enabled" {
				token = f.clientToken(t, "billing", secret)
			}
			other := f.clientToken(t, "other", otherSecret)
			if err := step.change(); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			read()
			if token != "" {
				t.Log(step.name)
				is(token, step.token)
				in, err := f.Inspect(f.ctx, token)
				if err != nil || (in.Verdict == VerdictGood) != (step.token == "") {
					t.Errorf("%s: inspection: %+v, %v", step.name, in, err)
				}
			}
			if step.spares {
				is(other, "")
			}
			if _, err := f.ClientToken(f.ctx, service, "billing", secret); err != nil && CodeOf(err) != step.again || err == nil && step.again != "" {
				t.Errorf("%s: another token: got %v, want %q", step.name, err, step.again)
			}
		}
		for range feedRecent + 1 { // entries move into buckets
			f.Cluster.feed.add(store.Revocation{At: f.now(), UserID: uuid.New(), Generation: store.NextGeneration(f.now())})
		}
		other := f.clientToken(t, "other", otherSecret)
		is(other, "")
	})
}

// TestADisablingDuringARequestForATokenWins: the token carries the generation that was read with the
// secret.
func TestADisablingDuringARequestForATokenWins(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		client, secret := f.client(t, "billing", RightsChange{})
		if err := f.Cluster.Sync(f.ctx); err != nil {
			t.Fatal(err)
		}
		read, err := f.store.ClientOfSecret(f.ctx, hashClientSecret(secret))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.DisableClient(f.ctx, visitor, client); err != nil {
			t.Fatal(err)
		}
		token, _, err := f.access.issueClient(read, f.now())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Verify(token); CodeOf(err) != CodeSessionRevoked {
			t.Errorf("got %v", err)
		}
	})
}

func limitedClients(c *Config) {
	c.Accounts = AccountLimits{Free: 3, MaxDelay: time.Minute, FreeAnywhere: 5, MaxAnywhere: time.Minute, Ceiling: 1000, CeilingPer: time.Hour}
}

func TestAGoodSecretIsNeverDelayedByBadOnes(t *testing.T) {
	t.Parallel()
	onBoth(t, limitedClients, func(t *testing.T, f *fixture) {
		client, old := f.client(t, "billing", RightsChange{})
		_, secret, err := f.RotateClient(f.ctx, visitor, client, SecretRotation{Overlap: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		f.clientToken(t, "billing", old)
		if !f.KnowsSecret(service, old) || f.KnowsSecret(visitor, old) || f.KnowsSecret(service, secret) {
			t.Error("the wrong secrets are known")
		}
		f.clock.Add(2 * time.Hour.Microseconds())
		for _, name := range []string{"billing", "nobody"} {
			var codes []Code
			for range 5 {
				_, err := f.ClientToken(f.ctx, service, name, old)
				codes = append(codes, CodeOf(err))
			}
			if want := []Code{CodeInvalidClient, CodeInvalidClient, CodeInvalidClient, CodeRateLimited, CodeRateLimited}; !slices.Equal(codes, want) {
				t.Errorf("%s: got %q, want %q", name, codes, want)
			}
		}
		if f.KnowsSecret(service, old) {
			t.Error("a secret that has ended is known")
		}
		f.clientToken(t, "billing", secret)
		f.clientToken(t, "billing", secret)
		events, _, err := f.Events(f.ctx, store.EventPage{UserID: client.ID, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range events {
			got = append(got, string(e.Action)+" "+e.Reason)
		}
		want := []string{
			"client_token_issued client billing", "client_auth_fail client billing: expired_secret", "client_auth_fail client billing: expired_secret",
			"client_auth_fail client billing: expired_secret", "client_token_issued client billing", "client_secret_rotated client billing", "client_created client billing",
		}
		if !slices.Equal(got, want) {
			t.Errorf("events: got %q, want %q", got, want)
		}
	})
}

func TestOnlyTheHolderOfASecretIsToldWhyItIsRefused(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		client, secret := f.client(t, "billing", RightsChange{})
		_, another := f.client(t, "other", RightsChange{})
		say := func(name, secret string) string {
			_, err := f.ClientToken(f.ctx, service, name, secret)
			if CodeOf(err) != CodeInvalidClient {
				t.Errorf("got %v", err)
			}
			return fmt.Sprint(err)
		}
		for _, given := range [][2]string{{"billing", another}, {"nobody", secret}, {"billing", ""}, {"", ""}, {"billing", secret + "A"}, {"BILLING", secret}, {strings.Repeat("x", 8000), "\x00"}} {
			if got := say(given[0], given[1]); got != errInvalidClient.Error() {
				t.Errorf("%.20q: got %s", given[0], got)
			}
		}
		client, _, err := f.RotateClient(f.ctx, visitor, client, SecretRotation{Overlap: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		f.clock.Add(time.Minute.Microseconds())
		if got := say("billing", secret); !strings.Contains(got, "this secret of the client ended at 20") {
			t.Errorf("got %s", got)
		}
		if _, err := f.DisableClient(f.ctx, visitor, client); err != nil {
			t.Fatal(err)
		}
		if got := say("billing", secret); got != "this client is disabled" {
			t.Errorf("got %s", got)
		}
		if got := say("billing", another); got != errInvalidClient.Error() {
			t.Errorf("got %s", got)
		}
	})
}

func TestNamesAndRightsOfServiceAccountsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, nil)
	for name, say := range map[string]string{
		"": "cannot be the name", "Billing": "cannot be the name", "a b": "cannot be the name", strings.Repeat("a", 65): "cannot be the name",
		"authctl": "that is the client_id in the access tokens of users",
	} {
		if _, _, err := f.CreateClient(f.ctx, visitor, name, RightsChange{}); CodeOf(err) != CodeInvalidRequest || !strings.Contains(err.Error(), say) {
			t.Errorf("%q: got %v", name, err)
		}
	}
	var many []string
	for i := range maxRoles + 1 {
		many = append(many, fmt.Sprint("r", i))
	}
	if _, _, err := f.CreateClient(f.ctx, visitor, "billing", RightsChange{Grant: many}); err == nil || !strings.Contains(err.Error(), "the client would have 65 roles") {
		t.Errorf("got %v", err)
	}
}
