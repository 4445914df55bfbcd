package server_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

const clientGrant = "grant_type=client_credentials"

// serviceAccount creates a service account and returns its secret.
func (f *fixture) serviceAccount(name string, roles ...string) (store.Client, string) {
	f.t.Helper()
	c, secret, err := f.svc.CreateClient(f.t.Context(), operator, name, authn.RightsChange{Grant: roles})
	if err != nil {
		f.t.Fatal(err)
	}
	f.noteSecret(secret)
	return c, secret
}

func basic(name, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+secret))
}

// token asks for a token; authorization may be "".
func (f *fixture) token(authorization, form string, more ...string) answer {
	f.t.Helper()
	header := map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Authorization": authorization}
	for i := 0; i < len(more); i += 2 {
		header[more[i]] = more[i+1]
	}
	return f.send(request{method: "POST", path: "/token", body: form, header: header})
}

// granted returns the access token of a good answer.
func (f *fixture) granted(a answer) string {
	f.t.Helper()
	var got struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in"`
	}
	a.want(f.t, http.StatusOK)
	if err := json.Unmarshal(a.body, &got); err != nil || got.TokenType != "Bearer" || got.ExpiresIn != int(accessTTL/time.Second) {
		f.t.Fatalf("got %s, %v", a, err)
	}
	if len(setCookies(a)) != 0 || a.header.Get("Cache-Control") != "no-store" || strings.Contains(string(a.body), "refresh") {
		f.t.Errorf("got %s", a)
	}
	f.noteToken(got.AccessToken)
	return got.AccessToken
}

func (f *fixture) as(token, path string) answer {
	f.t.Helper()
	return f.send(request{method: "GET", path: path, header: map[string]string{"Authorization": "Bearer " + token}})
}

func TestAServiceAccountGetsATokenWithItsSecretInEachOfTheTwoWays(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start()
		_, secret := f.serviceAccount("billing:eu.1", "reports:read")
		escaped := url.QueryEscape("billing:eu.1")
		body := clientGrant + "&client_id=" + escaped + "&client_secret=" + secret
		for name, a := range map[string]answer{
			"form-encoded":             f.token(basic(escaped, secret), clientGrant),
			"not encoded":              f.token(basic("billing:eu.1", secret), clientGrant),
			"lower case":               f.token("basic"+basic(escaped, secret)[5:], clientGrant),
			"in the body":              f.token("", body),
			"with a charset":           f.token("", body, "Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"),
			"named in both":            f.token(basic(escaped, secret), clientGrant+"&client_id="+escaped),
			"unknown parameters":       f.token(basic(escaped, secret), clientGrant+"&audience=x&resource=https://api.example&password="),
			"empty ones count as none": f.token(basic(escaped, secret), clientGrant+"&scope=&client_secret=&client_id="),
		} {
			t.Log(name)
			token := f.granted(a)
			a := f.as(token, "/verify?role=reports:read").want(t, http.StatusOK)
			for header, want := range map[string]string{
				"X-Auth-Client": "billing:eu.1", "X-Auth-Roles": "reports:read", "X-Auth-User-Id": "", "X-Auth-Username": "", "X-Auth-Session-Id": "",
			} {
				if got := a.header.Values(header); len(got) != 1 || got[0] != want {
					t.Errorf("%s: got %q, want %q", header, got, want)
				}
			}
			f.as(token, "/verify?role=admin").want(t, http.StatusForbidden, "missing_role")
		}
		if got := f.signedIn("alice").get("/verify").header.Values("X-Auth-Client"); len(got) != 1 || got[0] != "" {
			t.Errorf("of a user: got X-Auth-Client %q, want an empty one", got)
		}
	})
}

func TestBadRequestsForTokensGetTheErrorsOfOAuth(t *testing.T) {
	t.Parallel()
	f := start(t)
	c, secret := f.serviceAccount("billing")
	good := basic("billing", secret)
	send := func(path, body string, header map[string]string) answer {
		return f.send(request{method: "POST", path: path, body: body, header: header})
	}
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Authorization": good}
	for name, tt := range map[string]struct {
		answer answer
		status int
		error  string
		say    string
	}{
		"JSON":                  {send("/token", `{"grant_type":"client_credentials"}`, map[string]string{"Authorization": good}), 400, "invalid_request", "JSON is not accepted"},
		"no body":               {send("/token", "", map[string]string{"Authorization": good}), 400, "invalid_request", "send a form"},
		"compressed":            {f.token(good, clientGrant, "Content-Encoding", "gzip"), 400, "invalid_request", "send a form"},
		"no grant":              {f.token(good, "a=b"), 400, "invalid_request", "grant_type is missing"},
		"another grant":         {f.token(good, "grant_type=password&username=a&password=b"), 400, "unsupported_grant_type", "people sign in at /login"},
		"a refresh":             {f.token(good, "grant_type=refresh_token"), 400, "unsupported_grant_type", "client_credentials"},
		"a scope":               {f.token(good, clientGrant+"&scope=read"), 400, "invalid_scope", "its roles"},
		"a parameter twice":     {f.token(good, clientGrant+"&grant_type=client_credentials"), 400, "invalid_request", "twice"},
		"an unknown one twice":  {f.token(good, clientGrant+"&a=1&a=2"), 400, "invalid_request", "twice"},
		"bad escapes":           {f.token(good, clientGrant+"&a=%zz"), 400, "invalid_request", "not a form"},
		"bad UTF-8":             {f.token(good, clientGrant+"&a=%ff"), 400, "invalid_request", "not a form"},
		"the secret twice":      {f.token(good, clientGrant+"&client_id=billing&client_secret="+secret), 400, "invalid_request", "once"},
		"two clients":           {f.token(good, clientGrant+"&client_id=other"), 400, "invalid_request", "not the one"},
		"in the URL":            {send("/token?grant_type=client_credentials", "", form), 400, "invalid_request", "no query"},
		"the secret in the URL": {send("/token?client_id=billing&client_secret=x", clientGrant, form), 400, "invalid_request", "no query"},
		"a bare question mark":  {send("/token?", clientGrant, form), 400, "invalid_request", "no query"},
		"too large":             {f.token(good, clientGrant+"&a="+strings.Repeat("x", 9000)), 413, "invalid_request", "8 KiB"},
		"no client":             {f.token("", clientGrant), 401, "invalid_client", "HTTP Basic"},
		"no secret":             {f.token("", clientGrant+"&client_id=billing"), 401, "invalid_client", "HTTP Basic"},
		"an empty secret":       {f.token(basic("billing", ""), clientGrant), 401, "invalid_client", "HTTP Basic"},
		"Bearer":                {f.token("Bearer abc.def.ghi", clientGrant), 401, "invalid_client", "must be Basic"},
		"no base64":             {f.token("Basic ???", clientGrant), 401, "invalid_client", "must be Basic"},
		"no colon":              {f.token("Basic YWJj", clientGrant), 401, "invalid_client", "must be Basic"},
		"bad form-encoding":     {f.token(basic("%zz", "x"), clientGrant), 401, "invalid_client", "must be Basic"},
		"wrong secret":          {f.token(basic("billing", secret+"A"), clientGrant), 401, "invalid_client", "unknown, or its secret is wrong"},
		"unknown client":        {f.token(basic("nobody", secret), clientGrant), 401, "invalid_client", "unknown, or its secret is wrong"},
		"a password":            {f.token("", clientGrant+"&client_id=billing&client_secret=%00%ef%bf%bd"), 401, "invalid_client", "unknown, or its secret is wrong"},
	} {
		var got struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
			Message     string `json:"message"`
			Code        string `json:"code"`
			RequestID   string `json:"request_id"`
		}
		if err := json.Unmarshal(tt.answer.body, &got); err != nil || tt.answer.status != tt.status || got.Error != tt.error ||
			!strings.Contains(got.Description, tt.say) || got.Message != got.Description || got.Code == "" || got.RequestID == "" {
			t.Errorf("%s: got %s, want %d %s %q", name, tt.answer, tt.status, tt.error, tt.say)
		}
		want := ""
		if tt.status == http.StatusUnauthorized {
			want = `Basic realm="authctl", charset="UTF-8"`
		}
		if challenge := tt.answer.header.Get("WWW-Authenticate"); challenge != want {
			t.Errorf("%s: the challenge is %q", name, challenge)
		}
	}
	f.send(request{method: "GET", path: "/token"}).want(t, http.StatusMethodNotAllowed)
	f.send(request{method: "POST", path: "/token", body: clientGrant, header: map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Authorization": good, "Sec-Fetch-Site": "cross-site", "Origin": "https://shop.example"}}).
		want(t, http.StatusForbidden, "cross_origin")
	if _, err := f.svc.DisableClient(t.Context(), operator, c); err != nil {
		t.Fatal(err)
	}
	f.token(good, clientGrant).want(t, http.StatusUnauthorized, authn.CodeInvalidClient)
}

func TestEndpointsForPeopleRefuseAServiceAccount(t *testing.T) {
	t.Parallel()
	f := start(t)
	_, secret := f.serviceAccount("billing", "admin")
	token := f.granted(f.token(basic("billing", secret), clientGrant))
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			if path == "/verify" || operation.Security == nil || len(*operation.Security) == 0 || method == "POST" && slices.Contains([]string{"/refresh", "/token"}, path) {
				continue
			}
			a := f.send(request{method: method, path: strings.Replace(path, "{id}", "0b7e3c52-6f0d-4a55-9f0c-2f6f0f1c9a11", 1), header: map[string]string{"Authorization": "Bearer " + token}})
			a.want(t, http.StatusForbidden, authn.CodeNotAUser)
			refused++
		}
	}
	if refused < 8 {
		t.Errorf("only %d endpoints were tried", refused)
	}
	f.as(token, "/verify").want(t, http.StatusOK)
	f.send(request{method: "GET", path: "/verify", cookies: "access_token=" + token}).want(t, http.StatusOK)
}

func TestARequestForATokenThatNamesAnUnknownApplicationGetsAnErrorOfOAuth(t *testing.T) {
	t.Parallel()
	f := start(t, knowing(native("cli")))
	_, secret := f.serviceAccount("billing")
	a := f.token(basic("billing", secret), clientGrant, "Authctl-Client", "nobody").want(t, http.StatusBadRequest, "unknown_client")
	if !strings.Contains(string(a.body), `"error":"invalid_request"`) {
		t.Errorf("got %s", a)
	}
	f.granted(f.token(basic("billing", secret), clientGrant, "Authctl-Client", "cli"))
}

func TestANameThatNoServiceAccountCanHaveIsUnknownOnBothDatabases(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start(throttled)
		for _, name := range []string{"\x00", "bill\x00ing", "\u2028", "Billing", strings.Repeat("x", 4000)} {
			f.token(basic(url.QueryEscape(name), "x"), clientGrant).want(t, http.StatusUnauthorized, authn.CodeInvalidClient)
			f.token("", clientGrant+"&client_secret=x&client_id="+url.QueryEscape(name)).want(t, http.StatusUnauthorized, authn.CodeInvalidClient)
		}
	})
}

// TestABadSecretStopsNobodyWithAGoodOne: replicas with an old secret use up what their address may
// do.
func TestABadSecretStopsNobodyWithAGoodOne(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start(throttled, func(s *setup) { s.server.Limits.Token = server.Rate{Count: 8, Per: time.Hour, Burst: 8} })
		_, secret := f.serviceAccount("billing")
		from := []string{"X-Forwarded-For", "203.0.113.5"}
		f.granted(f.token(basic("billing", secret), clientGrant, from...))
		var got []int
		for range 9 {
			a := f.token(basic("billing", secret+"X"), clientGrant, from...)
			got = append(got, a.status)
			if a.status == http.StatusTooManyRequests && (a.header.Get("Retry-After") == "" || !strings.Contains(string(a.body), `"error":"temporarily_unavailable"`)) {
				t.Errorf("got %s", a)
			}
		}
		if want := []int{401, 401, 401, 401, 401, 429, 429, 429, 429}; !slices.Equal(got, want) {
			t.Errorf("got %d, want %d", got, want)
		}
		if got := f.svc.Throttled(); got != 0 {
			t.Errorf("%d of them count as sign-ins", got)
		}
		for range 3 {
			f.granted(f.token(basic("billing", secret), clientGrant, from...))
		}
		f.granted(f.token(basic("billing", secret), clientGrant, "X-Forwarded-For", "203.0.114.5"))
		f.token("", clientGrant, from...).want(t, http.StatusTooManyRequests, authn.CodeRateLimited)
		f.signedIn("alice") // failures of programs keep no user out
	})
}

func TestAGoodSecretCostsOneStatementAndABadOneTheSameForEveryName(t *testing.T) {
	t.Parallel()
	trips := &storetest.RoundTrips{}
	st, err := postgres.Open(t.Context(), postgres.Config{URL: storetest.Postgres(t), MaxConnections: 2, Tracer: trips})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	f := start(t, func(s *setup) { s.store = st }, throttled)
	_, secret := f.serviceAccount("billing")
	var token string
	for _, tt := range []struct {
		name string
		send func()
		want int64
	}{
		{"the first of an hour", func() { token = f.granted(f.token(basic("billing", secret), clientGrant)) }, 2},
		{"the next", func() { f.granted(f.token(basic("billing", secret), clientGrant)) }, 1},
		{"a wrong secret", func() { f.token(basic("billing", "x"), clientGrant).want(t, http.StatusUnauthorized) }, 4},
		{"an unknown client", func() { f.token(basic("nobody", "x"), clientGrant).want(t, http.StatusUnauthorized) }, 4},
		{"no client", func() { f.token("", clientGrant).want(t, http.StatusUnauthorized) }, 0},
		{"verify", func() { f.as(token, "/verify").want(t, http.StatusOK) }, 0},
		{"verify a role", func() { f.as(token, "/verify?role=x").want(t, http.StatusForbidden) }, 0},
	} {
		before := trips.Statements()
		tt.send()
		if got := trips.Statements() - before; got != tt.want {
			t.Errorf("%s took %d statements, want %d", tt.name, got, tt.want)
		}
	}
}
