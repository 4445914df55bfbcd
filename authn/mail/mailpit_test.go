package mail

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	netmail "net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// mailpit is a Mailpit of its own: it takes every mail and shows it over HTTP.
type mailpit struct {
	t   *testing.T
	url URL // asks for a password, over STARTTLS only
	api string
	ca  string
}

// startMailpit starts the program that AUTHCTL_TEST_MAILPIT names.
func startMailpit(t *testing.T) *mailpit {
	t.Helper()
	binary := os.Getenv("AUTHCTL_TEST_MAILPIT")
	if binary == "" {
		t.Skip("AUTHCTL_TEST_MAILPIT names no Mailpit; .ci/mailpit/build FILE makes one")
	}
	folder := t.TempDir()
	cert, key, ca := certificateFiles(t, folder)
	p := &mailpit{t: t, url: freeURL(t), api: "http://" + freeURL(t).address(), ca: ca}
	p.url.Username, p.url.Password = "alice", "sesame"
	run := exec.Command(binary, "--smtp", p.url.address(), "--listen", strings.TrimPrefix(p.api, "http://"), "--disable-version-check", "--quiet",
		"--database", filepath.Join(folder, "mailpit.db"), "--smtp-tls-cert", cert, "--smtp-tls-key", key, "--smtp-auth-accept-any", "--smtp-require-starttls")
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Process.Kill(); run.Wait() })
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) { // it cannot be asked to say so
		if response, err := http.Get(p.api + "/readyz"); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return p
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("Mailpit does not get ready")
		}
	}
}

func (p *mailpit) get(path string) []byte {
	p.t.Helper()
	response, err := http.Get(p.api + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		p.t.Fatalf("%s: %s, %v: %s", path, response.Status, err, body)
	}
	return body
}

// shown is a message as Mailpit reads it.
type shown struct {
	ID, MessageID, Subject, Text, HTML string
	From                               netmail.Address
	To                                 []netmail.Address
	Date                               time.Time
}

// messages returns all messages, oldest first.
func (p *mailpit) messages() []shown {
	p.t.Helper()
	var list struct{ Messages []shown }
	if err := json.Unmarshal(p.get("/api/v1/messages?limit=1000"), &list); err != nil {
		p.t.Fatal(err)
	}
	slices.Reverse(list.Messages)
	for i := range list.Messages {
		if err := json.Unmarshal(p.get("/api/v1/message/"+list.Messages[i].ID), &list.Messages[i]); err != nil {
			p.t.Fatal(err)
		}
	}
	return list.Messages
}

func TestMailpitReadsEveryMailAsItWasWritten(t *testing.T) {
	t.Parallel()
	p := startMailpit(t)
	send := open(t, SenderConfig{URL: p.url, CAFile: p.ca})
	texts, err := LoadTexts("")
	if err != nil {
		t.Fatal(err)
	}
	head := Letterhead{
		From: netmail.Address{Name: "Müller, Söhne", Address: "login@example.com"}, EnvelopeFrom: "bounces@example.com",
		Links: Links{Verify: "https://login.example.com/verify-email", Reset: "https://login.example.com:8443/reset-password"},
	}
	var sent []Message
	for i, kind := range store.MailKinds() {
		for _, locale := range []string{"en", "de", "fr", "es", "pt"} {
			id := uuid.New()
			row := store.Mail{ID: id, Kind: kind, Username: `<b>Zoë & "co"`, Recipient: "a.b+c@xn--mnchen-3ya.example", Detail: "new@example.com", Locale: locale,
				MessageID: id.String() + "@example.com", CreatedAt: time.Date(2026, 11, 28, 9, i, 0, 0, time.UTC), RemoteAddr: "192.0.2.1", UserAgent: "agent/1 (ünd)"}
			token := ""
			if kind == store.MailVerify || kind == store.MailReset {
				token, row.TokenUntil = strings.Repeat("abcdefghijklm234567", 3)[:52], row.CreatedAt.Add(30*time.Minute)
			}
			m, err := texts.Compose(row, token, head)
			if err != nil {
				t.Fatal(err)
			}
			if r := send(t.Context(), m); r != (Result{Sent: true}) {
				t.Fatalf("%s, %s: %+v", kind, locale, r)
			}
			sent = append(sent, m)
		}
	}
	got := map[string]shown{}
	for _, m := range p.messages() {
		got[m.MessageID] = m
	}
	if len(got) != len(sent) {
		t.Fatalf("%d messages, want %d", len(got), len(sent))
	}
	lines := strings.NewReplacer("\r\n", "\n")
	for _, want := range sent {
		m := got[want.MessageID]
		if m.Subject != want.Subject || !m.Date.Equal(want.Date) || m.From != want.From || len(m.To) != 1 || m.To[0].Address != want.To ||
			strings.TrimSpace(lines.Replace(m.Text)) != strings.TrimSpace(want.Text) || strings.TrimSpace(lines.Replace(m.HTML)) != strings.TrimSpace(want.HTML) {
			t.Errorf("got  %+v\nwant %+v", m, want)
		}
		raw := string(p.get("/api/v1/message/" + m.ID + "/raw"))
		if !strings.Contains(raw, "Return-Path: <bounces@example.com>") || strings.Contains(raw, "User-Agent") {
			t.Errorf("headers of %s", raw)
		}
	}
}

func TestMailpitGetsASecondCopyThatIsEqualToTheFirst(t *testing.T) {
	t.Parallel()
	p := startMailpit(t)
	onBothStores(t, func(w *world) {
		worker, id := w.worker(open(w.T, SenderConfig{URL: p.url, CAFile: p.ca})), w.reset("alice")
		lost := &unreliable{Outbox: worker.Outbox, record: context.Canceled}
		worker.Outbox, worker.Failed = lost, func(error) { w.pass(leaseTime); lost.set(nil, context.Canceled) }
		w.step(worker, 1) // sent; and its lease ended before it could be recorded
		lost.set(nil, nil)
		w.step(worker, 1)
		w.is(id, store.MailSent, "")
		var copies []shown
		for _, m := range p.messages() {
			if m.MessageID == id.String()+"@example.com" {
				m.ID = ""
				copies = append(copies, m)
			}
		}
		if len(copies) != 2 || copies[0].Text != copies[1].Text || !strings.Contains(copies[0].Text, tokenOf(id)) || !copies[0].Date.Equal(copies[1].Date) {
			w.Errorf("%+v", copies)
		}
	})
}

func TestMailpitTakesNoPasswordInClear(t *testing.T) {
	t.Parallel()
	p := startMailpit(t)
	r := open(t, SenderConfig{URL: p.url})(t.Context(), sample()) // on loopback TLS is not required
	if r.Sent || r.Class != ClassAuth && r.Class != ClassRefused {
		t.Errorf("%+v", r)
	}
}
