package config

import (
	"embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
)

// declarations holds the files that declare the settings. [Example] reads their comments.
//
//go:embed settings.go settings_*.go
var declarations embed.FS

const exampleHead = `# All settings of authctl and their defaults. Copy the settings that you change to
# authctl.yaml. A setting that is left out keeps its default.
#
# A setting can also come from the environment: AUTHCTL_ and the key in capitals,
# with _ for the dots (AUTHCTL_SERVER_PORT=8080). The order of precedence is
# flags, environment, ./.env, this file, defaults. "authctl config show" prints
# every value and where it came from. "authctl config check" lists every fault.
#
# Durations and sizes have units: 90s, 15m, 168h; 64MiB. What stands behind a
# value says which values are allowed.
`

// Example returns a configuration file with every setting, its default and the comment of its declaration.
func Example() (string, error) {
	comments, err := declaredComments()
	if err != nil {
		return "", fmt.Errorf("read the declarations of the settings: %w", err)
	}
	w := exampleWriter{comments: comments}
	w.WriteString(exampleHead)
	w.section(reflect.TypeFor[Settings](), "", "")
	return w.String(), nil
}

// exampleWriter writes settings in YAML.
type exampleWriter struct {
	strings.Builder
	comments map[string]string // keyed by struct and field, such as Server.Port
}

func (w *exampleWriter) section(t reflect.Type, prefix, indent string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if indent == "" {
			w.WriteString("\n")
		}
		key, value := f.Tag.Get("key"), f.Tag.Get("default")
		comment := w.comments[t.Name()+"."+f.Name]
		switch {
		case isSectionType(f.Type):
			w.line(indent, comment, key+":")
			w.section(f.Type, prefix+key+".", indent+"  ")
		case f.Type == reflect.TypeFor[Secret]() || f.Type == reflect.TypeFor[Secrets]():
			plain, file, _ := strings.Cut(comment, "\n\n")
			w.line(indent, plain, key+": "+inYAML(f.Type, value))
			w.line(indent, file, key+`_file: ""`)
		default:
			text := key + ": " + inYAML(f.Type, value)
			if bounds := printedBounds(prefix+key, f.Tag); bounds != "" {
				text += " # " + bounds
			}
			w.line(indent, comment, text)
		}
	}
}

// line writes a comment, which may be empty, and then the text that it describes.
func (w *exampleWriter) line(indent, comment, text string) {
	if comment != "" {
		for line := range strings.SplitSeq(strings.TrimSuffix(comment, "\n"), "\n") {
			w.WriteString(indent + "# " + line + "\n")
		}
	}
	w.WriteString(indent + text + "\n")
}

// inYAML returns a default as YAML.
func inYAML(t reflect.Type, value string) string {
	switch {
	case t.Kind() == reflect.Slice && value != "":
		return "[" + value + "]"
	case value != "":
		return value
	case t.Kind() == reflect.Slice || t == reflect.TypeFor[Secrets]():
		return "[]"
	default:
		return `""`
	}
}

// declaredComments returns the comments of the fields of every struct in the declarations.
func declaredComments() (map[string]string, error) {
	comments := map[string]string{}
	files, err := declarations.ReadDir(".")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := declarations.ReadFile(file.Name())
		if err != nil {
			return nil, err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file.Name(), text, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			declared, is := n.(*ast.TypeSpec)
			if !is {
				return true
			}
			if of, is := declared.Type.(*ast.StructType); is {
				for _, f := range of.Fields.List {
					comments[declared.Name.Name+"."+f.Names[0].Name] = f.Doc.Text()
				}
			}
			return false
		})
	}
	return comments, nil
}
