package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// dotenv reads the text of a .env file. It takes each value literally, and removes only a pair of
// quotes around the whole value. It refuses a value that Docker Compose, docker --env-file or
// systemd would read differently, and names the line. docs/configuration.md has the rules.
type dotenv struct {
	path  string
	lines []string
	at    map[string]int // the line, from 0, of each of our variables
	bad   *Faults
}

// parseDotenv returns authctl's variables from a .env file. It does not judge the values of other
// programs' variables in the same file.
func parseDotenv(path, text string, bad *Faults) map[string]string {
	text = strings.TrimPrefix(text, byteOrderMark)
	if found := wrongEncoding(text); found != "" {
		bad.Add(path, "%s", found)
		return nil
	}
	d := dotenv{path, strings.Split(text, "\n"), map[string]int{}, bad}
	for i, line := range d.lines {
		if d.lines[i] = strings.TrimSuffix(line, "\r"); strings.Contains(d.lines[i], "\r") {
			d.fault(i, "a carriage return stands within the line: lines end in LF or CRLF")
			return nil
		}
	}
	values := map[string]string{}
	for i := 0; i < len(d.lines); i++ {
		i = d.read(i, values)
	}
	return values
}

func (d *dotenv) fault(line int, format string, args ...any) {
	d.bad.Add(fmt.Sprintf("%s:%d", d.path, line+1), format, args...)
}

var (
	exported     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^export[ \t]+`) })
	variableName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`) })
)

// read reads the variable that begins in line i, and returns its last line.
func (d *dotenv) read(i int, values map[string]string) int {
	line := strings.TrimLeft(d.lines[i], " \t")
	if line == "" || line[0] == '#' {
		return i
	}
	name, raw, assigned := strings.Cut(exported().ReplaceAllString(line, ""), "=")
	trimmed := strings.TrimRight(name, " \t")
	switch {
	case !assigned || !variableName().MatchString(trimmed): // the message does not repeat the line, which may be a secret
		d.fault(i, "is neither NAME=VALUE nor a comment, which begins with #")
		return i
	case !isOurs(trimmed):
		return d.pass(i, trimmed, strings.TrimLeft(raw, " \t"))
	case trimmed != name:
		d.fault(i, "%s has a blank before the =: remove it", trimmed)
		return i
	}
	if first, twice := d.at[name]; twice {
		d.fault(i, "%s is given twice, first in line %d: remove one", name, first+1)
		return i
	}
	d.at[name] = i
	value, err := dotenvValue(raw)
	if err != nil {
		d.fault(i, "%s %v", name, err)
		return i
	}
	values[name] = value
	return i
}

// isOurs reports whether authctl reads or refuses a variable.
func isOurs(name string) bool {
	_, known := keyOf(name)
	return known || strings.HasPrefix(name, envPrefix)
}

// pass returns the line where another program's value ends. A value in quotes may have several lines.
// If one of these lines sets a variable of authctl, the end of the value is uncertain.
func (d *dotenv) pass(i int, name, raw string) int {
	if raw == "" || (raw[0] != '"' && raw[0] != '\'') || strings.Contains(raw[1:], raw[:1]) {
		return i
	}
	for end := i + 1; end < len(d.lines); end++ {
		inner, _, assigned := strings.Cut(exported().ReplaceAllString(strings.TrimLeft(d.lines[end], " \t"), ""), "=")
		if assigned && isOurs(strings.TrimRight(inner, " \t")) {
			break
		}
		if strings.Contains(d.lines[end], raw[:1]) {
			return end
		}
	}
	d.fault(i, "the value of %s begins with a quote that is not closed, so that it is not certain where it ends", name)
	return i
}

const inSingleQuotes = "put the value in single quotes, where everything stands for itself"

// dotenvValue returns the value that follows the =. Its errors do not repeat the value.
func dotenvValue(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	if quote := raw[:1]; quote == `"` || quote == `'` {
		inner, after, closed := strings.Cut(raw[1:], quote)
		if err := checkReplaced(inner); quote == `"` && err != nil {
			return "", err
		}
		switch {
		case !closed:
			return "", errors.New("has a quote that is not closed in the same line")
		case strings.Trim(after, " \t") != "":
			return "", errors.New("has something after the closing quote: put a comment on a line of its own, and a value that has one kind of quotes in it between the other")
		}
		return inner, nil
	}
	switch {
	case raw[0] == '#' || strings.Contains(raw, " #") || strings.Contains(raw, "\t#"):
		return "", errors.New("has a # that is a comment to some programs and a part of the value to others: put a comment on a line of its own, or the value in quotes")
	case strings.Trim(raw, " \t") != raw:
		return "", errors.New("has a blank before or after the value, which some programs remove: remove it, or put the value in quotes")
	}
	return raw, checkReplaced(raw)
}

// checkReplaced fails for a text that other programs would expand.
func checkReplaced(value string) error {
	if strings.Contains(value, "$") {
		return errors.New("has a $, which some programs replace by another variable: " + inSingleQuotes)
	}
	if strings.Contains(value, `\`) {
		return errors.New(`has a \, which some programs take for the beginning of another character: ` + inSingleQuotes)
	}
	return nil
}
