package userfile

import (
	"bufio"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/authctl/authctl/authn"
)

// Auto is the name of the format that is recognised by the beginning of the file.
const Auto = "auto"

// format reads the files of one program.
type format struct {
	name  string
	json  *document                                                // how its JSON is built; nil for a format without JSON
	csv   *columns                                                 // the columns of its CSV; nil for a format without CSV
	row   func(cells map[string]string) (authn.Arrival, error)     // reads a line of the CSV
	other func(in *bufio.Reader, first byte) iter.Seq2[Row, error] // reads what is neither; nil for a format without it
}

// document is how JSON files of a format are built.
type document struct {
	member  string                                   // the member with the list of users; "" for a format without one
	skip    []string                                 // further lists beside it, which may be long
	through []string                                 // the members that lead to an object with that list
	beside  func(name string, value json.RawMessage) // takes a member before that list, "" at the beginning of a document; may be nil
	before  func() error                             // is called before the users of that list; may be nil
	user    func(object) (authn.Arrival, error)      // reads a user
}

// tell passes a member on to the format.
func (d document) tell(name string, value json.RawMessage) {
	if d.beside != nil {
		d.beside(name, value)
	}
}

// formats returns the formats in the order of [Formats].
func (r *Reader) formats() []format {
	csv := func(c columns) *columns { return &c }
	cells := func(row func(map[string]string) (authn.Arrival, error)) *document { return &document{user: flat(row)} }
	return []format{
		{name: "authctl", csv: csv(authctlColumns()), row: r.authctlRow}, // its JSON is read by lines
		{name: "keycloak", json: &document{member: "users", user: r.keycloak}},
		{name: "firebase", json: &document{member: "users", user: r.firebase}},
		{name: "django", json: &document{user: r.django}},
		{name: "auth0", json: &document{member: "users", user: r.auth0}},
		{name: "gotrue", json: &document{member: "users", user: r.gotrue}, csv: csv(gotrueColumns()), row: r.gotrueRow},
		{name: "kratos", json: &document{user: r.kratos}},
		{name: "wordpress", json: cells(r.wordpressRow), csv: csv(wordpressColumns()), row: r.wordpressRow, other: r.readDump},
		{name: "shadow", other: r.readShadow},
		{name: "htpasswd", other: r.readHtpasswd},
		{name: "authelia", other: r.readAuthelia},
		{name: "better-auth", json: &document{member: "user", before: r.readAccounts, user: r.betterAuth}, csv: csv(betterAuthColumns()), row: r.betterAuthRow},
		{name: "clerk", json: cells(r.clerkRow), csv: csv(clerkColumns()), row: r.clerkRow},
		{name: "supertokens", json: &document{member: "users", user: r.superTokens}, csv: csv(superTokensColumns()), row: r.superTokensRow},
		{name: "zitadel", json: &document{member: "humanUsers", skip: []string{"machineUsers", "userGrants"}, through: zitadelOrgs(), user: r.zitadel}},
		{name: "fusionauth", json: &document{member: "users", beside: r.fusionAuthDefault, user: r.fusionAuth}, csv: csv(fusionAuthColumns()), row: r.fusionAuthRow},
		{name: "aspnet", json: cells(r.aspNetRow), csv: csv(aspNetColumns()), row: r.aspNetRow},
		{name: "ldif", other: r.readLDIF},
	}
}

// Formats returns the names of the formats, authctl's own first and [Auto] last.
func Formats() []string {
	var names []string
	for _, f := range new(Reader).formats() {
		names = append(names, f.name)
	}
	return append(names, Auto)
}

// readAs reads a file, from its first byte that is no white space, as a format.
func (r *Reader) readAs(name string, in *bufio.Reader, first byte) iter.Seq2[Row, error] {
	all := r.formats()
	at := slices.IndexFunc(all, func(f format) bool { return f.name == name })
	if at < 0 {
		return failed(fmt.Errorf("there is no format %q, only %s", name, strings.Join(Formats(), ", ")))
	}
	f, isJSON := all[at], first == '{' || first == '['
	if name == "zitadel" && isJSON && r.options.Again != nil {
		if again, err := r.options.Again(); err == nil {
			r.readGrants(again)
			again.Close()
		}
	}
	switch {
	case isJSON && name == "authctl":
		return r.readLines(in)
	case isJSON && f.json != nil, f.csv == nil && f.other == nil:
		return r.readJSON(in, *f.json)
	case f.other != nil && (f.csv == nil || looksLikeSQL(in)):
		return f.other(in, first)
	}
	return r.readCSV(in, *f.csv, f.row)
}

// flat makes a function for JSON objects of a function for the cells of a CSV. A text is its value,
// null is an empty one, and anything else is its JSON.
func flat(row func(map[string]string) (authn.Arrival, error)) func(object) (authn.Arrival, error) {
	return func(o object) (authn.Arrival, error) {
		cells := map[string]string{}
		for name, raw := range o {
			if cells[name] = ""; string(raw) != "null" {
				cells[name] = trimmed(text(raw))
			}
		}
		clear(o)
		return row(cells)
	}
}
