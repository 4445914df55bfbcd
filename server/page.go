package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/language"

	"github.com/authctl/authctl/authn"
)

// The paths of the built-in pages.
const (
	VerifyPagePath = "/verify-email"
	ResetPagePath  = "/reset-password"
)

// page is a built-in page that the link of a mail opens. To load it sends nothing and changes
// nothing, because mail scanners load links and some run their scripts. A pressed button sends the
// token: its script to the API, or without scripts its form to the page itself.
type page struct {
	path   string
	api    string     // the path that its script sends to, relative to its own
	fields []string   // of its form
	texts  []pageText // in the order of pageLanguages
	submit func(ctx context.Context, x *exchange, words pageText, form map[string]text) (said string, err error)
}

// pages returns the pages that no link of the configuration replaces.
func (s *Server) pages(cfg Config) (all []page) {
	if builtIn(cfg.VerifyLink, cfg.PublicURL, VerifyPagePath) {
		all = append(all, page{VerifyPagePath, "email/verify", []string{"token"}, verifyTexts, s.verifyByForm})
	}
	if builtIn(cfg.ResetLink, cfg.PublicURL, ResetPagePath) {
		all = append(all, page{ResetPagePath, "password/reset", []string{"token", "new_password"}, resetTexts, s.resetByForm})
	}
	return all
}

// builtIn reports whether a link opens the built-in page at a path.
func builtIn(link, publicURL, path string) bool {
	return link == "" || link == strings.TrimSuffix(publicURL, "/")+path
}

// routes returns the rows of the page for the table of routes.
func (p page) routes(s *Server) []route {
	return []route{
		{"GET", p.path, classOther, endpoint{anyone, s.showPage(p)}},
		{"POST", p.path, classMail, endpoint{anyone, s.submitPage(p)}},
	}
}

// pageView is the data of the template.
type pageView struct {
	Language      string
	Text          pageText
	Own, API      string // where the form and the script send to
	Weak          string // the reasons of a weak password and their words, in JSON; "" for a page without a password
	Token         string // what the field has already
	Said          string
	Done          bool // nothing is left to do, so there is no form
	Style, Script template.HTML
}

var (
	//go:embed pages/page.html
	pageHTML string
	//go:embed pages/page.css
	pageCSS string
	//go:embed pages/page.js
	pageJS string

	pageTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.New("page").Parse(pageHTML)) })
	pageMatcher  = language.NewMatcher(pageLanguages)

	// pagePolicy allows the page's own style and script, by their hashes, and nothing else.
	pagePolicy = []string{"default-src 'none'; script-src " + sourceHash(pageJS) + "; style-src " + sourceHash(pageCSS) +
		"; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"}
	contentTypeHTML = []string{"text/html; charset=utf-8"}
)

// sourceHash returns the source of an inline element (Content Security Policy Level 3, section
// 2.3.1).
func sourceHash(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func (s *Server) showPage(p page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		x := w.(*exchange)
		x.route, x.request = r.Pattern, r
		x.answerPage(p, http.StatusOK, pageView{})
	}
}

// submitPage takes the form of a page in a browser without scripts.
func (s *Server) submitPage(p page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		x := w.(*exchange)
		x.route, x.request = r.Pattern, r
		form, err := readForm(x, r, p.fields)
		if err != nil {
			fail(x, err)
			return
		}
		form["token"] = text(pasted(string(form["token"])))
		ctx, cancel := context.WithTimeout(r.Context(), s.timeouts.request)
		defer cancel()
		words := s.words(p, pageLanguage(x))
		said, err := p.submit(ctx, x, words, form)
		if err != nil {
			status, body := report(x, err)
			x.answerPage(p, status, pageView{Said: words.refusal(status, body), Token: string(form["token"])})
			return
		}
		x.answerPage(p, http.StatusOK, pageView{Said: said, Done: true})
	}
}

func (s *Server) verifyByForm(ctx context.Context, x *exchange, words pageText, form map[string]text) (string, error) {
	token := form["token"]
	out, err := s.verifyEmail(ctx, x, verifyEmailRequest{Token: &token})
	if out.AlreadyVerified {
		return filled(words.Already, out.Email), err
	}
	return filled(words.Done, out.Email), err
}

func (s *Server) resetByForm(ctx context.Context, x *exchange, words pageText, form map[string]text) (string, error) {
	token, password := form["token"], form["new_password"]
	out, err := s.resetPassword(ctx, x, resetPasswordRequest{Token: &token, NewPassword: &password})
	return filled(words.Done, out.Username), err
}

func filled(text, value string) string { return strings.Replace(text, "%s", value, 1) }

// pasted returns the token of what a person has pasted: a link, or the token alone.
func pasted(given string) string {
	given = strings.Join(strings.Fields(given), "")
	if at := strings.LastIndex(given, "token="); at >= 0 {
		given = given[at+len("token="):]
	}
	isOther := func(r rune) bool { return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9') }
	if end := strings.IndexFunc(given, isOther); end >= 0 {
		given = given[:end]
	}
	return given
}

// words returns the words of a page in a language, with the lengths of passwords filled in.
func (s *Server) words(p page, language int) pageText {
	t := p.texts[language]
	t.Weak = maps.Clone(t.Weak)
	for why, length := range map[authn.Weakness]int{authn.WeakShort: s.authn.MinPassword(), authn.WeakMalformed: authn.MaxPassword} {
		if text, ok := t.Weak[why]; ok {
			t.Weak[why] = filled(text, strconv.Itoa(length))
		}
	}
	return t
}

// pageLanguage returns the index of the language in which a client reads pages.
func pageLanguage(x *exchange) int {
	_, index := language.MatchStrings(pageMatcher, languages(x.request.Header))
	return index
}

// answerPage answers with a page. view has what differs from the page as it is loaded.
func (x *exchange) answerPage(p page, status int, view pageView) {
	index := pageLanguage(x)
	view.Language, view.Text = pageLanguages[index].String(), x.server.words(p, index)
	if view.Text.Weak != nil {
		weak, err := json.Marshal(view.Text.Weak)
		if err != nil {
			fail(x, err)
			return
		}
		view.Weak = string(weak)
	}
	view.Own, view.API = strings.TrimPrefix(p.path, "/"), p.api
	view.Style, view.Script = template.HTML("<style>"+pageCSS+"</style>"), template.HTML("<script>"+pageJS+"</script>")
	var b bytes.Buffer
	if err := pageTemplate().Execute(&b, view); err != nil {
		fail(x, err)
		return
	}
	h := x.Header()
	h["Content-Security-Policy"] = pagePolicy
	h["Content-Type"] = contentTypeHTML
	h["Content-Language"] = []string{view.Language}
	h["Content-Length"] = []string{strconv.Itoa(b.Len())}
	h.Add("Vary", "Accept-Language")
	x.WriteHeader(status)
	if x.request.Method != http.MethodHead {
		x.Write(b.Bytes()) // an error here means that the client is gone
	}
}
