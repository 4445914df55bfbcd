package server_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/authctl/authctl/authn"
)

// setRights changes what a user may do.
func (f *fixture) setRights(name string, c authn.RightsChange) {
	f.t.Helper()
	if _, changed, err := f.svc.SetRights(f.t.Context(), operator, name, c); err != nil || !changed {
		f.t.Fatalf("set rights: %t, %v", changed, err)
	}
}

func TestRolesReachApplicationsAndARefreshBringsNewOnes(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start()
		b, other := f.signedIn("alice"), f.signedIn("bob")
		a := b.get("/verify").want(t, http.StatusOK)
		if got := a.header.Values("X-Auth-Roles"); len(got) != 1 || got[0] != "" {
			t.Errorf("without roles: got X-Auth-Roles %q, want an empty one", got)
		}
		b.get("/verify?role=admin").want(t, http.StatusForbidden, "missing_role")
		profiles := func(want string) {
			t.Helper()
			var p struct{ Roles, Claims json.RawMessage }
			if err := json.Unmarshal(b.get("/profile").want(t, http.StatusOK).body, &p); err != nil {
				t.Fatal(err)
			}
			if got := string(p.Roles) + " " + string(p.Claims); got != want {
				t.Errorf("/profile has %s, want %s", got, want)
			}
		}
		profiles("[] {}")
		f.setRights("alice", authn.RightsChange{Grant: []string{"editor", "billing:read"}, Set: map[string]jsontext.Value{"plan": []byte(`{"seats":3}`)}})
		for _, path := range []string{"/verify", "/verify?role=editor", "/profile", "/sessions"} {
			b.get(path).want(t, http.StatusUnauthorized, authn.CodeTokenExpired)
			other.get(path).want(t, map[bool]int{true: http.StatusForbidden, false: http.StatusOK}[path == "/verify?role=editor"])
		}
		b.post("/refresh", "").want(t, http.StatusOK)
		if got := b.get("/verify").want(t, http.StatusOK).header.Get("X-Auth-Roles"); got != "billing:read,editor" {
			t.Errorf("got the roles %q", got)
		}
		profiles(`["billing:read","editor"] {"plan":{"seats":3}}`)
		for query, status := range map[string]int{
			"role=editor":                     http.StatusOK,
			"role=admin":                      http.StatusForbidden,
			"role=admin&role=editor":          http.StatusOK,
			"role=admin&role=owner":           http.StatusForbidden,
			"x=1&role=billing%3Aread":         http.StatusOK,
			"%72ole=admin":                    http.StatusForbidden,
			"role=edito":                      http.StatusForbidden,
			"role=billing":                    http.StatusForbidden,
			"role=":                           http.StatusBadRequest,
			"role":                            http.StatusBadRequest,
			"role=Editor":                     http.StatusBadRequest,
			"role=editor&role=":               http.StatusBadRequest,
			"role=editor,admin":               http.StatusBadRequest,
			"role=admin/app?role=editor":      http.StatusBadRequest,
			"role=admin;role=editor":          http.StatusBadRequest,
			"role=%zz":                        http.StatusBadRequest,
			"roles=admin":                     http.StatusBadRequest,
			"Role=admin":                      http.StatusBadRequest,
			"ROLES[]=admin":                   http.StatusBadRequest,
			"role[]=admin":                    http.StatusBadRequest,
			"role%5B%5D=editor&role=editor":   http.StatusBadRequest,
			"roleplay=1&user_role=admin":      http.StatusOK,
			"":                                http.StatusOK,
			"&&=&x":                           http.StatusOK,
			"%zz=1&role=admin":                http.StatusForbidden,
			"role=billing:read&unrelated=%zz": http.StatusOK,
		} {
			a := b.get("/verify?" + query)
			if a.want(t, status); status != http.StatusOK && a.header.Get("X-Auth-User-Id")+a.header.Get("X-Auth-Roles") != "" {
				t.Errorf("%s: a refusal says who it is: %s", query, a)
			}
		}
		// Below /verify is the query of the client's request, which must neither demand nor allow anything.
		for _, path := range []string{"/verify/", "/verify/shop?role=admin", "/verify/?role=Admin"} {
			b.get(path).want(t, http.StatusOK)
		}
		stranger := f.browser()
		stranger.get("/verify?role=editor").want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
		stranger.get("/verify?role=x!").want(t, http.StatusBadRequest, authn.CodeInvalidRequest)
		f.setRights("alice", authn.RightsChange{Revoke: []string{"editor", "billing:read"}, Unset: []string{"plan"}})
		b.post("/logout", "").want(t, http.StatusOK) // with a token that needs a refresh
		b.get("/profile").want(t, http.StatusUnauthorized)
	})
}

func TestVerifyCannotCheckARoleThatIsKeptOutOfTokens(t *testing.T) {
	t.Parallel()
	f := start(t, func(s *setup) { s.authn.RightsOutOfTokens = true })
	b := f.signedIn("alice")
	f.setRights("alice", authn.RightsChange{Grant: []string{"admin"}})
	b.post("/refresh", "").want(t, http.StatusOK)
	b.get("/verify?role=admin").want(t, http.StatusBadRequest, authn.CodeInvalidRequest)
	if a := b.get("/verify").want(t, http.StatusOK); a.header.Get("X-Auth-Roles") != "" {
		t.Errorf("got %s", a)
	}
	var p struct{ Roles []string }
	if err := json.Unmarshal(b.get("/profile").want(t, http.StatusOK).body, &p); err != nil || len(p.Roles) != 1 {
		t.Errorf("got %+v, %v", p, err)
	}
}

// TestNobodySetsRolesByTheAPI sends them with every body.
func TestNobodySetsRolesByTheAPI(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.browser().post("/register", `{"username":"mallory","password":"`+password+`","roles":["admin"]}`).want(t, http.StatusBadRequest, authn.CodeInvalidRequest)
	b := f.signedIn("alice")
	b.post("/refresh", `{"roles":["admin"]}`).want(t, http.StatusBadRequest, authn.CodeInvalidRequest)
	b.send(request{method: "GET", path: "/profile", header: map[string]string{"X-Auth-Roles": "admin"}}).want(t, http.StatusOK)
	b.get("/verify?role=admin").want(t, http.StatusForbidden)
	a := b.send(request{method: "GET", path: "/verify", header: map[string]string{"X-Auth-Roles": "admin"}}).want(t, http.StatusOK)
	if got := a.header.Get("X-Auth-Roles"); got != "" {
		t.Errorf("got the roles %q", got)
	}
}
