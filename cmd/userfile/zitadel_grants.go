package userfile

import (
	"bufio"
	"io"

	"github.com/authctl/authctl/authn"
)

// readGrants collects the roles of ZITADEL's userGrants, which a file has after its users. It reads the
// whole file, and keeps the roles of each user in memory. It leaves every fault of the file to the
// reader of the users.
func (r *Reader) readGrants(file io.Reader) {
	r.grants = map[string][]string{}
	grants := New(Options{})
	grant := func(o object) (authn.Arrival, error) {
		var id string
		var roles []string
		if o.takeAll(map[string]any{"userId": &id, "roleKeys": &roles}) == nil && id != "" {
			r.grants[id] = append(r.grants[id], roles...)
		}
		return authn.Arrival{}, errSkip
	}
	in := bufio.NewReaderSize(file, maxRecord)
	if _, err := grants.firstByte(in); err != nil {
		return
	}
	for range grants.readJSON(in, document{member: "userGrants", skip: []string{"humanUsers", "machineUsers"}, through: zitadelOrgs(), user: grant}) {
	}
}
