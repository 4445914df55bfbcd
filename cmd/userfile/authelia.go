package userfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"

	"go.yaml.in/yaml/v3"

	"github.com/authctl/authctl/authn"
)

// maxYAML is the size of the largest YAML file, in bytes. Authelia itself keeps such a file in memory.
const maxYAML = 32 << 20

// autheliaUser is a user of Authelia's file. Other members are not kept.
type autheliaUser struct {
	Password, Email string
	Disabled        bool
	Groups          []string
	More            map[string]any `yaml:",inline"`
}

// readAuthelia reads the file of Authelia's authentication backend: users below their names.
func (r *Reader) readAuthelia(in *bufio.Reader, _ byte) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		size := &io.LimitedReader{R: in, N: maxYAML + 1}
		documents := yaml.NewDecoder(size)
		for lists := 0; ; lists++ {
			var document struct {
				Users yaml.Node
			}
			err := documents.Decode(&document)
			switch {
			case size.N == 0:
				yield(Row{}, fmt.Errorf("it has more than %d MiB, and a YAML file is read as a whole: export authctl's own format instead", maxYAML>>20))
				return
			case errors.Is(err, io.EOF) && lists > 0:
				return
			case err != nil, document.Users.Kind != yaml.MappingNode:
				yield(Row{}, errors.New("it is no YAML with users below \"users:\", or it is cut off"))
				return
			}
			if !r.autheliaUsers(document.Users.Content, yield) {
				return
			}
		}
	}
}

// autheliaUsers yields the users of a mapping, whose names and values take turns in nodes.
func (r *Reader) autheliaUsers(nodes []*yaml.Node, yield func(Row, error) bool) bool {
	seen := map[string]bool{}
	for i := 0; i+1 < len(nodes); i += 2 {
		name := nodes[i].Value
		row := Row{Number: nodes[i].Line + r.skipped, Unit: "line", User: authn.Arrival{Username: name}}
		if seen[name] {
			row.Err = errors.New("the name is there twice")
		} else {
			row.User, row.Err = r.tidy(r.authelia(name, nodes[i+1]))
		}
		seen[name] = true
		if !yield(row, nil) {
			return false
		}
	}
	return true
}

func (r *Reader) authelia(name string, node *yaml.Node) (u authn.Arrival, err error) {
	var user autheliaUser
	u.Username, u.Origin = name, "authelia/"+name
	if node.Decode(&user) != nil { // the error may quote a hash
		return u, errors.New("its password, email, disabled or groups is of another type than it should be")
	}
	u.PasswordHash = user.Password
	if err = r.named(&u, identity{username: name, email: user.Email}); err != nil {
		return u, err
	}
	if user.Disabled {
		u.DisabledAt = later(u.CreatedAt)
	}
	r.grant(&u, user.Groups...)
	for member := range user.More {
		if u.PasswordHash == "" && isHash(plainName(member)) {
			return u, errHashLost(member)
		}
		r.drop(member)
	}
	return u, nil
}
