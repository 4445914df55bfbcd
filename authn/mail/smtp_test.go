package mail

import (
	"context"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func sample() Message {
	return Message{
		ID: uuid.MustParse("0b5e4d6e-6a0a-4a3e-8d1c-5b1e6b1f2a3c"), MessageID: "random@example.com", Date: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC),
		From: netmail.Address{Name: "Müller, Söhne", Address: "login@example.com"}, EnvelopeFrom: "bounces@example.com", To: "alice@example.test",
		Subject: "Neues Paßwort", Language: "de", Text: "Grüße\n\nhttps://login.example.com/reset-password#token=abc234\n", HTML: "<p>Grüße</p>", Link: "https://login.example.com/reset-password#token=abc234",
	}
}

func open(t *testing.T, c SenderConfig) Sender {
	t.Helper()
	if c.Hello == "" {
		c.Hello = "login.example.com"
	}
	send, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return send
}

// always does one thing at one step of each conversation.
func always(step, act string) func(int, string) string {
	return func(_ int, at string) string {
		if at == step {
			return act
		}
		return ""
	}
}

func TestAServerThatTakesTheMailGetsItOnce(t *testing.T) {
	t.Parallel()
	server := newScripted(t, always("", ""))
	if r := open(t, SenderConfig{URL: server.url})(context.Background(), sample()); r != (Result{Sent: true}) {
		t.Fatalf("result %+v", r)
	}
	want := []string{"EHLO login.example.com", "NOOP", "MAIL FROM:<bounces@example.com> BODY=8BITMIME", "RCPT TO:<alice@example.test>", "DATA", "NOOP", "RSET", "QUIT"}
	if got := server.heard(""); !slices.Equal(got, want) {
		t.Errorf("the server heard %q", got)
	}
	messages := server.messages()
	if len(messages) != 1 {
		t.Fatalf("%d messages", len(messages))
	}
	for _, want := range []string{
		"Message-ID: <random@example.com>", "Date: Sat, 28 Nov 2026 09:00:00 +0000", "Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All",
		"To: <alice@example.test>", "Content-Language: de", "Content-Type: multipart/alternative", "reset-password#token=3Dabc234\n",
	} {
		if !strings.Contains(messages[0], want) {
			t.Errorf("the message lacks %q:\n%s", want, messages[0])
		}
	}
	for _, bad := range []string{"User-Agent", "X-Mailer", "bounces@"} {
		if strings.Contains(messages[0], bad) {
			t.Errorf("the message has %q:\n%s", bad, messages[0])
		}
	}
}

func TestEachReplyHasItsClass(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		step, reply, at string // at is the step that is reported; step if ""
		want            Class
		enhanced        string
	}{
		{"greeting", "421 4.3.2 going down", "", ClassTemporary, "4.3.2"},
		{"greeting", "554 no mail here", "", ClassRefused, ""},
		{"NOOP", "421 4.4.2 idle", "", ClassTemporary, "4.4.2"},
		{"MAIL", "450 4.7.1 later", "", ClassTemporary, "4.7.1"},
		{"MAIL", "550 5.1.1 sender unknown", "", ClassRefused, "5.1.1"},
		{"RCPT", "450 4.2.0 greylisted", "", ClassTemporary, "4.2.0"},
		{"RCPT", "450 4.1.1 not checked yet", "", ClassTemporary, "4.1.1"},
		{"RCPT", "550 5.1.1 nobody has alice@example.test", "", ClassAddress, "5.1.1"},
		{"RCPT", "550-5.1.1 nobody\r\n550 5.1.1 has it", "", ClassAddress, "5.1.1"},
		{"RCPT", "553 5.1.2 no such domain", "", ClassAddress, "5.1.2"},
		{"RCPT", "501 5.1.3 syntax", "", ClassAddress, "5.1.3"},
		{"RCPT", "551 5.1.6 moved", "", ClassAddress, "5.1.6"},
		{"RCPT", "556 5.1.10 null MX", "", ClassAddress, "5.1.10"},
		{"RCPT", "550 5.2.1 disabled", "", ClassAddress, "5.2.1"},
		{"RCPT", "550 Invalid recipient", "", ClassAddress, ""},
		{"RCPT", "550 5.7.1 relaying denied", "", ClassRefused, "5.7.1"},
		{"RCPT", "554 your host 192.5.1.1 is blocked", "", ClassRefused, ""},
		{"RCPT", "504 5.5.2 need a full name in EHLO", "", ClassRefused, "5.5.2"},
		{"RCPT", "552 5.2.2 full", "", ClassRefused, "5.2.2"},
		{"MAIL", "530 5.7.0 sign in first", "", ClassAuth, "5.7.0"},
		{"RCPT", "530 5.7.0 sign in first", "", ClassAuth, "5.7.0"},
		{"DATA", "451 4.3.0 later", "", ClassTemporary, "4.3.0"},
		{"DATA", "554 5.1.1 no valid recipients", "", ClassAddress, "5.1.1"},
		{"DATA", "554 no", "", ClassRefused, ""},
		{stepMessage, "452 4.3.1 full", "", ClassTemporary, "4.3.1"},
		{stepMessage, "550 5.1.1 nobody", "", ClassAddress, "5.1.1"},
		{stepMessage, "554 5.7.1 spam", "", ClassRefused, "5.7.1"},
		{stepMessage, "554 your host 10.5.1.1 is blocked", "", ClassRefused, ""},
		{"EHLO", "504 not like this", "HELO", "", ""},
		{"RCPT", "999 what", "", ClassProtocol, ""},
		{"RCPT", "hello", "", ClassProtocol, ""},
	} {
		server := newScripted(t, always(c.step, c.reply), offers("8BITMIME", "ENHANCEDSTATUSCODES"))
		r := open(t, SenderConfig{URL: server.url})(context.Background(), sample())
		if c.want == "" { // HELO does as well
			if !r.Sent {
				t.Errorf("%q at %s: %+v", c.reply, c.step, r)
			}
			continue
		}
		if r.Sent || r.Class != c.want || r.Enhanced != c.enhanced || r.Step != c.step || r.BadAddress != (c.want == ClassAddress) {
			t.Errorf("%q at %s: class %q, enhanced %q, step %q, bad address %v, %v", c.reply, c.step, r.Class, r.Enhanced, r.Step, r.BadAddress, r.Err)
		}
		if c.want != ClassProtocol && r.Code == 0 {
			t.Errorf("%q at %s: no code", c.reply, c.step)
		}
	}
}

func TestAServerThatHangsUpOrIsSilentIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, step := range steps {
		for _, act := range []string{closes, loses, silent} {
			server := newScripted(t, always(step, act))
			ctx := newLate(context.Background())
			server.mutes(ctx.pass)
			r := open(t, SenderConfig{URL: server.url})(ctx, sample())
			if sent := step == "RSET" || step == "QUIT"; sent {
				if r != (Result{Sent: true}) {
					t.Errorf("%s %s after the mail was taken: %+v", step, act, r)
				}
				continue
			}
			want := ClassClosed
			if act == silent {
				want = ClassTimeout
			}
			if r.Class == ClassConnect && step == "greeting" && act == silent {
				continue // the context ended before the client knew that it was connected
			}
			if r.Sent || r.Class != want || r.Step != step || r.Code != 0 || r.BadAddress || r.Err == nil {
				t.Errorf("%s at %s: %+v, want class %s", act, step, r, want)
			}
		}
	}
}

func TestTheEndOfTheContextEndsTheWholeTry(t *testing.T) {
	t.Parallel()
	for _, step := range steps {
		server := newScripted(t, always(step, silent))
		ctx, cancel := context.WithCancel(context.Background())
		server.mutes(cancel)
		r := open(t, SenderConfig{URL: server.url})(ctx, sample()) // would take 2 minutes
		if want := step == "RSET" || step == "QUIT"; r.Sent != want || !want && r.Class != ClassStopped {
			t.Errorf("at %s: %+v", step, r)
		}
	}
}

func TestNobodyListensIsAClassOfItsOwn(t *testing.T) {
	t.Parallel()
	server := newScripted(t, nil)
	server.url.Port = 1
	if r := open(t, SenderConfig{URL: server.url})(context.Background(), sample()); r.Class != ClassConnect || r.Step != stepConnect || r.Err == nil {
		t.Errorf("%+v", r)
	}
}
