package userfile

import (
	"encoding/json"
	"slices"
	"strings"
)

// leading returns the members of JSON that lead to users, or that are a part of a user which tells the format.
// What is within other members, such as claims or metadata, may have any names.
func leading() []string {
	return []string{"users", "user", "account", "accounts", "orgs", "data_orgs", "dataOrgs", "humanUsers", "credentials", "_id"}
}

// memberNames returns the names of the members at the beginning of a JSON file, in the form of plainName: those of
// the users, and of what leads to them. The text may be cut off.
func memberNames(text string) []string {
	n := &memberReader{json: json.NewDecoder(strings.NewReader(text))}
	for n.value() == nil {
	}
	return n.names
}

type memberReader struct {
	json  *json.Decoder
	names []string
}

// value reads one value, and the names in it.
func (n *memberReader) value() error {
	t, err := n.json.Token()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('['):
		for n.json.More() {
			if err := n.value(); err != nil {
				return err
			}
		}
	case json.Delim('{'):
		for n.json.More() {
			if err := n.member(); err != nil {
				return err
			}
		}
	default:
		return nil
	}
	_, err = n.json.Token()
	return err
}

// member reads one member of an object.
func (n *memberReader) member() error {
	t, err := n.json.Token()
	if err != nil {
		return err
	}
	name, _ := t.(string)
	n.names = append(n.names, plainName(name))
	if slices.Contains(leading(), name) {
		return n.value()
	}
	var skipped json.RawMessage
	return n.json.Decode(&skipped)
}
