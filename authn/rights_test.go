package authn

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/authctl/authctl/store"
)

// payloadOf decodes the payload of an access token, as an application does.
func payloadOf(t *testing.T, token string) map[string]jsontext.Value {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	var payload map[string]jsontext.Value
	if err == nil {
		err = json.Unmarshal(b, &payload)
	}
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// setRights changes the rights of a user, which must differ then.
func (f *fixture) setRights(t *testing.T, name string, c RightsChange) store.User {
	t.Helper()
	u, changed, err := f.SetRights(f.ctx, visitor, name, c)
	if err != nil || !changed {
		t.Fatalf("set rights: %t, %v", changed, err)
	}
	return u
}

func claim(name, value string) map[string]jsontext.Value {
	return map[string]jsontext.Value{name: jsontext.Value(value)}
}

// TestAChangeOfRolesIsInForceAtOnceAndSignsNobodyOut: a client holds a token of before, refreshes
// it once, and goes on.
func TestAChangeOfRolesIsInForceAtOnceAndSignsNobodyOut(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		node := newFixture(t, f.store, nil)
		f.register(t, "alice")
		f.register(t, "bob")
		alice, bob := f.signIn(t, "alice"), f.signIn(t, "bob")
		if p := payloadOf(t, alice.AccessToken); p["roles"] != nil || p["claims"] != nil || p["rgen"] != nil {
			t.Errorf("a token of a user without roles has %v", p)
		}
		synced := func() {
			t.Helper()
			for _, s := range []*fixture{f, node} {
				s.clock.Store(f.clock.Load())
				if err := s.Cluster.Sync(f.ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		synced()
		for i, step := range []struct {
			change RightsChange
			roles  string
			claims string
		}{
			{RightsChange{Grant: []string{"editor", "admin"}, Set: claim("plan", `"pro"`)}, "admin editor", `{"plan":"pro"}`},
			{RightsChange{Revoke: []string{"editor", "owner"}}, "admin", `{"plan":"pro"}`},
			{RightsChange{Set: claim("plan", `{ "name": "free" }`)}, "admin", `{"plan":{"name":"free"}}`},
			{RightsChange{Revoke: []string{"admin"}, Unset: []string{"plan"}}, "", ""},
		} {
			u := f.setRights(t, "alice", step.change)
			if u.Rights.Roles != step.roles || u.Rights.Claims != step.claims {
				t.Errorf("step %d: got %+v", i, u.Rights)
			}
			synced()
			for _, s := range []*fixture{f, node} {
				_, err := s.Verify(alice.AccessToken)
				wantCode(t, "verify a token of before", err, CodeTokenExpired)
				_, err = s.Verify(bob.AccessToken)
				wantCode(t, "verify another's", err, "")
			}
			var err error
			if alice, err = node.Refresh(f.ctx, visitor, alice.RefreshToken); err != nil || alice.Outcome != store.Rotated {
				t.Fatalf("step %d: refresh: %s, %v", i, alice.Outcome, err)
			}
			for _, s := range []*fixture{f, node} {
				who, err := s.Verify(alice.AccessToken)
				wantCode(t, "verify what the refresh gave", err, "")
				if who.Roles() != step.roles || who.HasRole("admin") != strings.Contains(step.roles, "admin") {
					t.Errorf("step %d: got the roles %q", i, who.Roles())
				}
			}
			p := payloadOf(t, alice.AccessToken)
			if string(p["claims"]) != step.claims || len(p["roles"]) > 0 && string(p["roles"]) != `["`+strings.ReplaceAll(step.roles, " ", `","`)+`"]` {
				t.Errorf("step %d: the token has %s and %s", i, p["roles"], p["claims"])
			}
			f.advance(time.Second)
		}
		fresh := f.signIn(t, "alice")
		_, err := node.Verify(fresh.AccessToken)
		wantCode(t, "verify a token of a new sign-in", err, "")
	})
}

func TestAChangeThatChangesNothingEndsNoToken(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, f *fixture, db *database) {
		f.register(t, "alice")
		change := RightsChange{Grant: []string{"admin"}, Set: claim("plan", `{"b":1,"a":[1.50, 9007199254740993]}`)}
		f.setRights(t, "alice", change)
		g := f.signIn(t, "alice")
		if err := f.Cluster.Sync(f.ctx); err != nil {
			t.Fatal(err)
		}
		for _, c := range []RightsChange{change, {}, {Revoke: []string{"owner"}, Unset: []string{"x"}}, {Grant: []string{"admin", "admin"}},
			{Set: claim("plan", ` { "a" : [ 1.50,9007199254740993 ] , "b" : 1 } `)}} {
			u, changed, err := f.SetRights(f.ctx, visitor, "alice", c)
			if err != nil || changed || u.Rights.Claims != `{"plan":{"a":[1.50,9007199254740993],"b":1}}` {
				t.Errorf("%+v: got %+v, %t, %v", c, u.Rights, changed, err)
			}
		}
		_, err := f.Verify(g.AccessToken)
		wantCode(t, "verify", err, "")
		if n := db.count(t, string(store.ActionRightsChanged)); n != 1 {
			t.Errorf("there are %d events", n)
		}
	})
}

func TestTheTrailTellsWhatChangedAndNoValue(t *testing.T) {
	t.Parallel()
	f := newFixture(t, openSQLite(t), nil)
	f.register(t, "alice")
	f.setRights(t, "alice", RightsChange{Grant: []string{"b", "a"}, Set: map[string]jsontext.Value{"x": []byte(`"secret"`), "an odd, name": []byte(`"secret"`)}})
	visitor := visitor
	visitor.Reason = "the operator's words"
	_, _, err := f.SetRights(f.ctx, visitor, "alice", RightsChange{Grant: []string{"c"}, Revoke: []string{"a"}, Set: claim("x", `"other secret"`), Unset: []string{"an odd, name"}})
	if err != nil {
		t.Fatal(err)
	}
	made, err := f.CreateUser(f.ctx, visitor, NewAccount{Account: Account{Username: "bob"}, NoPassword: true, Rights: RightsChange{Grant: []string{"admin"}}})
	if err != nil || made.User.Rights.Roles != "admin" {
		t.Fatal(made.User.Rights, err)
	}
	events, _, err := f.store.Events(f.ctx, store.EventPage{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for _, e := range events {
		if e.Action == store.ActionRightsChanged || e.UserID == made.User.ID {
			reasons = append(reasons, e.Reason)
		}
	}
	want := []string{"roles +admin: the operator's words", `roles -a +c, claims -"an odd, name" =x: the operator's words`, `roles +a +b, claims +"an odd, name" +x`}
	if !slices.Equal(reasons, want) {
		t.Errorf("got %q, want %q", reasons, want)
	}
}

func TestRolesAndClaimsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, openSQLite(t), nil)
	f.register(t, "alice")
	var many, fit []string
	for i := range 65 {
		many = append(many, fmt.Sprint("r", i))
	}
	for i := range 64 {
		fit = append(fit, fmt.Sprint("r", i))
	}
	huge := strings.Repeat("x", maxClaims)
	for name, tt := range map[string]struct {
		change RightsChange
		says   string
	}{
		"an upper-case role":          {RightsChange{Grant: []string{"Admin"}}, `"Admin" is no role`},
		"an empty role":               {RightsChange{Grant: []string{""}}, `"" is no role`},
		"two roles in one":            {RightsChange{Grant: []string{"a b"}}, "is no role"},
		"a comma":                     {RightsChange{Grant: []string{"a,b"}}, "is no role"},
		"a line break":                {RightsChange{Grant: []string{"a\r\nx: y"}}, "is no role"},
		"another script":              {RightsChange{Grant: []string{"аdmin"}}, "is no role"},
		"a long role":                 {RightsChange{Grant: []string{strings.Repeat("a", 65)}}, "is no role"},
		"too many roles":              {RightsChange{Grant: many}, "would have 65 roles, and may have 64"},
		"both":                        {RightsChange{Grant: []string{"a"}, Revoke: []string{"a"}}, "both given and taken away"},
		"set and removed":             {RightsChange{Set: claim("a", "1"), Unset: []string{"a"}}, "both set and removed"},
		"no name":                     {RightsChange{Set: claim("", "1")}, "cannot be the name"},
		"a control character":         {RightsChange{Set: claim("a\nb", "1")}, "cannot be the name"},
		"the token's own":             {RightsChange{Set: claim("sub", `"x"`)}, `cannot be called "sub"`},
		"no JSON":                     {RightsChange{Set: claim("a", "{")}, "not valid JSON"},
		"two values":                  {RightsChange{Set: claim("a", `1,"b":2`)}, "not valid JSON"},
		"a name twice":                {RightsChange{Set: claim("a", `{"x":1,"x":2}`)}, "not valid JSON, or has a name twice"},
		"no UTF-8":                    {RightsChange{Set: claim("a", "\"\xff\"")}, "not valid JSON"},
		"a number beyond all":         {RightsChange{Set: claim("a", `[1e999]`)}, "number that many programs cannot read"},
		"more than 2 KiB":             {RightsChange{Set: claim("a", `"`+huge+`"`)}, "would have 2056 bytes of JSON, and may have 2048"},
		"more than a token may carry": {RightsChange{Grant: fit, Set: claim("a", `"`+huge[:1800]+`"`)}, "the user's access token would have "},
	} {
		_, _, err := f.SetRights(f.ctx, visitor, "alice", tt.change)
		wantCode(t, name, err, CodeInvalidRequest)
		if err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %v, want %q", name, err, tt.says)
		}
		_, err = f.CreateUser(f.ctx, visitor, NewAccount{Account: Account{Username: "bob"}, NoPassword: true, Rights: tt.change})
		wantCode(t, "create with "+name, err, CodeInvalidRequest)
	}
	if u := f.setRights(t, "alice", RightsChange{Grant: fit}); len(u.Rights.RoleList()) != 64 {
		t.Errorf("got %+v", u.Rights)
	}
	f.setRights(t, "alice", RightsChange{Revoke: fit, Set: claim("a", `"`+huge[:maxClaims-len(`{"a":""}`)]+`"`)})
	_, _, err := f.SetRights(f.ctx, visitor, "nobody", RightsChange{Grant: []string{"admin"}})
	wantCode(t, "nobody's", err, CodeUserNotFound)
}
