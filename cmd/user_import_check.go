package cmd

import (
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strings"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/store"
)

// maxReasons is the number of different reasons that --check counts one by one.
const maxReasons = 50

// Why an earlier row excludes another.
const (
	sameName  = "has the same username; upper and lower case do not tell users apart"
	sameEmail = "has the same verified e-mail address"
)

// fileCheck is what --check finds in a file. It needs some 200 bytes of memory for each user.
type fileCheck struct {
	seed       maphash.Seed
	names      map[uint64]seenUser // by the folded username
	ids        map[uint64]bool
	emails     map[uint64]int // row, by the verified address
	hashes     map[hashing.Description]int
	reasons    map[string]int
	duplicates int
	clash      []string // why the user of a row of the batch is refused, "" for one who is not
}

// seenUser is the user who has a name.
type seenUser struct {
	row  int
	id   uint64
	bare bool
}

func newFileCheck() *fileCheck {
	return &fileCheck{seed: maphash.MakeSeed(), names: map[uint64]seenUser{}, ids: map[uint64]bool{}, emails: map[uint64]int{},
		hashes: map[hashing.Description]int{}, reasons: map[string]int{}}
}

// outcomes returns what an import into an empty database would do with the batch of i.
func (f *fileCheck) outcomes(i *importer) []store.ImportOutcome {
	f.clash = make([]string, len(i.batch))
	outcomes := make([]store.ImportOutcome, len(i.batch))
	for n, user := range i.batch {
		outcomes[n], f.clash[n] = f.outcome(user, i.rows[n].Number, i.rows[n].Unit)
	}
	return outcomes
}

// outcome returns the outcome for a user, and why the user is refused.
func (f *fileCheck) outcome(user store.ImportedUser, row int, unit string) (store.ImportOutcome, string) {
	name, id := maphash.String(f.seed, user.Folded), maphash.Bytes(f.seed, user.ID[:])
	email := maphash.String(f.seed, user.Email.Folded)
	if was, there := f.names[name]; there {
		f.duplicates++
		switch {
		case was.id != id:
			return store.Taken, fmt.Sprintf("%s %d %s", unit, was.row, sameName)
		case was.bare && user.PasswordHash != "":
			f.names[name] = seenUser{was.row, id, false}
			return store.Filled, ""
		case was.bare:
			return store.Bare, ""
		}
		return store.There, ""
	}
	if f.ids[id] {
		return store.Taken, "an earlier user of the file has the same id"
	}
	if was, there := f.emails[email]; there && user.Email.Verified {
		f.duplicates++
		return store.EmailTaken, fmt.Sprintf("%s %d %s", unit, was, sameEmail)
	}
	f.names[name], f.ids[id] = seenUser{row, id, user.PasswordHash == ""}, true
	if user.Email.Verified {
		f.emails[email] = row
	}
	if d, known := hashing.Describe(user.PasswordHash); known {
		f.hashes[d]++
	}
	return store.Imported, ""
}

// refuse counts a reason. Rows that an earlier one excludes count together.
func (f *fileCheck) refuse(reason string) {
	for _, same := range []string{sameName, sameEmail} {
		if strings.HasSuffix(reason, same) {
			reason = "an earlier row " + same
		}
	}
	if _, counted := f.reasons[reason]; !counted && len(f.reasons) >= maxReasons {
		reason = "other reasons"
	}
	f.reasons[reason]++
}

// checkView is the result of --check in JSON and YAML.
type checkView struct {
	Format          string       `json:"format"`
	Users           int          `json:"users"` // who would be imported into an empty database
	Skipped         int          `json:"skipped"`
	Rejected        int          `json:"rejected"`
	Duplicates      int          `json:"duplicates"` // rows whose username, folded, or verified address an earlier row has
	Unverified      int          `json:"unverified"`
	WithoutPassword int          `json:"without_password"`
	Addresses       int          `json:"emails"`
	NamesMade       int          `json:"names_made"`
	AddressesLost   int          `json:"emails_dropped"`
	Hashes          []hashCount  `json:"hashes"`
	Reasons         []reasonView `json:"reasons"` // of the rejected rows
}

type hashCount struct {
	Algorithm string `json:"algorithm"`
	Cost      string `json:"cost"`
	Users     int    `json:"users"`
}

type reasonView struct {
	Reason string `json:"reason"`
	Rows   int    `json:"rows"`
}

// view returns the result, the most frequent hashes and reasons first.
func (f *fileCheck) view(v importView) checkView {
	c := checkView{Format: v.Format, Users: v.Imported, Skipped: v.Skipped, Rejected: v.Rejected, Duplicates: f.duplicates, Unverified: v.Unverified,
		WithoutPassword: v.WithoutPassword, Addresses: v.Addresses, NamesMade: v.NamesMade, AddressesLost: v.AddressesLost, Hashes: []hashCount{}, Reasons: []reasonView{}}
	for d, n := range f.hashes {
		c.Hashes = append(c.Hashes, hashCount{d.Algorithm, d.Cost, n})
	}
	slices.SortFunc(c.Hashes, func(a, b hashCount) int {
		return cmp.Or(cmp.Compare(b.Users, a.Users), cmp.Compare(a.Algorithm, b.Algorithm), cmp.Compare(a.Cost, b.Cost))
	})
	for _, reason := range slices.Sorted(maps.Keys(f.reasons)) {
		c.Reasons = append(c.Reasons, reasonView{reason, f.reasons[reason]})
	}
	slices.SortStableFunc(c.Reasons, func(a, b reasonView) int { return cmp.Compare(b.Rows, a.Rows) })
	return c
}

// table is the result for people.
func (c checkView) table() table {
	t := table{header: []string{"COUNT", "OF"}}
	add := func(n int, of string) { t.rows = append(t.rows, []string{fmt.Sprint(n), of}) }
	add(c.Users, "users of a file of "+cmp.Or(c.Format, "nothing"))
	for _, h := range c.Hashes {
		add(h.Users, "passwords: "+h.Algorithm+" "+h.Cost)
	}
	add(c.WithoutPassword, "users without a password")
	add(c.Duplicates, "duplicates, upper and lower case alike")
	add(c.Unverified, "users who would sign in by an unconfirmed address")
	if c.Skipped > 0 {
		add(c.Skipped, "accounts skipped")
	}
	for _, r := range c.Reasons {
		add(r.Rows, "refused: "+r.Reason)
	}
	return t
}

// openToCheck returns an installation without a database: its configuration and its rules.
func (a *app) openToCheck(ctx context.Context) (*instance, error) {
	o := opening{hashes: true, verifies: true}
	cfg, err := a.load(ctx, o.wants)
	if err != nil {
		return nil, err
	}
	inst := &instance{cfg: cfg}
	if inst.secret, err = a.secretOf(inst, o); err != nil {
		return nil, err
	}
	inst.authn, err = newService(inst, nil)
	return inst, err
}
