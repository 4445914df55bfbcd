package authn

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// TestATokenNeverExceeds3500Bytes fills tokens to the last byte that is taken, with each algorithm.
func TestATokenNeverExceeds3500Bytes(t *testing.T) {
	t.Parallel()
	for _, algorithm := range Algorithms() {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, openSQLite(t), func(c *Config) {
				c.ClientIDs = []string{"cli", strings.Repeat("c", 64), "web"}
				c.Algorithm, c.Issuer, c.Audience = algorithm, "https://login.example.com", "https://example.com"
			})
			if err := f.Keys.Open(f.ctx, visitor); err != nil {
				t.Fatal(err)
			}
			name := strings.Repeat("é", 64)
			f.register(t, name)
			u := f.setRights(t, name, RightsChange{Grant: []string{"admin", "billing:read"}})
			for n := maxClaims; ; n-- {
				changed, _, err := f.SetRights(f.ctx, visitor, name, RightsChange{Set: claim("a", `"`+strings.Repeat("x", n)+`"`)})
				if err == nil {
					u = changed
					break
				}
				wantCode(t, "too long", err, CodeInvalidRequest)
			}
			to := visitor
			to.ClientID = strings.Repeat("c", 64)
			g, err := f.Login(f.ctx, to, Account{Username: name, Password: goodPassword}, "")
			if err != nil {
				t.Fatal(err)
			}
			token := g.AccessToken
			if len(token) > maxIssuedToken || len(u.Rights.Claims) < 1000 {
				t.Errorf("the token has %d bytes with claims of %d", len(token), len(u.Rights.Claims))
			}
			if short := maxIssuedToken - len(token); short > 120 {
				t.Errorf("%d bytes of the token are left unused", short)
			}
			f.register(t, "al")
			f.setRights(t, "al", RightsChange{Set: claim("a", `"`+strings.Repeat("x", len(u.Rights.Claims))+`"`)})
			_, err = f.RenameUser(f.ctx, visitor, "al", strings.Repeat("日", 64))
			wantCode(t, "rename", err, CodeInvalidRequest)
		})
	}
}

func TestRolesCanBeKeptOutOfTokens(t *testing.T) {
	t.Parallel()
	with := newFixture(t, openSQLite(t), nil)
	without := newFixture(t, with.store, func(c *Config) { c.RightsOutOfTokens = true })
	with.register(t, "alice")
	with.setRights(t, "alice", RightsChange{Grant: []string{"admin"}, Set: claim("plan", `"pro"`)})
	for _, f := range []*fixture{with, without} {
		if err := f.Cluster.Sync(f.ctx); err != nil {
			t.Fatal(err)
		}
	}
	g := without.signIn(t, "alice")
	if p := payloadOf(t, g.AccessToken); p["roles"] != nil || p["claims"] != nil || p["rgen"] == nil {
		t.Errorf("the token has %v", p)
	}
	for _, token := range []string{g.AccessToken, with.signIn(t, "alice").AccessToken} {
		who, err := without.Verify(token)
		if err != nil || who.Roles() != "" || who.HasRole("admin") || without.RolesInTokens() {
			t.Errorf("got %+v, %v", who, err)
		}
		_, err = with.Verify(token)
		wantCode(t, "verify on a server with roles in its tokens", err, "")
	}
	who, err := without.Verify(g.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	u, err := without.Service.Profile(without.ctx, who)
	if err != nil || u.Rights.Roles != "admin" || u.Rights.Claims != `{"plan":"pro"}` {
		t.Errorf("the profile has %+v, %v", u.Rights, err)
	}
}

// TestVerifyAllocatesNothing: not for tokens with roles either, once they were seen. It is not parallel,
// as AllocsPerRun demands.
func TestVerifyAllocatesNothing(t *testing.T) {
	f := newFixture(t, openSQLite(t), nil)
	f.register(t, "alice")
	without := f.signIn(t, "alice")
	f.register(t, "bob")
	f.setRights(t, "bob", RightsChange{Grant: []string{"admin", "editor"}, Set: claim("plan", `"pro"`)})
	with := f.signIn(t, "bob")
	if err := f.Cluster.Sync(f.ctx); err != nil {
		t.Fatal(err)
	}
	for name, g := range map[string]Grant{"without roles": without, "with roles": with} {
		allocated := testing.AllocsPerRun(100, func() {
			who, err := f.Verify(g.AccessToken)
			if err != nil || who.HasRole("owner", "editor") != (name == "with roles") {
				t.Fatal(who, err)
			}
		})
		if allocated > 0 {
			t.Errorf("%s: %v allocations", name, allocated)
		}
	}
}

// TestForgedRolesAreNoToken: whoever knows the secret of HS256 can sign a token, but not put a line
// into the header of a request.
func TestForgedRolesAreNoToken(t *testing.T) {
	t.Parallel()
	a := newTestAccessTokens()
	for roles, ok := range map[string]bool{`["admin"]`: true, `["a","b"]`: true, `[]`: false, `null`: false, `"admin"`: false, `["Admin"]`: false,
		`["a\r\nX-Auth-User-Id: root"]`: false, `["b","a"]`: false, `[1]`: false, `["a,b"]`: false, `["a b"]`: false} {
		c := claims{ID: newTokenID(), ClientID: a.clientID, Issuer: a.issuer, Subject: testSession.UserID.String(), UserID: testSession.UserID.String(),
			Username: "alice", SessionID: testSession.ID.String(), IssuedAt: issuedAt.Unix(), ExpiresAt: issuedAt.Add(time.Minute).Unix()}
		payload, err := json.Marshal(&c)
		if err != nil {
			t.Fatal(err)
		}
		key := a.ring.Load().active
		signed := key.headers[0] + base64.RawURLEncoding.EncodeToString([]byte(strings.TrimSuffix(string(payload), "}")+`,"roles":`+roles+"}"))
		signature, err := key.method.Sign(signed, key.private)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.verify(signed+"."+base64.RawURLEncoding.EncodeToString(signature), issuedAt); (err == nil) != ok {
			t.Errorf("%s: got %v", roles, err)
		}
	}
}
