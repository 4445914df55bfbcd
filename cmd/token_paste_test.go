package cmd

import (
	"strings"
	"testing"
)

func TestATokenIsFoundInWhatIsPasted(t *testing.T) {
	t.Parallel()
	jwt := "eyJhbGciOiJIUzI1NiJ9." + strings.Repeat("payload-_", 20) + "." + strings.Repeat("s", 43)
	refresh := strings.Repeat("Ab-_", 16)
	broken := jwt[:80] + "\r\n" + jwt[80:160] + "\n  " + jwt[160:]
	for text, want := range map[string]string{
		jwt:                                      jwt,
		" \n" + jwt + "\r\n":                     jwt,
		"\ufeff" + jwt:                           jwt,
		"\x1b[200~" + jwt + "\x1b[201~":          jwt,
		broken:                                   jwt,
		`"` + jwt + `"`:                          jwt,
		"'" + jwt + "'":                          jwt,
		"“" + jwt + "”":                          jwt,
		"`" + jwt + "`":                          jwt,
		"Bearer " + jwt:                          jwt,
		"bearer\t" + broken:                      jwt,
		`"Bearer ` + jwt + `"`:                   jwt,
		"Authorization: Bearer " + jwt:           jwt,
		"authorization:bearer " + jwt + "\r\n":   jwt,
		`-H "Authorization: Bearer ` + jwt + `"`: jwt,
		`--header 'Authorization: Bearer ` + jwt + `'`:               jwt,
		"Authorization: Bearer " + jwt + "\r\nHost: example.com\r\n": jwt,
		"access_token=" + jwt: jwt,
		"access_token=" + jwt + "; Path=/; HttpOnly; SameSite=Lax":               jwt,
		"Set-Cookie: access_token=" + broken + "; Path=/; Max-Age=900; HttpOnly": jwt,
		"set-cookie:refresh_token=" + refresh + "; Path=/":                       refresh,
		"Cookie: theme=dark; __Host-refresh_token=" + refresh:                    refresh,
		`'Cookie: access_token="` + jwt + `"'`:                                   jwt,
		"access_token=" + jwt + "; access_token=" + jwt:                          jwt,
		refresh:                            refresh,
		refresh[:40] + "\n" + refresh[40:]: refresh,
		"Bearer of bad news":               "ofbadnews",
	} {
		if got, err := pastedToken(text); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                      "there is no token",
		" \n ":                  "there is no token",
		`""`:                    "there is no token",
		"access_token=; Path=/": "there is no token",
		"access_token=" + jwt + "; refresh_token=" + refresh:                                              "there are 2 tokens",
		"Set-Cookie: access_token=" + jwt + "; Path=/\nSet-Cookie: refresh_token=" + refresh + "; Path=/": "there are 2 tokens",
		jwt + "\n" + jwt[:len(jwt)-1] + "x":                                                               "there are 2 tokens",
		refresh + " " + jwt:                                                                               "there are 2 tokens",
	} {
		got, err := pastedToken(text)
		if err == nil || endingOf(err).exit != exitUsage || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), refresh) {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
}
