package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Edit is one changed or added line of a file.
type Edit struct {
	line int    // counted from 1; an added line follows this line
	Old  string // "" for an added line
	New  string
}

// errByHand reports a file that [EditScalars] cannot edit safely.
var errByHand = errors.New("cannot be edited safely")

// EditScalars sets values in the text of a YAML file, below a path of keys. It keeps every other
// byte. It returns the new text and the edits. It fails with [errByHand] for flow style, anchors,
// several documents and tabs, which it does not edit.
func EditScalars(text string, path []string, keys []string, values map[string]string) (string, []Edit, error) {
	ending := "\n"
	if strings.Contains(text, "\r\n") {
		ending = "\r\n"
	}
	lines := strings.SplitAfter(text, "\n")
	root, err := onlyMapping(text)
	if err != nil {
		return "", nil, err
	}
	at, err := descend(root, path)
	if err != nil {
		return "", nil, err
	}
	var edits []Edit
	var added []string
	for _, key := range keys {
		node := value(at.mapping, key)
		if len(at.missing) > 0 || node == nil {
			added = append(added, key)
			continue
		}
		e, err := replaceScalar(lines, node, values[key])
		if err != nil {
			return "", nil, err
		}
		if e.Old != e.New {
			edits = append(edits, e)
		}
	}
	if len(added) > 0 {
		edits = append(edits, insertion(at, added, values, lines, ending)...)
	}
	result := apply(lines, edits, ending)
	if !sameBut(text, result, path, keys, values) {
		return "", nil, errByHand
	}
	return result, edits, nil
}

// sameBut reports whether two texts have the same content apart from the given values. The second
// text must have these values.
func sameBut(before, after string, path, keys []string, values map[string]string) bool {
	var old, fresh map[string]any
	if yaml.Unmarshal([]byte(before), &old) != nil || yaml.Unmarshal([]byte(after), &fresh) != nil {
		return false
	}
	for _, key := range keys {
		if got, there := take(fresh, append(slices.Clone(path), key)); !there || fmt.Sprint(got) != values[key] {
			return false
		}
		take(old, append(slices.Clone(path), key))
	}
	prune(old, path)
	prune(fresh, path)
	return reflect.DeepEqual(old, fresh) || len(old)+len(fresh) == 0
}

// Take removes what is at the end of a path, and returns it.
func take(m map[string]any, path []string) (v any, there bool) {
	for key, inner := range m {
		if !strings.EqualFold(key, path[0]) {
			continue
		}
		if len(path) == 1 {
			delete(m, key)
			return inner, true
		}
		next, _ := inner.(map[string]any)
		return take(next, path[1:])
	}
	return nil, false
}

// prune removes the empty mappings of a path.
func prune(m map[string]any, path []string) {
	if len(path) == 0 {
		return
	}
	for key, inner := range m {
		if strings.EqualFold(key, path[0]) {
			next, isMapping := inner.(map[string]any)
			prune(next, path[1:])
			if inner == nil || isMapping && len(next) == 0 {
				delete(m, key)
			}
		}
	}
}

// onlyMapping parses a text that is one mapping in block style. It returns nil for an empty text.
func onlyMapping(text string) (*yaml.Node, error) {
	d := yaml.NewDecoder(strings.NewReader(text))
	var doc, more yaml.Node
	if err := d.Decode(&doc); err != nil {
		if strings.TrimSpace(text) == "" || onlyComments(text) {
			return &yaml.Node{Kind: yaml.MappingNode}, nil
		}
		return nil, fmt.Errorf("it is not YAML: %w", errByHand)
	}
	if d.Decode(&more) == nil {
		return nil, fmt.Errorf("it has several documents: %w", errByHand)
	}
	if strings.Contains(text, "\t") {
		return nil, fmt.Errorf("it has tabs: %w", errByHand)
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return &yaml.Node{Kind: yaml.MappingNode}, nil
	}
	return root, plainMapping(root)
}

func onlyComments(text string) bool {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return false
		}
	}
	return true
}

// plainMapping fails unless the node is a mapping with one key a line.
func plainMapping(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode || n.Style&yaml.FlowStyle != 0 || n.Anchor != "" {
		return fmt.Errorf("a part of it is not written with one key a line: %w", errByHand)
	}
	return nil
}

// spot is how far a file has the mappings of a path.
type spot struct {
	mapping *yaml.Node // the innermost mapping that the file has
	depth   int        // of that mapping; 0 for the whole file
	missing []string   // the rest of the path
}

// descend follows a path as far as the file has it.
func descend(n *yaml.Node, path []string) (spot, error) {
	for i, key := range path {
		next := value(n, key)
		if next == nil {
			return spot{n, i, path[i:]}, nil
		}
		if next.Kind == yaml.ScalarNode && next.Tag == "!!null" && next.Value == "" {
			return spot{n, i, path[i:]}, nil // a key with nothing below it
		}
		if err := plainMapping(next); err != nil {
			return spot{}, err
		}
		n = next
	}
	return spot{n, len(path), nil}, nil
}

func value(mapping *yaml.Node, key string) *yaml.Node {
	if i := keyIndex(mapping, key); i >= 0 {
		return mapping.Content[i+1]
	}
	return nil
}

func keyIndex(mapping *yaml.Node, key string) int {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if strings.EqualFold(mapping.Content[i].Value, key) { // the loader ignores case too
			return i
		}
	}
	return -1
}

// replaceScalar changes a value on one line, and keeps the comment that follows it.
func replaceScalar(lines []string, n *yaml.Node, to string) (Edit, error) {
	if n.Kind != yaml.ScalarNode || n.Anchor != "" || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle|yaml.TaggedStyle) != 0 || n.Line < 1 || n.Line > len(lines) {
		return Edit{}, fmt.Errorf("a value is not written as plain text: %w", errByHand)
	}
	line := lines[n.Line-1]
	begin := n.Column - 1
	if begin > len(line) {
		return Edit{}, errByHand
	}
	rest := strings.TrimRight(line[begin:], "\r\n")
	end := len(rest)
	switch {
	case rest == "":
		return Edit{}, fmt.Errorf("a value stands on another line than its key: %w", errByHand)
	case rest[0] == '"' || rest[0] == '\'':
		closing := strings.IndexByte(rest[1:], rest[0])
		if closing < 0 {
			return Edit{}, errByHand
		}
		end = closing + 2
	default:
		if comment := strings.Index(rest, " #"); comment >= 0 {
			end = comment
		}
		end = len(strings.TrimRight(rest[:end], " "))
	}
	return Edit{n.Line, line, line[:begin] + to + line[begin+end:]}, nil
}

// insertion adds keys to an existing mapping, or adds the missing mappings of the path as well.
func insertion(at spot, added []string, values map[string]string, lines []string, ending string) []Edit {
	indent := strings.Repeat("  ", at.depth)
	siblings := at.mapping.Content
	if len(siblings) > 0 {
		indent = strings.Repeat(" ", siblings[0].Column-1)
	}
	after := len(lines)
	if lines[len(lines)-1] == "" {
		after--
	}
	if at.depth > 0 && len(siblings) > 0 {
		after = siblings[0].Line - 1 // before its first key, so below its own
	}
	keys := at.missing
	if len(keys) > 0 {
		if i := keyIndex(at.mapping, keys[0]); i >= 0 { // the file has the key, with no value
			after, keys = siblings[i].Line, keys[1:]
			indent += "  "
		}
	}
	var edits []Edit
	for _, key := range keys {
		edits = append(edits, Edit{after, "", indent + key + ":" + ending})
		indent += "  "
	}
	for _, key := range added {
		edits = append(edits, Edit{after, "", indent + key + ": " + values[key] + ending})
	}
	return edits
}

// apply returns the text with the edits.
func apply(lines []string, edits []Edit, ending string) string {
	lines = slices.Clone(lines)
	slices.SortStableFunc(edits, func(a, b Edit) int { return a.line - b.line })
	var out strings.Builder
	next := 0
	for i := 0; i <= len(lines); i++ {
		for ; next < len(edits) && edits[next].Old == "" && edits[next].line == i; next++ {
			if s := out.String(); s != "" && !strings.HasSuffix(s, "\n") {
				out.WriteString(ending)
			}
			out.WriteString(edits[next].New)
		}
		if i == len(lines) {
			break
		}
		if next < len(edits) && edits[next].Old != "" && edits[next].line == i+1 {
			out.WriteString(edits[next].New)
			next++
			continue
		}
		out.WriteString(lines[i])
	}
	return out.String()
}
