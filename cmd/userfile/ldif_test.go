package userfile

import (
	"strings"
	"testing"
)

// TestLDAPSearchesAreReadToTheirResult reads what ldapsearch writes without -LLL.
func TestLDAPSearchesAreReadToTheirResult(t *testing.T) {
	t.Parallel()
	const found = "# extended LDIF\n#\n# LDAPv3\n\n# a, x\ndn: uid=a,dc=x\nuid: a\nuserPassword: x\n\n# search reference\nref: ldap://b/dc=x\n\n# search result\n"
	for result, want := range map[string]string{
		"search: 2\nresult: 0 Success\n\n# numResponses: 2\n# numEntries: 1\n":      "",
		"search: 2\r\nresult: 0 Success\r\ncontrol: 1.2 false x\r\n":                "",
		"search: 2\nresult: 4 Size limit exceeded\n\n# numResponses: 2\n":           "the directory ended the search with \"4 Size limit exceeded\"",
		"search: 2\nresult: 32 No such object\nmatchedDN: dc=x\n":                   "the directory ended the search with \"32 No such object\"",
		"search: 2\nresult: 0 Success\n\ndn: uid=b,dc=x\nuid: b\nuserPassword: x\n": "",
	} {
		users, rejects, err := read("ldif", found+result, Options{})
		wantUsers := 1 + strings.Count(result, "dn:")
		if len(users) != wantUsers || len(rejects) > 0 || (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %d users, %v, %v", result, len(users), rejects, err)
		}
	}
}
