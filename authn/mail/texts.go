package mail

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// builtIn has one file of texts for each language, and the frame of the HTML part.
//
//go:embed texts
var builtIn embed.FS

const (
	textsExt  = ".tmpl"
	frameFile = "frame.html"
)

// Texts are the sentences of all mails in all languages, and the frame of their HTML part. They do
// not change; any number of goroutines may use them.
type Texts struct {
	tags      []language.Tag // English first: the language of readers whose own is not among these
	languages map[language.Tag]*template.Template
	matcher   language.Matcher
	frame     *htmltemplate.Template
}

// LoadTexts reads the texts that are built in, and those in the folder dir, which replace them block
// by block or add a language. dir may be "". If it is not, LoadTexts writes each kind of mail in each
// language with sample data, so that its error names every file and line that would fail later.
func LoadTexts(dir string) (*Texts, error) {
	inside, err := fs.Sub(builtIn, "texts")
	if err != nil {
		return nil, err
	}
	t := &Texts{languages: map[language.Tag]*template.Template{}}
	if err := t.read(inside, ""); err != nil {
		return nil, err
	}
	if dir != "" {
		if err := t.read(os.DirFS(dir), dir); err != nil {
			return nil, err
		}
	}
	english := slices.Index(t.tags, language.English)
	t.tags[0], t.tags[english] = t.tags[english], t.tags[0]
	slices.SortFunc(t.tags[1:], func(a, b language.Tag) int { return strings.Compare(a.String(), b.String()) })
	t.matcher = language.NewMatcher(t.tags)
	if dir != "" {
		if err := t.check(); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Languages returns the tags of all languages (RFC 5646), the first for readers of another one.
func (t *Texts) Languages() []string {
	var names []string
	for _, tag := range t.tags {
		names = append(names, tag.String())
	}
	return names
}

// read reads the files of one folder over what was read before. It names every fault.
func (t *Texts) read(folder fs.FS, dir string) error {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	// en-GB comes after en, whose blocks it starts from.
	slices.SortStableFunc(entries, func(a, b fs.DirEntry) int { return len(a.Name()) - len(b.Name()) })
	var faults []error
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") || entry.IsDir() {
			continue // Kubernetes mounts folders with such names
		}
		name := path.Join("texts", entry.Name())
		if dir != "" {
			name = filepath.Join(dir, entry.Name())
		}
		text, err := fs.ReadFile(folder, entry.Name())
		if err == nil {
			err = t.add(name, entry.Name(), string(text))
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// add adds one file. name is for errors.
func (t *Texts) add(name, file, text string) error {
	if file == frameFile {
		return t.addFrame(name, text)
	}
	tag, err := language.Parse(strings.TrimSuffix(file, textsExt))
	if err != nil || !strings.HasSuffix(file, textsExt) {
		return fmt.Errorf("%s: not a file of templates: call it by its language, such as de%s or pt-BR%s, or %s", name, textsExt, textsExt, frameFile)
	}
	whole, err := parseLanguage(name, text, t.base(tag))
	if err != nil {
		return err
	}
	if _, known := t.languages[tag]; !known {
		t.tags = append(t.tags, tag)
	}
	t.languages[tag] = whole
	return nil
}

// base returns the blocks that a language starts from: its own, or those of the nearest language
// that includes it, as es does es-MX; nil when there is none.
func (t *Texts) base(tag language.Tag) *template.Template {
	for ; tag != language.Und; tag = tag.Parent() {
		if whole, ok := t.languages[tag]; ok {
			return whole
		}
	}
	return nil
}

func (t *Texts) addFrame(name, text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("%s:%d: not UTF-8", name, 1+strings.Count(text[:invalid(text)], "\n"))
	}
	frame, err := htmltemplate.New(name).Parse(strings.TrimPrefix(text, "\uFEFF"))
	if err != nil {
		return trimmed(err)
	}
	t.frame = frame
	return nil
}

// match returns the language for a reader who accepts these, best first, such as "de-CH,de,en".
func (t *Texts) match(accepted string) (language.Tag, *template.Template) {
	_, i := language.MatchStrings(t.matcher, accepted)
	return t.tags[i], t.languages[t.tags[i]]
}
