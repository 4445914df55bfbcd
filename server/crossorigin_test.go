package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func (a answer) message() string {
	var body struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(a.body, &body) != nil {
		return ""
	}
	return body.Message
}

func TestARefusedOriginIsNamedWithTheSettingThatWouldAllowIt(t *testing.T) {
	t.Parallel()
	endless := "https://" + strings.Repeat("x", 4000) + ".example"
	for name, tt := range map[string]struct {
		origin, site   string
		named, setting string
		says           string
	}{
		"another site":           {"https://shop.example", "cross-site", "https://shop.example", "server.cors.allowed_origins", `a page of "https://shop.example" may not make this request; the operator can allow it in server.cors.allowed_origins, or`},
		"the same site":          {"https://shop.example", "same-site", "https://shop.example", "server.cors.allowed_origins", "server.trusted_origins if a proxy"},
		"a proxy changed Host":   {"http://login.example", "", "http://login.example", "server.public_url or server.cors.allowed_origins", `came by the name "127.0.0.1:`},
		"no origin of its own":   {"null", "cross-site", "null", "", "no setting allows it"},
		"without HTTPS":          {"http://shop.example", "cross-site", "http://shop.example", "", "no setting allows it: an origin must be https://"},
		"unnamed":                {"", "cross-site", "", "server.cors.allowed_origins", "server.cors.allowed_origins names the origins that may"},
		"endless":                {endless, "cross-site", endless[:128] + "...", "server.cors.allowed_origins", `xxx"... may not`},
		"not what a person sees": {"https://sh\u043ep.example", "", `https://sh\u043ep.example`, "server.public_url or server.cors.allowed_origins", `"https://sh\u043ep.example"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t)
			header := map[string]string{}
			for key, value := range map[string]string{"Origin": tt.origin, "Sec-Fetch-Site": tt.site} {
				if value != "" {
					header[key] = value
				}
			}
			a := f.send(request{method: "POST", path: "/login", body: account("alice", password), header: header}).want(t, http.StatusForbidden, "cross_origin")
			if got := a.message(); !strings.Contains(got, tt.says) || len(got) > 700 {
				t.Errorf("got %q, want it to say %q", got, tt.says)
			}
			f.toldOfOrigin(t, tt.named, tt.setting)
		})
	}
}

// TestAPreflightThatIsNotGrantedIsLogged: the browser tells a developer only that there was a
// CORS error, so the log must say more.
func TestAPreflightThatIsNotGrantedIsLogged(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*setup){"without CORS": func(*setup) {}, "for others": allowing("https://good.example")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, change)
			f.send(request{method: "OPTIONS", path: "/login", header: map[string]string{
				"Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type",
			}})
			f.toldOfOrigin(t, "https://shop.example", "server.cors.allowed_origins")
		})
	}
	f := start(t, allowing("https://good.example"))
	f.send(request{method: "OPTIONS", path: "/login", header: map[string]string{"Origin": "https://good.example", "Access-Control-Request-Method": "POST"}})
	if lines := f.logged("cross-origin request refused"); len(lines) != 0 {
		t.Errorf("got %v of an origin that is allowed", lines)
	}
}

// toldOfOrigin fails the test unless the log has exactly one refused request, with this
// origin.
func (f *fixture) toldOfOrigin(t *testing.T, origin, setting string) {
	t.Helper()
	warnings := f.logged("cross-origin request refused")
	if len(warnings) != 1 || warnings[0]["level"] != "warn" || warnings[0]["origin"] != origin || warnings[0]["setting"] != setting {
		t.Errorf("the log warns %v, want one line with the origin %q and the setting %q", warnings, origin, setting)
	}
	f.eventually(func() bool { return len(f.logged("request finished")) > 0 })
	if got, _ := f.logged("request finished")[0]["origin"].(string); got != origin {
		t.Errorf("the request's line has the origin %q, want %q", got, origin)
	}
}
