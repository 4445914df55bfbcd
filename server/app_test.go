package server_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"strings"

	"github.com/authctl/authctl/server"
)

// tokens is what a native client gets beside the fields that everybody gets.
type tokens struct {
	AccessToken      string `json:"access_token"`
	TokenType        string `json:"token_type"`
	ExpiresIn        int    `json:"expires_in"`
	RefreshToken     string `json:"refresh_token"`
	RefreshExpiresIn int    `json:"refresh_expires_in"`
}

// in returns the tokens in the body of an answer.
func (tokens) in(a answer) (got tokens) {
	_ = json.Unmarshal(a.body, &got)
	return got
}

func native(id string, origins ...string) server.PublicClient {
	return server.PublicClient{ID: id, Kind: server.ClientNative, Origins: origins}
}

func web(id string, origins ...string) server.PublicClient {
	return server.PublicClient{ID: id, Kind: server.ClientBrowser, Origins: origins}
}

// knowing configures clients.
func knowing(clients ...server.PublicClient) func(*setup) {
	return func(s *setup) { s.server.Clients = clients }
}

// app is a native client, which names itself and keeps its tokens.
type app struct {
	f      *fixture
	id     string
	header map[string]string // sent with each request
	tokens
}

func (f *fixture) app(id string) *app { return &app{f: f, id: id, header: map[string]string{}} }

// signedInApp returns a native client that has just signed in a new user.
func (f *fixture) signedInApp(id, username string) *app {
	f.t.Helper()
	a := f.app(id)
	a.post("/register", account(username, password)).want(f.t, http.StatusCreated)
	a.login(username).want(f.t, http.StatusOK)
	return a
}

// send sends a request with the client's name and its access token. No answer may set or clear a
// cookie, or clear a page's data.
func (a *app) send(r request) answer {
	a.f.t.Helper()
	header := maps.Clone(a.header)
	header["Authctl-Client"] = a.id
	if a.AccessToken != "" && r.header["Authorization"] == "" {
		header["Authorization"] = "Bearer " + a.AccessToken
	}
	maps.Copy(header, r.header)
	r.header = header
	got := a.f.send(r)
	if len(got.header["Set-Cookie"]) != 0 || got.header.Get("Clear-Site-Data") != "" {
		a.f.t.Errorf("%s %s as %s: got %s", r.method, r.path, a.id, got)
	}
	if new := (tokens{}).in(got); new.AccessToken != "" {
		a.tokens = new
	}
	return got
}

func (a *app) post(path, body string) answer {
	a.f.t.Helper()
	return a.send(request{method: "POST", path: path, body: body})
}

func (a *app) get(path string) answer {
	a.f.t.Helper()
	return a.send(request{method: "GET", path: path})
}

func (a *app) login(username string) answer {
	a.f.t.Helper()
	a.tokens = tokens{}
	return a.post("/login", account(username, password))
}

func (a *app) refresh() answer {
	a.f.t.Helper()
	return a.post("/refresh", a.refreshBody())
}

// refreshWith sends any refresh token, and leaves the client's own tokens alone.
func (a *app) refreshWith(token string) answer {
	a.f.t.Helper()
	return a.f.send(request{method: "POST", path: "/refresh", body: tokenBody(token), header: map[string]string{"Authctl-Client": a.id}})
}

func (a *app) refreshBody() string { return tokenBody(a.RefreshToken) }

func tokenBody(token string) string {
	b, _ := json.Marshal(map[string]string{"refresh_token": token})
	return string(b)
}

// clientIDOf returns the client_id of an access token.
func clientIDOf(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "no token"
	}
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var c struct {
		ClientID string `json:"client_id"`
	}
	_ = json.Unmarshal(payload, &c)
	return c.ClientID
}
