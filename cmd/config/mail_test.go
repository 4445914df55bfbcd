package config

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/authn"
)

const mailed = "mail: {url: 'smtps://mail.example', from: a@b.example}\n"

func TestAWrongSettingOfMailIsNamedWithItsKey(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ file, key, says string }{
		{"mail: {url: 'imap://mail.example'}", "mail.url", "smtp://, smtps://, file: or log: must come first"},
		{"mail: {url: 'smtp://u:hun/ter2@mail.example'}", "mail.url", "as %XX"},
		{"mail: {url: 'smtp://u:hunter2@mail.example:465'}", "mail.url", "write smtps://"},
		{"mail: {from: alice}", "mail.from", "name@example.com"},
		{"mail: {from: 'a@localhost'}", "mail.from", "has no dot"},
		{"mail: {envelope_from: 'a..b@c.d'}", "mail.envelope_from", "two dots in a row"},
		{"mail: {links: {verify: /verify}}", "mail.links.verify", "whole URL"},
		{"mail: {links: {reset: 'https://a.example'}}", "mail.links.reset", "needs a path"},
		{"mail: {links: {reset: 'http://a.example/'}}", "mail.links.reset", "must be https"},
		{"mail: {links: {reset: 'https://a.example/#a'}}", "mail.links.reset", "fragment"},
		{"mail: {notices: [new_places]}", "mail.notices", "new_place"},
		{"mail: {notices: [reset]}", "mail.notices", `"reset" is no notice; the notices are password_changed, `},
		{"mail: {max_per_recipient: -1}", "mail.max_per_recipient", "0 to 1000"},
		{"mail: {max_per_hour: 1000001}", "mail.max_per_hour", "0 to 1000000"},
		{"accounts: {email: sometimes}", "accounts.email", "auto or off or optional or required"},
		{"accounts: {email: optional}", "accounts.email", "set mail.url"},
		{"accounts: {email: required}", "accounts.email", "set mail.url"},
	} {
		_, err := Load(from(t, tt.file))
		if !refusedFor(err, tt.key, tt.says) || strings.Contains(err.Error(), "ter2") {
			t.Errorf("%s: got %v, want %s: …%s…", tt.file, err, tt.key, tt.says)
		}
	}
}

func TestAMissingSettingOfMailIsAnErrorAtTheStart(t *testing.T) {
	t.Parallel()
	const elsewhere = "server: {host: 0.0.0.0}\n"
	for _, tt := range []struct{ file, key, says string }{
		{"mail: {url: 'smtps://mail.example'}", "mail.from", "is required"},
		{elsewhere + mailed, "server.public_url", "is required with mail.url"},
		{elsewhere + "mail: {url: 'smtps://mail.example', from: a@b.example, links: {reset: 'https://a.example/r'}}", "server.public_url", "is required with mail.url"},
		{"mail: {url: 'smtps://mail.example', from: a@b.example, insecure: true}", "", "mail.insecure"},
		{"mail: {url: 'smtps://mail.example', from: a@b.example, ca_file: /nowhere}", "", "mail.ca_file"},
		{"mail: {url: 'smtps://mail.example', from: a@b.example, hello: host}", "", "mail.hello"},
		{"mail: {url: 'log:', templates_dir: /nowhere}", "mail.templates_dir", "/nowhere"},
	} {
		cfg := mustLoad(t, from(t, tt.file))
		all, _ := errors.AsType[Faults](cfg.CheckServing())
		if !slices.ContainsFunc(all, func(f Fault) bool { return f.Key == tt.key && strings.Contains(f.Why, tt.says) }) {
			t.Errorf("%s: got %q, want %s: …%s…", tt.file, all, tt.key, tt.says)
		}
	}
	for _, file := range []string{
		mailed, "mail: {url: 'log:'}", "mail: {url: 'file:/nowhere/mails'}", elsewhere + mailed + "environment: development",
		"server: {host: 0.0.0.0, public_url: 'https://login.example'}\n" + mailed,
		elsewhere + "mail: {url: 'smtps://mail.example', from: a@b.example, links: {verify: 'https://a.example/v', reset: 'https://a.example/r'}}",
	} {
		cfg := mustLoad(t, from(t, file))
		if err := cfg.CheckServing(); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestEmailIsOptionalWhereMailIsOn(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]authn.EmailMode{
		"":                                     authn.EmailOff,
		"environment: development":             authn.EmailOptional,
		mailed:                                 authn.EmailOptional,
		mailed + "accounts: {email: required}": authn.EmailRequired,
		mailed + "accounts: {email: off}":      authn.EmailOff,
		"mail: {url: 'vault:secret/a#b'}":      authn.EmailOptional,
	} {
		cfg := mustLoad(t, from(t, strings.ReplaceAll(file, "email: off", "email: 'off'")))
		if got := cfg.emailMode(); got != want {
			t.Errorf("%s: got %s, want %s", file, got, want)
		}
	}
	cfg := mustLoad(t, from(t, "environment: development"))
	if cfg.Mail.URL.Text != "log:" || cfg.Origins["mail.url"] != "environment: development" {
		t.Errorf("got %q from %s", string(cfg.Mail.URL.Text), cfg.Origins["mail.url"])
	}
}

func TestTheLinksOfMailsComeFromTheSettings(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		mailed: "http://127.0.0.1:8000/reset-password",
		"server: {public_url: 'https://login.example/'}\n" + mailed:                         "https://login.example/reset-password",
		"server: {host: 0.0.0.0, port: 8100}\nenvironment: development":                     "http://localhost:8100/reset-password",
		"mail: {links: {reset: 'https://shop.example/new?a=b'}}\nserver: {host: 0.0.0.0}\n": "https://shop.example/new?a=b",
	} {
		cfg := mustLoad(t, from(t, file))
		if got := cfg.MailLinks().Reset; got != want {
			t.Errorf("%s: got %s, want %s", file, got, want)
		}
	}
}

func TestEveryNoticeIsOnByDefault(t *testing.T) {
	t.Parallel()
	cfg := mustLoad(t, from(t, mailed))
	if got := cfg.mailRules(); !slices.Equal(got.Notices, authn.Notices()) || got.Domain != "b.example" {
		t.Errorf("got %+v", got)
	}
	if !slices.Equal(cfg.Mail.Notices, noticeNames()) {
		t.Errorf("got %q, want %q", cfg.Mail.Notices, noticeNames())
	}
}

func TestAPasswordOfTheMailServerIsNeverShown(t *testing.T) {
	t.Parallel()
	cfg := mustLoad(t, from(t, "", "AUTHCTL_MAIL_URL=smtps://u:hunter2@mail.example"))
	for _, v := range cfg.Show() {
		if strings.Contains(v.Value, "hunter2") || v.Key == "mail.url" && v.Value != "smtps://mail.example:465" {
			t.Errorf("got %+v", v)
		}
	}
}

func TestSettingsOfMailThatNobodyWantsAreWarnedOf(t *testing.T) {
	t.Parallel()
	for file, says := range map[string]string{
		"mail: {url: 'log:'}": "nobody gets mail",
		"mail: {url: 'smtp://mail.example', from: a@b.example, insecure: true}": "go to smtp://mail.example:587 in clear",
		mailed + "accounts: {email: 'off'}":                                     "nothing is mailed",
	} {
		cfg := mustLoad(t, from(t, file))
		if said := strings.Join(cfg.Warnings(), "\n"); !strings.Contains(said, says) {
			t.Errorf("%s: got %q, want %s", file, said, says)
		}
	}
	cfg := mustLoad(t, from(t, "environment: development"))
	if said := strings.Join(cfg.Warnings(), "\n"); strings.Contains(said, "mail") {
		t.Errorf("development: got %q", said)
	}
}

func TestAFileNeedsItsModeOnlyForAPasswordOfTheMailServer(t *testing.T) {
	t.Parallel()
	for url, secret := range map[string]bool{"log:": false, "file:mails": false, "smtps://mail.example": false, "smtps://u:hunter2@mail.example": true, "smtps://u:hun/ter2@": true} {
		if got := inClear("mail.url", url); got != secret {
			t.Errorf("%s: got %v, want %v", url, got, secret)
		}
	}
}
