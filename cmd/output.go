package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

// output is the value of -o.
type output struct {
	format  string
	allowed []string
}

// addFlag declares -o with the formats that a command offers, the first being
// the default.
func (o *output) addFlag(c *cobra.Command, formats ...string) {
	o.format, o.allowed = formats[0], formats
	c.Flags().VarP(o, "output", "o", "how to print: "+strings.Join(formats, ", "))
}

// String implements pflag.Value.
func (o *output) String() string { return o.format }

// Type implements pflag.Value.
func (o *output) Type() string { return "format" }

// Set implements pflag.Value.
func (o *output) Set(s string) error {
	if !slices.Contains(o.allowed, s) {
		return fmt.Errorf("must be one of %s", strings.Join(o.allowed, ", "))
	}
	o.format = s
	return nil
}

// print writes data in the chosen format: value for json and yaml, the table for
// people, and the ids, one a line.
func (o *output) print(w io.Writer, value any, t table, ids []string) error {
	switch o.format {
	case "json":
		b, err := marshal(value)
		if err != nil {
			return err
		}
		_, err = w.Write(b)
		return err
	case "yaml":
		return printYAML(w, value)
	case "ids":
		for _, id := range ids {
			if _, err := fmt.Fprintln(w, id); err != nil {
				return err
			}
		}
		return nil
	default:
		return t.print(w)
	}
}

// marshal returns JSON with every [hidden] character as an escape.
func marshal(value any) ([]byte, error) {
	b, err := encode(value)
	return escapeJSON(b), err
}

func encode(value any) ([]byte, error) {
	var plain bytes.Buffer
	enc := json.NewEncoder(&plain)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(value)
	return plain.Bytes(), err
}

// printYAML goes through JSON, so that both have the same names and forms.
func printYAML(w io.Writer, value any) error {
	b, err := encode(value)
	if err != nil {
		return err
	}
	var doc yaml.Node // keeps the order of the members
	if err := yaml.Unmarshal(escapeYAML(b), &doc); err != nil {
		return err
	}
	blockStyle(&doc)
	var text bytes.Buffer
	enc := yaml.NewEncoder(&text)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(&doc), enc.Close()); err != nil {
		return err
	}
	_, err = w.Write(escapeYAML(text.Bytes()))
	return err
}

func blockStyle(n *yaml.Node) {
	n.Style = 0
	quoteHidden(n)
	for _, child := range n.Content {
		blockStyle(child)
	}
}

// markedName adds a mark to a username with characters outside of ASCII, because it may look like
// another name. A name has no space, so that no name can forge the mark.
func markedName(username string) string {
	for _, r := range username {
		if r >= utf8.RuneSelf {
			return username + " (not ASCII)"
		}
	}
	return username
}

// oneLine returns the text of an error on one line, without repetitions. A driver tries several
// addresses, and reports each failure on a line of its own.
func oneLine(err error) string {
	lines := strings.Split(err.Error(), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.ReplaceAll(strings.Join(slices.Compact(lines), "; "), ":; ", ": ")
}

// when formats an instant for people.
func when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// whenever formats a time that may be nil.
func whenever(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return when(*t)
}

// orDash returns the text, or a dash for an empty one.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// count writes a number with its noun: "1 session", "1,204 sessions", "2 entries".
func count(n int64, noun string) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok && n != 1 && !strings.HasSuffix(stem, "e") { // a key
		noun = stem + "ies"
	} else if n != 1 {
		noun += "s"
	}
	return digits + " " + noun
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// have is like are, with the verb have.
func have(n int, of string) string {
	if n == 1 {
		return "1 " + of + " has"
	}
	return fmt.Sprintf("%d %ss have", n, of)
}

// are is a number with its verb.
func are(n int, of string) string {
	if n == 1 {
		return "1 " + of + " is"
	}
	return fmt.Sprintf("%d %ss are", n, of)
}
