package server_test

import (
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
)

func TestAPageHasWordsForEachRefusalInEachLanguage(t *testing.T) {
	t.Parallel()
	codes := []authn.Code{authn.CodeInvalidLink, authn.CodeRateLimited, authn.CodeInternal, authn.CodeInvalidRequest}
	for path, texts := range server.PageTexts() {
		own := append([]authn.Code{authn.CodeEmailTaken, authn.CodeEmailOff}, codes...)
		if path == server.ResetPagePath {
			own = codes
		}
		seen := map[string]bool{}
		for language, words := range texts {
			says := func(what, said string) {
				if said == "" || seen[said] {
					t.Errorf("%s, language %d: for %s it says %q, want words of its own", path, language, what, said)
				}
				seen[said] = true
			}
			for _, code := range own {
				says(string(code), words.Refusal(server.Statuses()[code], code, ""))
			}
			if path != server.ResetPagePath {
				continue
			}
			for _, reason := range append(authn.Weaknesses(), "one to come") {
				says(string(reason), words.Refusal(http.StatusUnprocessableEntity, authn.CodeWeakPassword, reason))
			}
		}
	}
}

func TestAPageSaysToTryAgainOnlyWhereThatCanHelp(t *testing.T) {
	t.Parallel()
	for path, texts := range server.PageTexts() {
		for code, status := range server.Statuses() {
			helps := status >= 500 || code == "request_timeout"
			said := texts[0].Refusal(status, code, authn.WeakCommon)
			if again := strings.Contains(said, "again in a moment"); again != helps {
				t.Errorf("%s: for %s it says %q", path, code, said)
			}
		}
	}
}

var weakAttribute = regexp.MustCompile(` data-weak="([^"]*)"`)

func TestTheReasonOfAWeakPasswordIsInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	f := start(t, mailing)
	f.withEmail("alice", "alice@example.com")
	reset := f.forgotten("alice", "alice@example.com")
	german := map[string]string{"Accept-Language": "de"}
	form := "token=" + reset + "&new_password="
	for given, want := range map[string]string{
		"kurz":       "Das Passwort muss mindestens 8 Zeichen haben.",
		"abcdefgh":   "Das Passwort ist eine Folge von Zeichen. Wählen Sie ein anderes.",
		"alice+++++": "Das Passwort darf nicht Ihr Name, Ihre Adresse oder der Name des Dienstes sein. Wählen Sie ein anderes.",
	} {
		a := f.send(request{method: "POST", path: server.ResetPagePath, body: form + strings.ReplaceAll(given, "+", "%2B"), header: map[string]string{
			"Accept-Language": "de", "Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin",
		}})
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(string(a.body), `role="status">`+want+`</p>`) {
			t.Errorf("%s: want %q, got %s", given, want, a)
		}
	}
	page := string(f.send(request{method: "GET", path: server.ResetPagePath, header: german}).want(t, http.StatusOK).body)
	var words map[authn.Weakness]string
	if found := weakAttribute.FindStringSubmatch(page); found == nil || json.Unmarshal([]byte(html.UnescapeString(found[1])), &words) != nil {
		t.Fatalf("the script finds no reasons in %s", page)
	}
	for _, reason := range authn.Weaknesses() {
		if words[reason] == "" || strings.Contains(words[reason], "%") {
			t.Errorf("for %s the script says %q", reason, words[reason])
		}
	}
	a := f.send(request{method: "POST", path: "/password/reset", body: fields("token", reset, "new_password", "short")}).
		want(t, http.StatusUnprocessableEntity, authn.CodeWeakPassword)
	if !strings.Contains(string(a.body), `"reason":"too_short"`) {
		t.Errorf("got %s", a)
	}
}

func TestTheVerifyPageSaysThatEMailIsOff(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := f.submit(server.VerifyPagePath, "token", strings.Repeat("a", 52))
	if a.status != http.StatusForbidden || !strings.Contains(string(a.body), `role="status">This service sends no e-mail at present,`) {
		t.Errorf("got %s", a)
	}
}
