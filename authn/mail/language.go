package mail

import (
	"fmt"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
	"unicode/utf8"

	"github.com/authctl/authctl/store"
)

// The blocks that each language has besides two for each kind of mail.
const (
	blockQuoted   = "quoted"   // puts a name between quotes
	blockWeekdays = "weekdays" // seven words from Sunday on
	blockMonths   = "months"   // twelve words
	blockMoment   = "moment"   // writes an instant; see [moment]
	blockBrowser  = "browser"  // writes a [browser]
	blockEvent    = "event"    // says when it happened, and from where; mails include it, as they do the next two
	blockGreeting = "greeting"
	blockClosing  = "closing"
)

// subject returns the block with the subject of a kind of mail. The block with its sentences has
// the name of the kind.
func subject(kind store.MailKind) string { return string(kind) + ".subject" }

// required returns the blocks that a language must have.
func required() []string {
	blocks := []string{blockQuoted, blockWeekdays, blockMonths, blockMoment, blockBrowser, blockEvent, blockGreeting, blockClosing}
	for _, kind := range store.MailKinds() {
		blocks = append(blocks, subject(kind), string(kind))
	}
	return blocks
}

// parseLanguage parses a file of texts and puts its blocks over those of base, which may be nil.
// name is the file's name in errors, which also have the line.
//
// A file may define blocks of its own, whose names start with "my.".
func parseLanguage(name, text string, base *template.Template) (*template.Template, error) {
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("%s:%d: not UTF-8", name, 1+strings.Count(text[:invalid(text)], "\n"))
	}
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\uFEFF"), "\r\n", "\n")
	file, err := template.New(name).Parse(text)
	if err != nil {
		return nil, trimmed(err)
	}
	whole := template.New("")
	for _, block := range file.Templates() {
		if block.Name() == name {
			if line, outside := firstText(block.Tree, text); outside {
				return nil, fmt.Errorf("%s:%d: text outside of a block: write {{define \"KIND\"}} before it and {{end}} after it", name, line)
			}
			continue
		}
		if !strings.HasPrefix(block.Name(), "my.") && !isBlock(block.Name(), base) {
			return nil, fmt.Errorf("%s: there is no block %q; the blocks are %s, and those of your own that start with \"my.\"",
				place(block.Tree), block.Name(), strings.Join(required(), ", "))
		}
		if _, err := whole.AddParseTree(block.Name(), block.Tree); err != nil {
			return nil, fmt.Errorf("%s: %w", place(block.Tree), err)
		}
	}
	if base != nil {
		for _, block := range base.Templates() {
			if whole.Lookup(block.Name()) != nil {
				continue
			}
			if _, err := whole.AddParseTree(block.Name(), block.Tree); err != nil {
				return nil, fmt.Errorf("%s: %w", place(block.Tree), err)
			}
		}
	}
	var missing []string
	for _, block := range required() {
		if whole.Lookup(block) == nil {
			missing = append(missing, block)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%s: a new language needs these blocks too: %s", name, strings.Join(missing, ", "))
	}
	return whole, nil
}

// isBlock reports whether a file may define a block: it is required, or the language has it already.
func isBlock(name string, base *template.Template) bool {
	return slices.Contains(required(), name) || base != nil && base.Lookup(name) != nil
}

// firstText returns the line of the first text of a file that is in no block.
func firstText(tree *parse.Tree, text string) (line int, found bool) {
	if tree == nil || tree.Root == nil {
		return 0, false
	}
	for _, node := range tree.Root.Nodes {
		if t, ok := node.(*parse.TextNode); ok && strings.TrimSpace(string(t.Text)) == "" {
			continue
		}
		if node.Type() == parse.NodeComment {
			continue
		}
		pos := int(node.Position())
		if t, ok := node.(*parse.TextNode); ok {
			pos += len(t.Text) - len(strings.TrimLeft(string(t.Text), " \t\n"))
		}
		return 1 + strings.Count(text[:min(pos, len(text))], "\n"), true
	}
	return 0, false
}

// place returns the file and the line where a block begins.
func place(tree *parse.Tree) string {
	location, _ := tree.ErrorContext(tree.Root)
	return location
}

// invalid returns where the first byte is that is not UTF-8.
func invalid(text string) int {
	for i, r := range text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return i
			}
		}
	}
	return len(text)
}

// trimmed removes the prefix that text/template and html/template give their errors: what follows
// it is file, line and fault.
func trimmed(err error) error {
	text := err.Error()
	for _, prefix := range []string{"html/template:", "template:"} {
		text = strings.TrimSpace(strings.TrimPrefix(text, prefix))
	}
	return fmt.Errorf("%s", text)
}
