package cmd

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

var (
	// A terminal sends the first two around pasted text; the others are invisible.
	unseen = strings.NewReplacer("\x1b[200~", "", "\x1b[201~", "", "\ufeff", "", "\u200b", "", "\u200c", "", "\u200d", "", "\u2060", "", "\u00ad", "")

	cookiePair = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)(?:^|[\s;,:"'])((?:__Host-|__Secure-)?(?:access|refresh)_token)\s*=([^;]*)`)
	})
	fieldName = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^(?:-H\s*["']?|--header\s*["']?)?authorization\s*:`)
	})
	scheme = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^bearer\s`) })
)

// quotes are the marks that people, chats and shells put around a token.
const quotes = "\"'`\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb<>"

// pastedToken finds the token in a copied text. The text is the token itself, the value or the whole
// line of an Authorization header (RFC 6750, section 2.1), or a Cookie or Set-Cookie line. It may
// have quotes around it, and a terminal may have broken it into lines. A token has no whitespace.
func pastedToken(text string) (string, error) {
	text = unseen.Replace(text)
	var tokens []string
	for _, pair := range cookiePair().FindAllStringSubmatch(text, -1) {
		tokens = append(tokens, bare(pair[2]))
	}
	if len(tokens) == 0 {
		tokens = tokensIn(bareHeader(text))
	}
	tokens = slices.DeleteFunc(tokens, func(token string) bool { return token == "" })
	slices.Sort(tokens)
	switch tokens = slices.Compact(tokens); len(tokens) {
	case 0:
		return "", usage("authctl token inspect < token.txt", "there is no token")
	case 1:
		return tokens[0], nil
	}
	return "", usage("such as the value of access_token alone", "there are %d tokens, give one at a time", len(tokens))
}

// bareHeader returns the value of an Authorization header without its scheme. The text may lack the
// name of the header, or the scheme, or both.
func bareHeader(text string) string {
	text = strings.Trim(strings.TrimSpace(text), quotes)
	text = strings.TrimSpace(fieldName().ReplaceAllString(text, ""))
	text = strings.TrimSpace(scheme().ReplaceAllString(text, ""))
	lines := strings.Split(text, "\n")
	if next := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, ":") }); next > 0 {
		lines = lines[:next] // the next header
	}
	return strings.Trim(strings.TrimSpace(strings.Join(lines, "\n")), quotes)
}

// tokensIn returns the tokens in a text. If each line looks like a token, it returns several.
// Otherwise the text is one token, broken into lines.
func tokensIn(text string) []string {
	if fields := strings.Fields(text); len(fields) > 1 && !slices.ContainsFunc(fields, func(field string) bool { return !looksWhole(field) }) {
		return fields
	}
	return []string{bare(text)}
}

// refreshTokenLength is the length of a refresh token in characters.
const refreshTokenLength = 64

func looksWhole(text string) bool {
	return strings.HasPrefix(text, "eyJ") && strings.Count(text, ".") == 2 || len(text) == refreshTokenLength && !strings.Contains(text, ".")
}

// bare removes whitespace, and quotes at both ends.
func bare(text string) string {
	return strings.Trim(strings.Join(strings.Fields(text), ""), quotes)
}
