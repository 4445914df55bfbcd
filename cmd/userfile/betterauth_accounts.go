package userfile

import (
	"bufio"
	"fmt"

	"github.com/authctl/authctl/authn"
)

// readAccounts collects the password hashes of a file that has the tables user and account as two lists. It reads the
// whole file once more, and keeps the hashes in memory. It leaves every fault of the file to the reader of the users.
func (r *Reader) readAccounts() error {
	if r.accounts != nil {
		return nil
	}
	const twoLists = "it has the tables user and account as two lists"
	if r.options.Again == nil {
		return broken(twoLists + ": name the file, which is then read twice, or export them with one query that joins them")
	}
	file, err := r.options.Again()
	if err != nil {
		return fmt.Errorf("%s, and cannot be read twice: %w", twoLists, err)
	}
	defer file.Close()
	r.accounts = map[string]string{}
	account := func(o object) (authn.Arrival, error) {
		provider, id, hash := field(o, "providerId", "provider_id"), field(o, "userId", "user_id"), field(o, "password")
		switch {
		case provider != "credential" && provider != "":
			r.drop("accounts of " + provider)
		case id != "" && hash != "":
			r.accounts[id] = hash
		}
		return authn.Arrival{}, errSkip
	}
	ahead, in := New(Options{}), bufio.NewReaderSize(file, maxRecord)
	if _, err := ahead.firstByte(in); err != nil {
		return nil
	}
	for range ahead.readJSON(in, document{member: "account", user: account}) {
	}
	return nil
}

// field returns the text of the first member that an object has, "" for null and for none.
func field(o object, names ...string) string {
	for _, name := range names {
		if raw, is := o[name]; is && string(raw) != "null" {
			return text(raw)
		}
	}
	return ""
}
