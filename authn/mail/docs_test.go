package mail

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/authctl/authctl/store"
)

func TestTheExampleInTheDocumentationIsAFileOfTexts(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/mail.md")
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?s)```\n(\\{\\{define.*?)```").FindSubmatch(page)
	if example == nil {
		t.Fatal("docs/mail.md has no example")
	}
	texts := loaded(t, map[string]string{"de.tmpl": string(example[1])})
	msg := mustCompose(t, texts, store.MailReset, func(m *store.Mail) { m.Locale = "de" })
	if !strings.HasPrefix(msg.Text, "Servus!\n\nhier wählen Sie") || !strings.HasSuffix(msg.Text, "Durchwahl 7.\n") {
		t.Errorf("the text is\n%s", msg.Text)
	}
	for _, kind := range store.MailKinds() {
		if !strings.Contains(string(page), "| `"+string(kind)+"` |") {
			t.Errorf("docs/mail.md does not say what %s is", kind)
		}
	}
}
