package mail

import (
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
)

// TestPostfix has one conversation after the other with one Postfix, which takes seconds to start.
func TestPostfix(t *testing.T) {
	t.Parallel()
	next := newScripted(t, always("", ""), func(s *scripted) { s.arrived = make(chan string, 10) })
	p := startPostfix(t, next)

	t.Run("takes mail over STARTTLS", func(t *testing.T) {
		m := sample()
		if r := open(t, SenderConfig{URL: p.url, CAFile: p.ca})(t.Context(), m); r != (Result{Sent: true}) {
			t.Fatalf("%+v", r)
		}
		got := <-next.arrived
		for _, want := range []string{"by mail.example.test (Postfix) with ESMTPS", "from login.example.com", "Message-ID: <" + m.MessageID + ">", "#token=3Dabc234\n"} {
			if !strings.Contains(got, want) {
				t.Errorf("the next server got no %q:\n%s", want, got)
			}
		}
		if from := next.heard("MAIL"); len(from) != 1 || !strings.HasPrefix(from[0], "MAIL FROM:<bounces@example.com>") {
			t.Errorf("the envelope is %q", from)
		}
	})

	t.Run("is not believed with another certificate", func(t *testing.T) {
		u := p.url
		u.Host = "localhost" // not in the certificate
		r := open(t, SenderConfig{URL: u, CAFile: p.ca})(t.Context(), sample())
		if r.Class != ClassTLS || r.Step != stepTLS || !strings.Contains(r.Reason(), "x509") {
			t.Errorf("%+v, %s", r, r.Reason())
		}
	})

	t.Run("says later and then takes the mail", func(t *testing.T) {
		w := newSQLiteWorld(t)
		p.write("etc/access", "alice@example.test 450 4.2.0 come back\n")
		worker, id := w.worker(open(t, SenderConfig{URL: p.url, CAFile: p.ca})), w.reset("alice")
		w.step(worker, 1)
		w.is(id, store.MailWaiting, ClassTemporary)
		if m := w.mail(id); m.Code != 450 || m.Enhanced != "4.2.0" {
			t.Errorf("%+v", m)
		}
		p.write("etc/access", "")
		w.pass(10 * time.Second)
		w.step(worker, 1)
		w.is(id, store.MailSent, "")
		if got := <-next.arrived; !strings.Contains(got, id.String()) {
			t.Errorf("the next server got %s", got)
		}
	})

	t.Run("knows which addresses are bad", func(t *testing.T) {
		p.write("etc/access", "bob@example.test 554 5.7.1 not for you\n")
		for to, want := range map[string]Result{
			"nobody@example.test": {Class: ClassAddress, Code: 550, Enhanced: "5.1.1", BadAddress: true, Step: "RCPT"},
			"bob@example.test":    {Class: ClassRefused, Code: 554, Enhanced: "5.7.1", Step: "RCPT"},
		} {
			m := sample()
			m.To = to
			got := open(t, SenderConfig{URL: p.url, CAFile: p.ca})(t.Context(), m)
			if got.Err = nil; got != want {
				t.Errorf("%s: %+v", to, got)
			}
		}
	})

	t.Run("takes our name in EHLO when it is strict", func(t *testing.T) {
		for _, hello := range []string{"login.example.com", HelloFor("localhost")} {
			if r := open(t, SenderConfig{URL: p.strict, CAFile: p.ca, Hello: hello})(t.Context(), sample()); r != (Result{Sent: true}) {
				t.Errorf("%s: %+v", hello, r)
			}
		}
		// Open refuses a name without a dot. This is why: the server refuses the recipient, but it
		// is no word about the recipient.
		s, err := newSMTP(SenderConfig{URL: p.strict, CAFile: p.ca, Hello: "login.example.com"})
		if err != nil {
			t.Fatal(err)
		}
		s.hello = "vm"
		if r := s.Send(t.Context(), sample()); r.Class != ClassRefused || r.Code != 504 || r.Enhanced != "5.5.2" || r.Step != "RCPT" || r.BadAddress {
			t.Errorf("%+v", r)
		}
	})
}
