package authn

import (
	"regexp"
	"testing"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const anotherSecret = "7d1b50f0c3a94e6f82d7a1c05be39f46a8c2d9e1f07b3546"

func TestATokenEndsInALetterOrADigit(t *testing.T) {
	t.Parallel()
	s, err := New(testConfig(), nil)
	if err != nil {
		t.Fatal(err)
	}
	plain := regexp.MustCompile(`^[a-z2-7]{52}$`)
	seen := map[string]bool{}
	for range 10_000 {
		token, kept, err := s.issueMailToken(uuid.New(), store.PurposeReset, issuedAt)
		if err != nil {
			t.Fatal(err)
		}
		if !plain.MatchString(token) || seen[token] {
			t.Fatalf("got %q", token)
		}
		if hash, err := parseMailToken(token); err != nil || hash != kept.Hash {
			t.Fatalf("%q: got %q, %v, want %q", token, hash, err, kept.Hash)
		}
		seen[token] = true
	}
}

func TestATokenIsDerivedAgainAfterTheSecretWasReplaced(t *testing.T) {
	t.Parallel()
	service := func(secret string, previous ...string) *Service {
		cfg := testConfig()
		cfg.Secret, cfg.PreviousSecrets = secret, previous
		s, err := New(cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := service(testSecret)
	id := uuid.New()
	token, kept, err := before.issueMailToken(id, store.PurposeVerify, issuedAt)
	if err != nil {
		t.Fatal(err)
	}
	mail := store.Mail{ID: id, Kind: store.MailVerify, TokenHash: kept.Hash}
	for what, s := range map[string]*Service{"the same secret": before, "a newer secret": service(anotherSecret, testSecret)} {
		if got, err := s.MailToken(mail); err != nil || got != token {
			t.Errorf("%s: got %q, %v, want %q", what, got, err, token)
		}
	}
	if got, err := service(anotherSecret).MailToken(mail); err == nil || got != "" {
		t.Errorf("without the secret: got %q, %v", got, err)
	}
	mail.Kind = store.MailReset
	if got, err := before.MailToken(mail); err == nil || got != "" {
		t.Errorf("for another purpose: got %q, %v", got, err)
	}
	mail.Kind = store.MailNewPlace
	if got, err := before.MailToken(mail); err == nil || got != "" {
		t.Errorf("for a notice: got %q, %v", got, err)
	}
}

func TestATextThatIsNoTokenIsRefusedWithoutAQuery(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "a", string(make([]byte, 52)), "A" + string(make([]byte, 51)), "1" + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"} {
		_, err := parseMailToken(text)
		wantCode(t, text, err, CodeInvalidLink)
	}
}

func TestAProcessWithoutTheSecretIssuesNoToken(t *testing.T) {
	t.Parallel()
	cfg := testConfig()
	cfg.NoSecret = true
	s, err := New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token, kept, err := s.issueMailToken(uuid.New(), store.PurposeReset, issuedAt); err == nil || token != "" || kept.Hash != "" {
		t.Errorf("got %q, %+v, %v", token, kept, err)
	}
}

func TestLanguagesAreKeptAsFarAsTheyAreLanguages(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]string{
		"de-CH,de,en":        "de-CH,de,en",
		" de , en":           "de,en",
		"de;q=1,en":          "en",
		"a,b,c,d,e,f":        "a,b,c,d,e",
		"<script>,\x00,é,pt": "pt",
		"":                   "",
	} {
		if got := cleanLocale(list); got != want {
			t.Errorf("%q: got %q, want %q", list, got, want)
		}
	}
}
