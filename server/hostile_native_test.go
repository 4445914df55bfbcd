package server_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
)

const extension = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"

// knowingMany configures clients of each kind with origins.
var knowingMany = knowing(
	native("ext", extension, "https://both.example"), native("cli"), native("phone", "capacitor://localhost"),
	web("shop", "https://shop.example", "https://both.example"))

// TestAWebPageGetsNoTokenInABody sends what pages can send, and more, to every endpoint that has tokens.
func TestAWebPageGetsNoTokenInABody(t *testing.T) {
	t.Parallel()
	f := start(t, knowingMany, allowing("https://good.example"))
	a := f.signedInApp("cli", "alice")
	const cross = "Sec-Fetch-Site: cross-site\r\n"
	for _, headers := range []string{
		"Origin: https://good.example\r\n",
		"Origin: https://good.example\r\n" + cross,
		"Origin: https://shop.example\r\n" + cross,
		"Origin: https://evil.example\r\n" + cross,
		"Origin: http://" + f.addr + "\r\nSec-Fetch-Site: same-origin\r\n",
		"Origin: null\r\n" + cross,
		"Origin: null\r\nSec-Fetch-Site: same-origin\r\n",
		"Origin:\r\n",
		"Sec-Fetch-Site: same-origin\r\n",
		"Sec-Fetch-Site: none\r\n",
		"Sec-Fetch-Site:\r\n",
		cross,
		"Origin: capacitor://localhost\r\n" + cross, // of another native client
		"Origin: " + extension + ".evil\r\n" + cross,
		"Origin: " + strings.ToUpper(extension) + "\r\n" + cross,
		"Origin: " + extension + ", https://good.example\r\n",
		"Origin: " + extension + "\r\nOrigin: https://good.example\r\n",
		"Origin: " + extension + "\r\nOrigin: " + extension + "\r\n",
	} {
		for _, id := range []string{"ext", "cli"} {
			for _, body := range []string{account("alice", password), tokenBody(a.RefreshToken)} {
				path := "/login"
				if strings.Contains(body, "refresh_token") {
					path = "/refresh"
				}
				got := f.raw(t, "POST "+path+" HTTP/1.1\r\nHost: "+f.addr+"\r\nAuthctl-Client: "+id+"\r\nContent-Type: application/json\r\n"+
					headers+"Content-Length: "+strconv.Itoa(len(body))+"\r\nConnection: close\r\n\r\n"+body)
				f.noteAnswer(got)
				if strings.Contains(string(got.body), `"access_token"`) || strings.Contains(string(got.body), `"refresh_token":`) {
					t.Errorf("%s as %s with %q: got %s", path, id, headers, got)
				}
				for _, c := range setCookies(got) {
					if c.Name == "access_token" && clientIDOf(c.Value) != "authctl" {
						t.Errorf("%s as %s with %q: the access token names the client %s", path, id, headers, clientIDOf(c.Value))
					}
				}
			}
		}
	}
	a.refresh().want(t, http.StatusOK) // no page has used its token up
}

// TestPagesOfANativeClientGetTokensOfThatClientOnly is about wrapped apps and extensions.
func TestPagesOfANativeClientGetTokensOfThatClientOnly(t *testing.T) {
	t.Parallel()
	f := start(t, knowingMany)
	f.signedIn("alice")
	for _, tt := range []struct{ id, origin, site string }{
		{"ext", extension, "none"}, {"ext", extension, "cross-site"}, {"ext", extension, ""},
		{"phone", "capacitor://localhost", "cross-site"}, {"ext", "https://both.example", "cross-site"},
	} {
		a := f.app(tt.id)
		a.header = map[string]string{"Origin": tt.origin, "Sec-Fetch-Site": tt.site}
		got := a.login("alice").want(t, http.StatusOK)
		if a.AccessToken == "" || clientIDOf(a.AccessToken) != tt.id || got.header.Get("Access-Control-Allow-Origin") != tt.origin {
			t.Errorf("%+v: got %s", tt, got)
		}
		a.refresh().want(t, http.StatusOK)
		a.get("/profile").want(t, http.StatusOK)
		a.send(request{method: "DELETE", path: "/sessions"}).want(t, http.StatusOK)
		a.post("/logout", a.refreshBody()).want(t, http.StatusOK)

		wantCredentials := ""
		if tt.origin == "https://both.example" { // of a browser client too
			wantCredentials = "true"
		}
		preflight := f.send(request{method: "OPTIONS", path: "/login", header: map[string]string{"Origin": tt.origin, "Access-Control-Request-Method": "POST",
			"Access-Control-Request-Headers": "authctl-client,authorization,content-type"}})
		if preflight.header.Get("Access-Control-Allow-Origin") != tt.origin || preflight.header.Get("Access-Control-Allow-Headers") != "authctl-client,authorization,content-type" ||
			preflight.header.Get("Access-Control-Allow-Credentials") != wantCredentials || got.header.Get("Access-Control-Allow-Credentials") != wantCredentials {
			t.Errorf("%+v: the preflight got %s, the login %s", tt, preflight, got)
		}
	}
}

// TestAPageOfANativeClientsOriginHasNoCookies: many apps share capacitor://localhost, and a program on the
// user's machine can serve https://localhost.
func TestAPageOfANativeClientsOriginHasNoCookies(t *testing.T) {
	t.Parallel()
	f := start(t, knowingMany)
	b := f.signedIn("alice")
	for _, id := range []string{"", "phone", "shop", "ext"} {
		header := map[string]string{"Origin": "capacitor://localhost", "Sec-Fetch-Site": "cross-site", "Authctl-Client": id}
		cookies := "access_token=" + b.cookies["access_token"] + "; refresh_token=" + b.token()
		for _, path := range []string{"/profile", "/sessions"} {
			f.send(request{method: "GET", path: path, header: header, cookies: cookies}).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
		}
		f.send(request{method: "POST", path: "/logout", header: header, cookies: cookies})
		f.send(request{method: "DELETE", path: "/sessions", header: header, cookies: cookies}).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
	}
	b.get("/profile").want(t, http.StatusOK)
	b.post("/refresh", "").want(t, http.StatusOK)
}

func TestTheWarningOfARefusedAppNamesTheSetting(t *testing.T) {
	t.Parallel()
	f := start(t, knowing(native("cli")))
	a := f.send(request{method: "POST", path: "/login", body: account("alice", password), header: map[string]string{"Origin": "tauri://localhost", "Sec-Fetch-Site": "cross-site"}}).
		want(t, http.StatusForbidden, "cross_origin")
	if !strings.Contains(string(a.body), "in the origins of a client in clients") {
		t.Errorf("got %s", a)
	}
	if warned := f.logged("cross-origin request refused"); len(warned) != 1 || warned[0]["setting"] != "clients" || warned[0]["origin"] != "tauri://localhost" {
		t.Errorf("the log has %v", warned)
	}
}

// TestReadingWithoutAnOriginIsNoMistake: an extension sends Sec-Fetch-Site alone with a GET.
func TestReadingWithoutAnOriginIsNoMistake(t *testing.T) {
	t.Parallel()
	f := start(t, knowingMany)
	a := f.signedInApp("ext", "alice")
	a.header = map[string]string{"Sec-Fetch-Site": "none"}
	a.get("/profile").want(t, http.StatusOK)
	if warned := f.logged("client header not followed"); len(warned) != 0 {
		t.Errorf("the log has %v", warned)
	}
	f.send(request{method: "POST", path: "/login", body: account("alice", password), header: map[string]string{"Sec-Fetch-Site": "none", "Authctl-Client": "ext"}}).
		want(t, http.StatusOK)
	if warned := f.logged("client header not followed"); len(warned) != 1 {
		t.Errorf("the log has %v", warned)
	}
}

func TestOriginsOfAppsAreTaken(t *testing.T) {
	t.Parallel()
	for origin, taken := range map[string]bool{
		"capacitor://localhost": true, "ionic://localhost": true, "tauri://localhost": true, "http://tauri.localhost": true, "https://tauri.localhost": true,
		"app://bundle": true, extension: true, "moz-extension://0b7e3c52-6f0d-4a55-9f0c-2f6f0f1c9a11": true, "https://localhost": true, "http://localhost": true,
		"safari-web-extension://0b7e3c52-6f0d-4a55-9f0c-2f6f0f1c9a11": true,
		"http://evil.localhost": false, "http://tauri.localhost.evil": false, "http://tauri.localhost:80": false, "tauri://localhost:1": false,
		"tauri://localhost/": false, "tauri://u@localhost": false, "tauri://*.localhost": false, "tauri://": false, "tauri:localhost": false, "TAURI://localhost": false,
		"chrome-extension://*": false, "chrome://settings": false, "file://": false, "data://x": false, "javascript://x": false, "ws://localhost": false, "null": false,
	} {
		if err := server.CheckClientOrigin(origin); (err == nil) != taken {
			t.Errorf("%q: got %v", origin, err)
		}
		if err := server.CheckAllowedOrigin(origin); (err == nil) != taken {
			t.Errorf("%q in allowed_origins: got %v", origin, err)
		}
	}
	if server.CheckOrigin(extension) == nil {
		t.Error("server.trusted_origins takes an extension, whose requests no proxy brings")
	}
}
