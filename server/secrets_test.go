package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/authctl/authctl/store"
)

// Every test with a server records the texts that must not be in a log: the secret of the
// installation; each password, address and token that a request sends, wherever it is; each
// token that an answer has, its signature and its hash; the name at a refused login; and at the end
// each password hash in the store. Then it searches the whole log, at level debug.

// shortest is the minimum length of a text whose presence in a log is no coincidence.
const shortest = 10

func (f *fixture) noteSecret(s string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(s) >= shortest {
		f.secrets[s] = true
	}
}

func (f *fixture) noteToken(token string) {
	f.noteSecret(token)
	f.noteSecret(token[strings.LastIndexByte(token, '.')+1:])
	if hash := sha256.Sum256([]byte(token)); len(token) == 64 {
		f.noteSecret(hex.EncodeToString(hash[:]))
	}
}

// noteRequest records the secrets of a request. A query must not have tokens, but people put
// them there.
func (f *fixture) noteRequest(req *http.Request, body string) {
	for _, c := range req.Cookies() {
		f.noteToken(c.Value)
	}
	for _, value := range req.Header["Authorization"] {
		for _, word := range strings.Fields(value) {
			f.noteToken(word)
		}
	}
	for _, values := range req.URL.Query() {
		for _, value := range values {
			f.noteToken(value)
		}
	}
	if sent, ok := accountOf(body); ok {
		for _, secret := range []string{sent.Password, sent.CurrentPassword, sent.NewPassword, sent.Token, sent.Identifier, sent.Email} {
			f.noteSecret(secret)
		}
		f.noteToken(sent.RefreshToken)
	}
}

// noteAnswer records the tokens of an answer.
func (f *fixture) noteAnswer(a answer) {
	for _, c := range setCookies(a) {
		f.noteToken(c.Value)
	}
	var got tokens
	if json.Unmarshal(a.body, &got) == nil {
		f.noteToken(got.AccessToken)
		f.noteToken(got.RefreshToken)
	}
}

type sentAccount struct {
	Username        string
	Password        string
	CurrentPassword string `json:"current_password"`
	NewPassword     string `json:"new_password"`
	Token           string
	Identifier      string
	Email           string
	RefreshToken    string `json:"refresh_token"`
}

func accountOf(body string) (sentAccount, bool) {
	var sent sentAccount
	return sent, json.Unmarshal([]byte(body), &sent) == nil
}

// noteHashes records the password hashes. It ignores a database that the test has made
// unavailable.
func (f *fixture) noteHashes() {
	users, _, _ := f.svc.Users(context.Background(), store.UserPage{Limit: 1000})
	for _, u := range users {
		if creds, credsErr := f.store.Credentials(context.Background(), u.User.Folded); credsErr == nil {
			f.noteSecret(creds.PasswordHash)
			f.noteSecret(creds.PasswordHash[strings.LastIndexByte(creds.PasswordHash, '$')+1:])
		}
	}
}

// checkLog requires that each line is one JSON object of bounded length without a secret.
func (f *fixture) checkLog() {
	f.mu.Lock()
	defer f.mu.Unlock()
	lines := f.log.lines()
	for _, line := range lines {
		if len(line) == 0 {
			continue
		}
		var fields map[string]any
		if err := json.Unmarshal(line, &fields); err != nil {
			f.t.Errorf("%v in log line %q", err, line)
		}
		if len(line) > 32<<10 || fields["stack"] == nil && len(line) > 4<<10 {
			f.t.Errorf("a log line has %d bytes", len(line))
		}
	}
	all := bytes.Join(lines, []byte("\n"))
	for secret := range f.secrets {
		quoted, _ := json.Marshal(secret)
		for _, spelled := range [][]byte{[]byte(secret), bytes.Trim(quoted, `"`)} {
			if at := bytes.Index(all, spelled); at >= 0 {
				from := bytes.LastIndexByte(all[:at], '\n') + 1
				line, _, _ := bytes.Cut(all[from:], []byte("\n"))
				f.t.Errorf("the log holds the secret %.100q: %s", secret, line)
				break
			}
		}
	}
}
