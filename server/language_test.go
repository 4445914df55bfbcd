package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/authctl/authctl/server"
)

func TestTheLanguagesOfAClientAreAtMostThreeTagsBestFirst(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"":                                       "",
		"de-CH,de;q=0.9,en;q=0.8,fr;q=0.7":       "de-CH,de,en",
		"en;q=0.1, pt-br, es;q=0.5":              "pt-BR,es,en",
		"DE-ch, DE-CH":                           "de-CH",
		"zh-hant-tw":                             "zh-Hant-TW",
		"*":                                      "",
		"*;q=0.5, fr":                            "fr",
		"en;q=0":                                 "",
		"x-klingon, de":                          "de",
		"evil":                                   "",
		"de_DE":                                  "de-DE",
		"de;q=NaN, fr;q=2, es;q=+Inf, pt;q=-1":   "",
		"de-1996-u-co-phonebk-x-private":         "de",
		"de\r\nBcc: a@example.com":               "",
		"../../etc/passwd":                       "",
		"<script>":                               "",
		"fr, " + strings.Repeat("q", 300):        "fr",
		strings.Repeat("q", 300) + ", fr":        "",
		strings.Repeat("-", 5000):                "",
		strings.Repeat("en-", 2000) + "US":       "",
		strings.Repeat("de;q=0.1,", 2000) + "fr": "de",
	} {
		if got := server.Languages(http.Header{"Accept-Language": {header}}); got != want {
			t.Errorf("%.60q: got %q, want %q", header, got, want)
		}
	}
	if got := server.Languages(http.Header{"Accept-Language": {"de;q=0.1", "fr"}}); got != "fr,de" {
		t.Errorf("two headers: got %q", got)
	}
}
