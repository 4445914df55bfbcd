package userfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/authctl/authctl/authn"
)

// entry is one entry of an LDIF file: the values of each attribute, whose name is in lower case.
type entry map[string][]string

// first returns the first value of the first of several attributes that has one.
func (e entry) first(names ...string) string {
	for _, name := range names {
		if len(e[name]) > 0 {
			return trimmed(e[name][0])
		}
	}
	return ""
}

// isPerson reports whether an entry is one of a user, and not a group or a unit.
func (e entry) isPerson() bool {
	if e.first("userpassword") != "" {
		return true
	}
	return slices.ContainsFunc(e["objectclass"], func(class string) bool {
		return slices.Contains([]string{"person", "organizationalperson", "inetorgperson", "posixaccount", "account", "user"}, strings.ToLower(class))
	})
}

// readLDIF reads LDIF (RFC 2849), as slapcat and ldapsearch write it.
func (r *Reader) readLDIF(in *bufio.Reader, _ byte) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		l := &ldif{r: r, in: in, line: r.skipped}
		users, others := 0, 0
		for {
			e, begins, err := l.next()
			if errors.Is(err, io.EOF) {
				break
			}
			row := Row{Number: begins, Unit: "line"}
			var bad *badEntry
			switch {
			case errors.As(err, &bad):
				row.Err = errors.New(bad.reason)
				row.User.Username = bad.uid
			case err != nil:
				yield(Row{}, err)
				return
			case l.cut && e.first("userpassword") == "":
				yield(Row{}, broken("it is cut off in the entry of line %d", begins))
				return
			case !e.isPerson():
				others++
				continue
			default:
				row.User, row.Err = r.tidy(r.ldifUser(e))
			}
			users++
			if !yield(row, nil) {
				return
			}
		}
		if users == 0 && others > 0 {
			yield(Row{}, errors.New("it has entries, and none of them is a user"))
		}
	}
}

// ldifUser reads a user of a directory, which confirms no addresses.
func (r *Reader) ldifUser(e entry) (u authn.Arrival, err error) {
	name, mail, dn := e.first("uid", "cn"), e.first("mail"), e.first("dn")
	u.Username, u.Origin = name, "ldif/"+strings.ToLower(dn)
	if err = r.named(&u, identity{username: name, email: mail}); err != nil {
		return u, err
	}
	if err = setID(&u, "ldif", e.first("entryuuid")); err != nil {
		return u, err
	}
	u.PasswordHash = e.first("userpassword")
	if len(e["userpassword"]) > 1 {
		return u, fmt.Errorf("it has %d passwords, and can have one here", len(e["userpassword"]))
	}
	if u.CreatedAt, err = generalized("createTimestamp", e.first("createtimestamp")); err != nil {
		return u, err
	}
	if u.PasswordChangedAt, err = generalized("pwdChangedTime", e.first("pwdchangedtime")); err != nil {
		return u, err
	}
	if e.first("pwdaccountlockedtime") != "" || isTrue(e.first("nsaccountlock")) {
		u.DisabledAt = later(u.CreatedAt)
	}
	for _, group := range e["memberof"] {
		r.grant(&u, commonName(group))
	}
	for attribute, values := range e {
		if known := slices.Contains([]string{"dn", "uid", "cn", "mail"}, attribute); known && len(values) > 1 {
			r.drop("further values of " + attribute)
		} else if !slices.Contains(ldifRead(), attribute) && !slices.Contains(ldifOwn(), attribute) {
			r.drop(attribute)
		}
	}
	return u, nil
}

// ldifRead returns the attributes that are read, in lower case.
func ldifRead() []string {
	return []string{"dn", "version", "changetype", "objectclass", "uid", "cn", "mail", "userpassword", "memberof", "entryuuid", "createtimestamp",
		"pwdchangedtime", "pwdaccountlockedtime", "nsaccountlock"}
}

// ldifOwn returns the attributes that a directory keeps for itself.
func ldifOwn() []string {
	return []string{"structuralobjectclass", "entrycsn", "contextcsn", "modifytimestamp", "creatorsname", "modifiersname", "entrydn", "subschemasubentry", "hassubordinates"}
}

// commonName returns the value of the first part of a distinguished name: admins of cn=admins,ou=groups.
func commonName(dn string) string {
	part, _, _ := strings.Cut(dn, ",")
	_, value, _ := strings.Cut(part, "=")
	return strings.TrimSpace(value)
}

// generalized parses a time of a directory (RFC 4517, section 3.3.13), such as 20260301090000Z.
func generalized(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{"20060102150405Z0700", "200601021504Z0700"} {
		if t, err := time.Parse(layout, text); err == nil && recorded(t) {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("its %s is not a time such as 20260301090000Z", name)
}
