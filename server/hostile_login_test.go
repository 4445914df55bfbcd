package server_test

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// TestHostileLogin checks who can sign in, and what an answer reveals about accounts. Timing
// is tested in authn, where nothing else runs.
func TestHostileLogin(t *testing.T) {
	t.Parallel()
	t.Run("bad logins are one and the same answer", func(t *testing.T) {
		t.Parallel()
		onBoth(t, badLogins)
	})
	for name, row := range map[string]func(*testing.T, func(...func(*setup)) *fixture){
		"guesses":                       guesses,
		"two hundred guesses at once":   parallelGuesses,
		"a hundred failures over weeks": manyFailures,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, row)
		})
	}
	for name, row := range map[string]func(*testing.T){
		"a session that came along":            loginWithASession,
		"another's session that came along":    loginWithAnothersSession,
		"a made-up session that came along":    loginWithAMadeUpToken,
		"a form of another site":               loginFromAForm,
		"one password and many names":          spray,
		"forwarding headers of just anybody":   loginWithForwardingHeaders,
		"a user who is disabled is signed out": loginWhileDisabled,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row(t)
		})
	}
}

// arrives adds a user with this password hash to the store.
func (f *fixture) arrives(t *testing.T, name, hash string) {
	t.Helper()
	u := store.NewUser{ID: uuid.New(), Username: name, Folded: name, PasswordHash: hash, CreatedAt: f.clock.Now()}
	if _, err := f.store.CreateUser(t.Context(), u, store.Event{Action: store.ActionUserCreated, At: f.clock.Now(), Actor: "cli:test"}); err != nil {
		t.Fatal(err)
	}
}

// badLogins: all bad logins have the same status, headers and body, and compute one hash each.
func badLogins(t *testing.T, start func(...func(*setup)) *fixture) {
	f := start()
	for _, name := range []string{"alice", "mallory", "eve"} {
		f.register(name, password).want(t, http.StatusCreated)
	}
	if _, err := f.svc.DisableUser(t.Context(), authn.Actor{Name: "cli:test"}, "mallory"); err != nil {
		t.Fatal(err)
	}
	eve, err := f.svc.User(t.Context(), "eve")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.store.FailLogin(t.Context(), 1, store.Ceiling{}, nil, store.Event{Action: store.ActionLoginFailed, At: f.clock.Now(), Actor: "anonymous", UserID: eve.ID}); err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{
		"disabled password":        account("eve", password),
		"unknown user":             account("nobody", password),
		"a name that cannot be":    account("no body", password),
		"wrong password":           account("alice", "the wrong password"),
		"empty password":           account("alice", ""),
		"disabled":                 account("mallory", password),
		"disabled, wrong password": account("mallory", "the wrong password"),
	}
	hashes := map[string]string{
		"no password":             "",
		"a hash of its prefix":    "$argon2id$",
		"a hash of four GiB":      "$argon2id$v=19$m=4194304,t=3,p=1$c29tZXNhbHQwMTIzNDU2Nw$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApjArZlZPZGRPPc",
		"a hash of no lanes":      "$argon2id$v=19$m=64,t=1,p=0$c29tZXNhbHQwMTIzNDU2Nw$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApjArZlZPZGRPPc",
		"a hash of no passes":     "$argon2id$v=19$m=64,t=0,p=1$c29tZXNhbHQwMTIzNDU2Nw$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApjArZlZPZGRPPc",
		"half a hash of bcrypt":   "$2a$10$x",
		"a hash of 1 MB":          "$argon2id$v=19$m=64,t=1,p=1$" + strings.Repeat("A", 1<<20) + "$B",
		"a hash that is anything": "5f4dcc3b5aa765d61d8327deb882cf99",
	}
	for row, hash := range hashes {
		name := strings.ToLower(strings.ReplaceAll(row, " ", "-"))
		f.arrives(t, name, hash)
		rows[row] = account(name, password)
		if hash != "" {
			f.noteSecret(hash)
		}
	}
	var first answer
	for row, body := range rows {
		t.Run(row, func(t *testing.T) {
			computed, said := f.svc.HashStats().Run, len(f.logged("request failed"))
			a := f.send(request{method: "POST", path: "/login", body: body, header: map[string]string{"X-Request-Id": "same"}}).
				want(t, http.StatusUnauthorized, authn.CodeInvalidCredentials)
			if got := f.svc.HashStats().Run - computed; got != 1 {
				t.Errorf("%d hashes were computed, want 1", got)
			}
			causes := 0
			if hashes[row] != "" {
				causes = 1 // an operator must hear of it
			}
			if got := len(f.logged("request failed")) - said; got != causes {
				t.Errorf("%d causes were logged, want %d", got, causes)
			}
			a.header.Del("Date")
			if first.status == 0 {
				first = a
			} else if !bytes.Equal(a.body, first.body) || !maps.EqualFunc(a.header, first.header, slices.Equal) {
				t.Errorf("got\n%s\nthe first one\n%s", a, first)
			}
		})
	}
}

func loginWithASession(t *testing.T) {
	f := start(t)
	b := f.signedIn("alice")
	f.register("bob", password).want(t, http.StatusCreated)
	old := maps.Clone(b.cookies)
	b.post("/login", account("bob", password)).want(t, http.StatusOK)
	f.profile(old["access_token"]).want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)
	f.refresh(old["refresh_token"]).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
	if a := b.get("/profile").want(t, http.StatusOK); !bytes.Contains(a.body, []byte(`"bob"`)) {
		t.Errorf("the profile is %s", a.body)
	}
}

// loginWithAnothersSession: a bad login ends no session. A good login belongs to the user who
// signed in, whatever cookies came along.
func loginWithAnothersSession(t *testing.T) {
	f := start(t)
	victim, attacker := f.signedIn("alice"), f.signedIn("mallory")
	stolen := request{method: "POST", path: "/login", body: account("mallory", "the wrong password"), cookies: "refresh_token=" + victim.token()}
	f.send(stolen).want(t, http.StatusUnauthorized, authn.CodeInvalidCredentials)
	victim.get("/profile").want(t, http.StatusOK)
	stolen.body = account("mallory", password)
	a := f.send(stolen).want(t, http.StatusOK)
	if a.cookie("refresh_token") == victim.token() {
		t.Error("the session was adopted")
	}
	if got := f.profile(a.cookie("access_token")).want(t, http.StatusOK); !bytes.Contains(got.body, []byte(`"mallory"`)) {
		t.Errorf("the session is %s's", got.body)
	}
	attacker.get("/profile").want(t, http.StatusOK)
}

func loginWithAMadeUpToken(t *testing.T) {
	f := start(t)
	b := f.browser()
	b.post("/register", account("alice", password)).want(t, http.StatusCreated)
	made := strings.Repeat("A", 64)
	b.cookies["refresh_token"] = made
	b.post("/login", account("alice", password)).want(t, http.StatusOK)
	if b.token() == made {
		t.Error("the login adopted the token that came with it")
	}
}

// loginFromAForm: what a form of another site can send is refused before a hash is computed.
func loginFromAForm(t *testing.T) {
	f := start(t)
	f.register("alice", password).want(t, http.StatusCreated)
	computed := f.svc.HashStats().Run
	for row, tt := range map[string]struct {
		header map[string]string
		status int
	}{
		"a form, as browsers say":           {map[string]string{"Content-Type": "text/plain", "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403},
		"a form of an older browser":        {map[string]string{"Content-Type": "text/plain", "Origin": "https://evil.example"}, 403},
		"a form without either":             {map[string]string{"Content-Type": "text/plain"}, 415},
		"fetch without CORS":                {map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403},
		"a sandboxed frame":                 {map[string]string{"Origin": "null"}, 403},
		"a form in a frame of the same one": {map[string]string{"Content-Type": "multipart/form-data; boundary=x", "Sec-Fetch-Site": "same-origin"}, 415},
	} {
		t.Run(row, func(t *testing.T) {
			a := f.send(request{method: "POST", path: "/login", body: account("alice", password), header: tt.header}).want(t, tt.status)
			if len(setCookies(a)) != 0 {
				t.Errorf("got cookies: %s", a)
			}
		})
	}
	if got := f.svc.HashStats().Run - computed; got != 0 {
		t.Errorf("%d hashes were computed, want none", got)
	}
}

// loginWithForwardingHeaders: without a trusted proxy, no header names the client.
func loginWithForwardingHeaders(t *testing.T) {
	f := start(t)
	var hundred []string
	for range 100 {
		hundred = append(hundred, "198.51.100.7")
	}
	for row, value := range map[string]string{
		"one": "198.51.100.7", "a hundred": strings.Join(hundred, ", "), "garbage": "garbage;;", "a zone": "fe80::1%eth0", "a port": "198.51.100.7:80",
		"this machine": "127.0.0.2", "unknown": "unknown",
	} {
		t.Run(row, func(t *testing.T) {
			header := map[string]string{}
			for _, name := range []string{"X-Forwarded-For", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "X-Client-IP"} {
				header[name] = value
			}
			header["Forwarded"] = "for=" + value
			f.send(request{method: "POST", path: "/login", body: account("nobody", password), header: header}).want(t, http.StatusUnauthorized)
			lines := f.logged("request finished")
			if got := lines[len(lines)-1]["remote_addr"]; got != "127.0.0.1" {
				t.Errorf("the client is %v, want the peer", got)
			}
		})
	}
}

func loginWhileDisabled(t *testing.T) {
	f := start(t)
	b := f.signedIn("alice")
	old := maps.Clone(b.cookies)
	if _, err := f.svc.DisableUser(t.Context(), authn.Actor{Name: "cli:test"}, "alice"); err != nil {
		t.Fatal(err)
	}
	for path, a := range map[string]answer{
		"/login":   b.post("/login", account("alice", password)),
		"/profile": f.profile(old["access_token"]),
		"/refresh": f.refresh(old["refresh_token"]),
	} {
		a.want(t, http.StatusUnauthorized)
		for _, c := range setCookies(a) {
			if c.Value != "" {
				t.Errorf("%s hands out a token", path)
			}
		}
	}
}
