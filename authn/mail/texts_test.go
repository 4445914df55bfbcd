package mail

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/store"
)

// folder writes files of templates and returns their folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func loaded(t *testing.T, files map[string]string) *Texts {
	t.Helper()
	texts, err := LoadTexts(folder(t, files))
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func builtInFile(t *testing.T, name string) string {
	t.Helper()
	text, err := builtIn.ReadFile("texts/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheLanguageIsTheBestThatTheReaderAccepts(t *testing.T) {
	t.Parallel()
	texts := builtInTexts(t)
	for accepted, want := range map[string]string{
		"": "en", "en": "en", "de-CH,de;q=0.9,en;q=0.8": "de", "fr-CA": "fr", "es-419,pt": "es", "pt-BR": "pt", "pt-PT,en": "pt",
		"ja,de;q=0.5": "de", "ja": "en", "*": "en", "en-GB,de": "en", "not a language": "en", "de;q=nonsense": "en", "gsw": "de",
		strings.Repeat("x-", 5000): "en", "\x00": "en", "da, en-gb;q=0.8, fr;q=0.7": "en",
	} {
		msg := mustCompose(t, texts, store.MailPasswordChanged, func(m *store.Mail) { m.Locale = accepted })
		if msg.Language != want {
			t.Errorf("%.40q gets %s, not %s", accepted, msg.Language, want)
		}
	}
}

func TestAFileReplacesTheBlocksThatItHas(t *testing.T) {
	t.Parallel()
	texts := loaded(t, map[string]string{
		"de.tmpl": "\uFEFF{{/* ours */}}\r\n{{define \"greeting\"}}Servus!{{end}}\r\n" +
			"{{define \"my.team\"}}Ihr Team{{end}}\r\n{{define \"closing\"}}{{template \"my.team\" .}} von {{.Service}}{{end}}\r\n",
		"..data": "not ours",
	})
	msg := mustCompose(t, texts, store.MailPasswordChanged, func(m *store.Mail) { m.Locale = "de" })
	if !strings.HasPrefix(msg.Text, "Servus!\n\ndas Passwort") || !strings.HasSuffix(msg.Text, "\n\nIhr Team von Example\n") {
		t.Errorf("the text is\n%s", msg.Text)
	}
	if msg := mustCompose(t, texts, store.MailPasswordChanged); !strings.HasPrefix(msg.Text, "Hello,") {
		t.Errorf("another language has changed:\n%s", msg.Text)
	}
}

func TestAFileAddsALanguage(t *testing.T) {
	t.Parallel()
	italian := strings.Replace(builtInFile(t, "en.tmpl"), "Hello,", "Buongiorno,", 1)
	texts := loaded(t, map[string]string{"it.tmpl": italian, "en-GB.tmpl": `{{define "greeting"}}Good day,{{end}}`})
	if got, want := texts.Languages(), []string{"en", "de", "en-GB", "es", "fr", "it", "pt"}; !slices.Equal(got, want) {
		t.Errorf("the languages are %q, not %q", got, want)
	}
	for locale, want := range map[string]string{"it-CH": "Buongiorno,", "en-GB": "Good day,", "en-US": "Hello,", "ja": "Hello,"} {
		msg := mustCompose(t, texts, store.MailPasswordChanged, func(m *store.Mail) { m.Locale = locale })
		if !strings.HasPrefix(msg.Text, want) {
			t.Errorf("%s gets\n%s", locale, msg.Text)
		}
	}
}

func TestAScriptWithoutBlanksKeepsItsLinesShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("密码已更改。", 100)
	texts := loaded(t, map[string]string{"zh.tmpl": strings.Replace(builtInFile(t, "en.tmpl"), "Hello,", long, 1)})
	msg := mustCompose(t, texts, store.MailReset, func(m *store.Mail) { m.Locale = "zh-CN" })
	for _, line := range strings.Split(msg.Text, "\n") {
		if n := len([]rune(line)); n > maxLine {
			t.Errorf("a line has %d characters", n)
		}
	}
	if !strings.Contains(msg.HTML, long) {
		t.Error("the HTML part does not have the sentence whole")
	}
}

func TestAFrameOfYourOwnGoesAroundTheSameParagraphs(t *testing.T) {
	t.Parallel()
	texts := loaded(t, map[string]string{"frame.html": `<html lang="{{.Language}}"><head><title>{{.Subject}}</title></head><body><h1>{{.Service}}</h1>
{{range .Paragraphs}}{{if .Link}}<p><a class="button" href="{{.Text}}">{{.Text}}</a></p>{{else}}<p>{{.Text}}</p>{{end}}{{end}}</body></html>`})
	msg := mustCompose(t, texts, store.MailReset, func(m *store.Mail) { m.Username = "<b>" })
	if got, want := visible(msg.HTML), "Example "+oneLine(msg.Text); got != want {
		t.Errorf("the HTML part says\n%s\nnot\n%s", got, want)
	}
}

func TestAFaultInATemplateIsFoundAtTheStartWithItsFileAndLine(t *testing.T) {
	t.Parallel()
	const good = `{{range .Paragraphs}}{{if .Link}}<a href="{{.Text}}">{{.Text}}</a>{{else}}{{.Text}}{{end}}{{end}}`
	for name, c := range map[string]struct{ file, text, want string }{
		"a block that is not closed":      {"de.tmpl", "\n{{define \"greeting\"}}Hallo", "de.tmpl:2: unexpected EOF"},
		"a field that is not there":       {"de.tmpl", "\n\n{{define \"greeting\"}}{{.Name}}{{end}}", `de.tmpl:3:`},
		"a field only in one condition":   {"de.tmpl", "{{define \"greeting\"}}\n{{if not .Address}}{{.Name}}{{end}}Hallo{{end}}", `de.tmpl:2:`},
		"a template that is not there":    {"de.tmpl", "{{define \"greeting\"}}\n\n{{template \"gruss\" .}}{{end}}", `de.tmpl:3:`},
		"a block with a typing error":     {"de.tmpl", "\n\n{{define \"rest\"}}Hallo{{end}}", `there is no block "rest"; the blocks are quoted,`},
		"text in no block":                {"de.tmpl", "{{/* x */}}\n\n  Hallo\n", "de.tmpl:3: text outside of a block"},
		"an action in no block":           {"de.tmpl", "\n{{.Service}}", "de.tmpl:2: text outside of a block"},
		"no link":                         {"de.tmpl", "\n{{define \"reset\"}}Hallo{{end}}", `the block "reset" has {{.Link}} 0 times`},
		"a link in a sentence":            {"de.tmpl", "\n{{define \"reset\"}}Hier: {{.Link}}.{{end}}", `the block "reset" must have {{.Link}} alone`},
		"a link twice":                    {"de.tmpl", "\n{{define \"reset\"}}{{.Link}}\n\n{{.Link}}{{end}}", `has {{.Link}} 2 times`},
		"a link in a notice":              {"de.tmpl", "\n{{define \"new_place\"}}{{.Link}}{{end}}", "a mail of the kind new_place has no link"},
		"an expiry in a notice":           {"de.tmpl", "\n{{define \"new_place\"}}{{.Until}}{{end}}", "a mail of the kind new_place has no link"},
		"an empty subject":                {"de.tmpl", "\n{{define \"reset.subject\"}} {{end}}", `the block "reset.subject" must be one line`},
		"no sentence":                     {"de.tmpl", "\n{{define \"new_place\"}} {{end}}", `the block "new_place" is empty`},
		"eleven months":                   {"de.tmpl", "\n{{define \"months\"}}a b c d e f g h i j k{{end}}", `the block "months" has 11 words; it must have 12`},
		"not UTF-8":                       {"de.tmpl", "\n{{define \"greeting\"}}Gr\xfc\xdfe{{end}}", "de.tmpl:2: not UTF-8"},
		"a language with blocks missing":  {"it.tmpl", "\n{{define \"greeting\"}}Ciao,{{end}}", "it.tmpl: a new language needs these blocks too: quoted, weekdays"},
		"a name that is no language":      {"deutsch1.tmpl", "", "deutsch1.tmpl: not a file of templates: call it by its language, such as de.tmpl"},
		"another extension":               {"de.txt", "", "de.txt: not a file of templates"},
		"a frame that is not closed":      {"frame.html", "\n{{if .Subject}}", "frame.html:2: unexpected EOF"},
		"a frame with a wrong field":      {"frame.html", good + "\n{{.Titel}}", "frame.html:2:"},
		"a frame that leaves out the end": {"frame.html", "{{with index .Paragraphs 0}}{{.Text}}{{end}}", "frame.html: the frame leaves paragraphs out"},
		"a frame without a link":          {"frame.html", "{{range .Paragraphs}}{{.Text}}{{end}}", "frame.html: the frame has no link"},
	} {
		dir := folder(t, map[string]string{c.file: c.text})
		_, err := LoadTexts(dir)
		place := regexp.MustCompile(regexp.QuoteMeta(filepath.Join(dir, c.file)) + `:`)
		if c.file == "de.tmpl" {
			place = regexp.MustCompile(regexp.QuoteMeta(filepath.Join(dir, c.file)) + `:[1-3]:`)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !place.MatchString(err.Error()) {
			t.Errorf("%s: the error is %v; it must have %q, the file and the line", name, err, c.want)
		}
	}
}

func TestEveryFaultIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := LoadTexts(folder(t, map[string]string{"de.tmpl": "{{define}}", "fr.txt": "", "frame.html": "{{if}}"}))
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("the error is %v", err)
	}
}

func TestAFolderThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := LoadTexts(filepath.Join(t.TempDir(), "gone")); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("the error is %v", err)
	}
}

func TestEachLanguageSaysEachThingInItsOwnWords(t *testing.T) {
	t.Parallel()
	texts := builtInTexts(t)
	for _, kind := range store.MailKinds() {
		subjects := map[string]string{}
		for _, tag := range texts.Languages() {
			msg, err := texts.Preview(kind, tag, Letterhead{})
			if err != nil {
				t.Fatal(err)
			}
			if other, twice := subjects[msg.Subject]; twice {
				t.Errorf("%s: %s and %s have the subject %q", kind, other, tag, msg.Subject)
			}
			subjects[msg.Subject] = tag
			if msg.Language != tag {
				t.Errorf("%s is previewed in %s", tag, msg.Language)
			}
		}
	}
}

func TestAPreviewOfWhatIsNotThereSaysWhatIs(t *testing.T) {
	t.Parallel()
	texts := builtInTexts(t)
	if _, err := texts.Preview("birthday", "en", Letterhead{}); err == nil || !strings.Contains(err.Error(), "the kinds are verify, reset") {
		t.Errorf("the error is %v", err)
	}
	if _, err := texts.Preview(store.MailReset, "no language", Letterhead{}); err == nil || !strings.Contains(err.Error(), "such as de") {
		t.Errorf("the error is %v", err)
	}
}

func TestTheBuiltInTextsHaveNoFault(t *testing.T) {
	t.Parallel()
	if err := builtInTexts(t).check(); err != nil {
		t.Error(err)
	}
}

func TestABlockMayBeEmptied(t *testing.T) {
	t.Parallel()
	texts := loaded(t, map[string]string{"en.tmpl": `{{define "greeting"}}{{end}}{{define "closing"}}{{end}}`})
	msg := mustCompose(t, texts, store.MailPasswordChanged)
	if !strings.HasPrefix(msg.Text, "The password") || strings.Contains(msg.Text, "automatically") {
		t.Errorf("the text is\n%s", msg.Text)
	}
}

func BenchmarkLoadTexts(b *testing.B) {
	for b.Loop() {
		if _, err := LoadTexts(""); err != nil {
			b.Fatal(err)
		}
	}
}
