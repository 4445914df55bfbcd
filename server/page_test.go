package server_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/authctl/authctl/server"
)

var builtInPages = []string{server.VerifyPagePath, server.ResetPagePath}

var (
	inlineElement = regexp.MustCompile(`(?s)<(style|script)>(.*?)</`)
	loads         = regexp.MustCompile(`(?i)\s(src|href|srcset|on[a-z]+|style)\s*=|@import|url\(|<(link|img|iframe|object|embed|base)\b`)
)

func TestABuiltInPageLoadsNothingAndRunsOnlyItsOwnScript(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, path := range builtInPages {
		a := f.send(request{method: "GET", path: path}).want(t, http.StatusOK)
		policy := a.header.Get("Content-Security-Policy")
		want := "default-src 'none'"
		for kind, content := range inline(t, a) {
			sum := sha256.Sum256([]byte(content))
			hash := kind + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
			if !strings.Contains(policy, hash) {
				t.Errorf("%s: the policy %q lacks %s", path, policy, hash)
			}
			policy = strings.Replace(policy, hash+"; ", "", 1)
		}
		want += "; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
		if policy != want {
			t.Errorf("%s: the rest of the policy is %q, want %q", path, policy, want)
		}
		if found := loads.FindString(string(a.body)); found != "" {
			t.Errorf("%s: the page has %q", path, found)
		}
		if a.header.Get("Content-Language") != "en" || !strings.Contains(strings.Join(a.header.Values("Vary"), ","), "Accept-Language") {
			t.Errorf("%s: got %v", path, a.header)
		}
	}
}

// inline returns the content of the page's one style and one script.
func inline(t *testing.T, a answer) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, match := range inlineElement.FindAllStringSubmatch(string(a.body), -1) {
		found[match[1]] = match[2]
	}
	if len(found) != 2 || strings.Count(string(a.body), "<script") != 1 || strings.Count(string(a.body), "<style") != 1 {
		t.Fatalf("the page is %s", a.body)
	}
	return found
}

func TestAPageSpeaksTheLanguageOfItsReader(t *testing.T) {
	t.Parallel()
	f := start(t)
	for accepts, want := range map[string][3]string{
		"":                        {"en", "Verify your e-mail address", "Choose a new password"},
		"de-CH,de;q=0.9,en;q=0.8": {"de", "E-Mail-Adresse bestätigen", "Neues Passwort wählen"},
		"fr-CA":                   {"fr", "Confirmer votre adresse e-mail", "Choisir un nouveau mot de passe"},
		"es-419,es":               {"es", "Confirmar la dirección de correo", "Elegir una contraseña nueva"},
		"pt-BR":                   {"pt", "Confirmar o endereço de e-mail", "Escolher uma nova palavra-passe"},
		"ja, pt;q=0.5":            {"pt", "Confirmar o endereço de e-mail", "Escolher uma nova palavra-passe"},
		"ja":                      {"en", "Verify your e-mail address", "Choose a new password"},
		"de\x22><script>, de":     {"de", "E-Mail-Adresse bestätigen", "Neues Passwort wählen"},
	} {
		for i, path := range builtInPages {
			a := f.send(request{method: "GET", path: path, header: map[string]string{"Accept-Language": accepts}}).want(t, http.StatusOK)
			if body := string(a.body); a.header.Get("Content-Language") != want[0] || !strings.Contains(body, `<html lang="`+want[0]+`">`) ||
				!strings.Contains(body, "<h1>"+want[i+1]+"</h1>") {
				t.Errorf("%s for %q: got %s %s", path, accepts, a.header.Get("Content-Language"), body)
			}
		}
	}
}

func TestAPageReflectsNothingOfARequest(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, path := range builtInPages {
		plain := f.send(request{method: "GET", path: path}).want(t, http.StatusOK)
		for _, r := range []request{
			{path: path + "?token=evil&q=%22%3E%3Cscript%3Eevil"},
			{path: path, header: map[string]string{"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example", "Referer": "https://evil.example/"}},
			{path: path, cookies: "access_token=evil; refresh_token=evil"},
		} {
			r.method = "GET"
			a := f.send(r).want(t, http.StatusOK)
			if string(a.body) != string(plain.body) || strings.Contains(a.String(), "evil") || len(setCookies(a)) > 0 {
				t.Errorf("%s: got %s", path, a)
			}
		}
	}
}

// submit sends the form of a page, as a browser without scripts does.
func (f *fixture) submit(path string, fields ...string) answer {
	f.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
		f.noteSecret(fields[i+1])
	}
	return f.send(request{method: "POST", path: path, body: form.Encode(), header: map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin", "Origin": "null", // as Referrer-Policy: no-referrer has it
	}})
}

func TestAFormOfAPageIsReadStrictly(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, path := range builtInPages {
		for name, fields := range map[string][]string{
			"nothing":          {},
			"another field":    {"token", "x", "new_password", password, "role", "admin"},
			"a field twice":    {"token", "x", "token", "y", "new_password", password},
			"U+0000":           {"token", "x\x00", "new_password", password + "\x00"},
			"U+FFFD":           {"token", "x\uFFFD", "new_password", password + "\uFFFD"},
			"what is no UTF-8": {"token", "x\xff", "new_password", password + "\xff"},
		} {
			if a := f.submit(path, fields...); a.status != http.StatusBadRequest || a.code() != "invalid_request" {
				t.Errorf("%s to %s: got %s", name, path, a)
			}
		}
		for name, body := range map[string]string{"a bad escape": "token=%zz&new_password=x", "a semicolon": "token=x;new_password=y"} {
			a := f.send(request{method: "POST", path: path, body: body, header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}})
			if a.status != http.StatusBadRequest {
				t.Errorf("%s to %s: got %s", name, path, a)
			}
		}
		for _, media := range []string{"", "application/json", "text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded; charset=utf-16"} {
			f.send(request{method: "POST", path: path, body: "token=x", header: map[string]string{"Content-Type": media}}).
				want(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
		}
		f.submit(path, "token", strings.Repeat("x", 8<<10)).want(t, http.StatusRequestEntityTooLarge, "payload_too_large")
	}
	f.untouched(t)
}

func TestAPageIsThereUnlessALinkPointsElsewhere(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		verify, reset string
		want          [2]int
	}{
		"no links":                 {"", "", [2]int{http.StatusOK, http.StatusOK}},
		"links to the pages":       {"https://auth.example/verify-email", "https://auth.example/reset-password", [2]int{http.StatusOK, http.StatusOK}},
		"a page of the app":        {"https://shop.example/verify-email", "", [2]int{http.StatusNotFound, http.StatusOK}},
		"another path":             {"", "https://auth.example/reset", [2]int{http.StatusOK, http.StatusNotFound}},
		"both pages are the app's": {"https://shop.example/v", "https://shop.example/r", [2]int{http.StatusNotFound, http.StatusNotFound}},
	} {
		f := start(t, func(s *setup) {
			s.server.PublicURL, s.server.VerifyLink, s.server.ResetLink = "https://auth.example/", tt.verify, tt.reset
		})
		for i, path := range builtInPages {
			if a := f.serve(f.srv.Handler(), httptest.NewRequest("GET", path, nil)); a.status != tt.want[i] {
				t.Errorf("%s: GET %s got %d, want %d", name, path, a.status, tt.want[i])
			}
		}
	}
}

func TestAPersonMayPasteALinkInAnyShape(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"abc234": "abc234",
		" https://auth.example/verify-email#token=abc234\n":    "abc234",
		"<https://auth.example/verify-email#token=abc234>":     "abc234",
		"https://auth.example/verify-email#token=abc\r\n  234": "abc234",
		"https://auth.example/verify-email?x=y#token=abc234.":  "abc234",
		"#token=abc234": "abc234",
		"token=":        "",
		"":              "",
	} {
		if got := server.Pasted(given); got != want {
			t.Errorf("%q: got %q, want %q", given, got, want)
		}
	}
}
