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

// Every test that has a server notes, as it goes, what must not be in a log: the secret of
// the installation; each password and each token that is sent, wherever it is sent; each
// token that is handed out, the part of it that signs, and its hash; the name at a login
// that is refused; and in the end each password hash in the store. All of the log is then
// looked through, at the level of debugging.

// shortest is how long a text must be for its being in a log to be no coincidence.
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

// noteRequest notes what a request carries. Its query is no place for a token, and is where
// people put them.
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
		f.noteSecret(sent.Password)
	}
}

type sentAccount struct{ Username, Password string }

func accountOf(body string) (sentAccount, bool) {
	var sent sentAccount
	return sent, json.Unmarshal([]byte(body), &sent) == nil
}

// noteHashes does not mind a database that a test has taken away.
func (f *fixture) noteHashes() {
	users, _, _ := f.svc.Users(context.Background(), store.UserPage{Limit: 1000})
	for _, u := range users {
		if creds, credsErr := f.store.Credentials(context.Background(), u.User.Folded); credsErr == nil {
			f.noteSecret(creds.PasswordHash)
			f.noteSecret(creds.PasswordHash[strings.LastIndexByte(creds.PasswordHash, '$')+1:])
		}
	}
}

// checkLog wants of each line one JSON object of a bounded length, and no secret in it.
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
