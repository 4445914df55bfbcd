package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
)

func TestABrowserClientGetsCookiesAndItsIDInTheAccessToken(t *testing.T) {
	t.Parallel()
	f := start(t, knowing(web("shop", "https://shop.example"), native("cli")))
	f.signedIn("alice")
	b := f.browser()
	header := map[string]string{"Authctl-Client": "shop", "Origin": "https://shop.example", "Sec-Fetch-Site": "same-site"}
	a := b.send(request{method: "POST", path: "/login", body: account("alice", password), header: header}).want(t, http.StatusOK)
	if clientIDOf(b.cookies["access_token"]) != "shop" || strings.Contains(string(a.body), "token") {
		t.Errorf("got %s", a)
	}
	if a.header.Get("Access-Control-Allow-Origin") != "https://shop.example" || a.header.Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("the page may not read %s", a)
	}
	b.send(request{method: "POST", path: "/refresh", header: map[string]string{"Authctl-Client": "shop"}}).want(t, http.StatusOK)
	if got := clientIDOf(b.cookies["access_token"]); got != "shop" {
		t.Errorf("after a refresh the client_id is %q", got)
	}
	b.post("/refresh", "").want(t, http.StatusOK)
	if got := clientIDOf(b.cookies["access_token"]); got != "authctl" {
		t.Errorf("without the header the client_id is %q", got)
	}
	f.send(request{method: "POST", path: "/refresh", body: tokenBody(b.token()), header: map[string]string{"Authctl-Client": "shop"}}).
		want(t, http.StatusBadRequest, authn.CodeInvalidRequest)
}

func TestUnknownClientsAreRefusedAndTheLogNamesTheSetting(t *testing.T) {
	t.Parallel()
	f := start(t, knowing(native("cli")))
	b := f.signedIn("alice")
	for _, id := range []string{"other", "CLI", "cli,cli", "cli, cli", " ", "cli;q=1", "\"cli\"", strings.Repeat("x", 2000)} {
		for _, path := range []string{"/login", "/refresh", "/logout"} {
			a := b.send(request{method: "POST", path: path, body: account("alice", password), header: map[string]string{"Authctl-Client": id}})
			if a.want(t, http.StatusBadRequest, "unknown_client"); len(setCookies(a)) != 0 {
				t.Errorf("%q at %s: got %s", id, path, a)
			}
		}
	}
	for _, lines := range []string{"Authctl-Client: cli\r\nAuthctl-Client: cli\r\n", "Authctl-Client: cli\r\nauthctl-client: other\r\n", "Authctl-Client:\r\n"} {
		f.raw(t, "POST /refresh HTTP/1.1\r\nHost: x\r\n"+lines+"Content-Length: 0\r\nConnection: close\r\n\r\n").
			want(t, http.StatusBadRequest, "unknown_client")
	}
	warned := f.logged("client header not followed")
	if len(warned) != 1 || warned[0]["setting"] != "clients" || warned[0]["client"] != "other" {
		t.Errorf("the log has %v", warned)
	}
	header := map[string]string{"Authctl-Client": "other", "Authorization": "Bearer " + b.cookies["access_token"]}
	for _, path := range []string{"/verify", "/healthz", "/readyz"} { // their headers are those of others
		f.send(request{method: "GET", path: path, header: header}).want(t, http.StatusOK)
	}
	b.get("/profile").want(t, http.StatusOK)
}

func TestWithoutClientsTheHeaderChangesNothing(t *testing.T) {
	t.Parallel()
	f := start(t, allowing("https://good.example"))
	b := f.signedIn("alice")
	header := map[string]string{"Authctl-Client": "cli"}
	a := b.send(request{method: "POST", path: "/login", body: account("alice", password), header: header}).want(t, http.StatusOK)
	if len(setCookies(a)) != 2 || strings.Contains(string(a.body), "token") || clientIDOf(b.cookies["access_token"]) != "authctl" {
		t.Errorf("got %s", a)
	}
	b.send(request{method: "POST", path: "/refresh", header: header}).want(t, http.StatusOK)
	f.send(request{method: "POST", path: "/refresh", body: tokenBody(b.token()), header: header}).want(t, http.StatusBadRequest, authn.CodeInvalidRequest)
	preflight := f.send(request{method: "OPTIONS", path: "/login", header: map[string]string{
		"Origin": "https://good.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authctl-client"}})
	if preflight.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("got %s", preflight)
	}
	if warned := f.logged("client header not followed"); len(warned) != 1 || !strings.Contains(warned[0]["reason"].(string), "no clients are configured") {
		t.Errorf("the log has %v", warned)
	}
}

func TestClientsChangeWhileTheServerRuns(t *testing.T) {
	t.Parallel()
	f := start(t)
	if err := f.srv.Reconfigure(server.Config{Clients: []server.PublicClient{native("cli")}}); err != nil {
		t.Fatal(err)
	}
	a := f.signedInApp("cli", "alice")
	if err := f.srv.Reconfigure(server.Config{Clients: []server.PublicClient{native("cli", "*")}}); err == nil {
		t.Error("a wildcard is taken")
	}
	a.refresh().want(t, http.StatusOK)
	if err := f.srv.Reconfigure(server.Config{Clients: []server.PublicClient{native("phone")}}); err != nil {
		t.Fatal(err)
	}
	a.refresh().want(t, http.StatusBadRequest, "unknown_client")
	a.id = "phone"
	a.refresh().want(t, http.StatusOK) // nobody was signed out
}

func TestClientsThatContradictThemselvesAreRefused(t *testing.T) {
	t.Parallel()
	for _, list := range [][]server.PublicClient{
		{native("")}, {native("A")}, {native("authctl")}, {native("a"), web("a")}, {native(strings.Repeat("a", 65))}, {native("a b")},
		{{ID: "a"}}, {{ID: "a", Kind: "service"}}, {native("a", "null")}, {native("a", "https://x.example", "https://x.example")},
	} {
		if err := (server.Config{Clients: list}).Check(); err == nil {
			t.Errorf("%v is taken", list)
		}
	}
	if err := (server.Config{Clients: []server.PublicClient{native("a.b_c:d-1"), web(strings.Repeat("a", 64))}}).Check(); err != nil {
		t.Error(err)
	}
	if !slices.ContainsFunc(server.CheckClients([]server.PublicClient{{ID: "a", Kind: "service"}}), func(err error) bool {
		return strings.Contains(err.Error(), "authctl client create")
	}) {
		t.Error("the refusal of a service account does not say how one is made")
	}
}
