package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var importCases = []testCase{
	{"imported users are as they were", func(f *fixture) {
		one := imported("Zoë", "zoë")
		two := imported("bob", "bob")
		two.PasswordHash, two.DisabledAt, two.PasswordDisabledAt = "", noon.Add(2*time.Hour), noon.Add(3*time.Hour)
		f.writes("import", func() {
			f.imports([]store.ImportedUser{one, two}, store.Imported, store.Imported)
		}, about(event(store.ActionUserImported, noon), one.ID, uuid.Nil), about(event(store.ActionUserImported, noon), two.ID, uuid.Nil))
		for _, n := range []store.ImportedUser{one, two} {
			got, err := f.store.Credentials(f.ctx, n.Folded)
			f.ok("read credentials", err)
			equal(f, n.Username, got, credentialsOf(n))
		}
	}},
	{"importing again changes nothing, and takes nobody's name or id", func(f *fixture) {
		one := imported("alice", "alice")
		f.imports([]store.ImportedUser{one}, store.Imported)
		again := one
		again.PasswordHash = "another"
		sameName, sameID, other := imported("Alice", "alice"), imported("carl", "carl"), imported("dora", "dora")
		sameID.ID = one.ID
		f.writes("import again", func() {
			f.imports([]store.ImportedUser{again}, store.There)
			f.imports([]store.ImportedUser{sameName, other}, store.Taken, store.Imported)
			f.imports([]store.ImportedUser{sameID}, store.Taken)
		}, about(event(store.ActionUserImported, noon), other.ID, uuid.Nil))
		got, err := f.store.Credentials(f.ctx, "alice")
		f.ok("read credentials", err)
		equal(f, "alice", got, credentialsOf(one))
		_, err = f.store.User(f.ctx, "carl")
		f.is("read carl", err, store.ErrNotFound)
		f.imports(nil)
	}},
	{"a later import fills an empty password, and nothing else", func(f *fixture) {
		without, with, still := imported("Zoë", "zoë"), imported("bob", "bob"), imported("carl", "carl")
		without.PasswordHash, still.PasswordHash = "", ""
		without.DisabledAt = noon.Add(time.Hour)
		f.imports([]store.ImportedUser{without, with, still}, store.Imported, store.Imported, store.Imported)

		better := without
		better.Username, better.PasswordHash, better.CreatedAt, better.DisabledAt = "zoË", "the hash", noon.Add(-time.Hour), time.Time{}
		better.PasswordChangedAt, better.PasswordDisabledAt = noon.Add(2*time.Hour), noon.Add(3*time.Hour)
		another, stranger, dora := with, better, imported("dora", "dora")
		another.PasswordHash = "another"
		stranger.Folded = "someone"
		e := event(store.ActionPasswordImported, noon)
		f.writes("import again", func() {
			f.imports([]store.ImportedUser{stranger, another, still}, store.Taken, store.There, store.Bare)
			f.imports([]store.ImportedUser{another, better, still, dora}, store.There, store.Filled, store.Bare, store.Imported)
			f.imports([]store.ImportedUser{better}, store.There)
		}, about(e, without.ID, uuid.Nil), about(event(store.ActionUserImported, noon), dora.ID, uuid.Nil))

		filled := without
		filled.PasswordHash, filled.PasswordChangedAt, filled.PasswordDisabledAt = "the hash", better.PasswordChangedAt, better.PasswordDisabledAt
		for _, n := range []store.ImportedUser{filled, with, still, dora} {
			got, err := f.store.Credentials(f.ctx, n.Folded)
			f.ok("read credentials", err)
			equal(f, n.Username, got, credentialsOf(n))
		}
	}},
	{"an empty password is filled once by imports that overlap", func(f *fixture) {
		const importers, each = 4, 20
		var empty []store.ImportedUser
		for i := range each {
			u := imported(fmt.Sprint("user", i), fmt.Sprint("user", i))
			u.PasswordHash = ""
			empty = append(empty, u)
		}
		f.imports(empty, make([]store.ImportOutcome, each)...)
		stores := f.processes()
		var counts [importers]int
		together(importers, func(i int) {
			full := slices.Clone(empty)
			for n := range full {
				full[n].PasswordHash = fmt.Sprint("of importer ", i)
			}
			if i%2 == 1 {
				slices.Reverse(full)
			}
			outcomes, err := stores[i%len(stores)].ImportUsers(f.ctx, full, event(store.ActionUserImported, noon))
			if err != nil {
				f.Errorf("import: %v", err)
			}
			for _, o := range outcomes {
				switch o {
				case store.Filled:
					counts[i]++
				case store.There:
				default:
					f.Errorf("import: got %v", o)
				}
			}
		})
		sum := 0
		for _, n := range counts {
			sum += n
		}
		equal(f, "filled", sum, each)
	}},
	{"addresses and languages are imported, and a taken address leaves only its own user out", func(f *fixture) {
		owner := f.verified("owner", "taken@example.com")
		withAddress := func(name, text string, verifiedAt time.Time) store.ImportedUser {
			u := imported(name, name)
			u.Email, u.EmailVerifiedAt, u.Locale = store.Address{Text: text, Folded: strings.ToLower(text), Verified: !verifiedAt.IsZero()}, verifiedAt, "pt-BR,pt"
			return u
		}
		then := noon.Add(-time.Hour)
		first, taken, hers := withAddress("alice", "Alice@example.com", then), withAddress("mallory", "Taken@example.com", then), withAddress("carol", "taken@example.com", time.Time{})
		twice, named, none := withAddress("twin", "alice@example.com", then), withAddress("owner", "taken@example.com", then), imported("zed", "zed")
		if first.ID.String() > twice.ID.String() { // PostgreSQL adds a batch in the order of ids
			first.ID, twice.ID = twice.ID, first.ID
		}
		batch := []store.ImportedUser{first, taken, hers, twice, named, none}
		f.writes("import", func() {
			f.imports(batch, store.Imported, store.EmailTaken, store.Imported, store.EmailTaken, store.Taken, store.Imported)
		}, about(event(store.ActionUserImported, noon), first.ID, uuid.Nil), about(event(store.ActionUserImported, noon), hers.ID, uuid.Nil),
			about(event(store.ActionUserImported, noon), none.ID, uuid.Nil))
		f.imports(batch, store.There, store.EmailTaken, store.There, store.EmailTaken, store.Taken, store.There)
		for _, n := range []store.ImportedUser{first, hers, none} {
			got, err := f.store.Credentials(f.ctx, n.Folded)
			f.ok("read credentials", err)
			equal(f, n.Username, got, credentialsOf(n))
		}
		f.owns("alice@example.com", "alice")
		f.owns("taken@example.com", "owner")
		got, err := f.store.UserByID(f.ctx, owner.ID)
		f.ok("read user", err)
		equal(f, "owner", got, owner)
	}},
	{"every user is on one page of credentials, by id", func(f *fixture) {
		var want []store.Credentials
		var users []store.ImportedUser
		for i := range 7 {
			u := imported(fmt.Sprint("user", i), fmt.Sprint("user", i))
			users, want = append(users, u), append(want, credentialsOf(u))
		}
		f.imports(users, make([]store.ImportOutcome, len(users))...)
		slices.SortFunc(want, func(a, b store.Credentials) int { return slices.Compare(a.User.ID[:], b.User.ID[:]) })
		var got []store.Credentials
		for after := uuid.Nil; ; {
			page, err := f.store.CredentialsPage(f.ctx, after, 3)
			f.ok("read a page", err)
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
			after = page[len(page)-1].User.ID
		}
		if !slices.Equal(got, want) {
			f.Errorf("got %+v, want %+v", got, want)
		}
	}},
	{"imports that overlap add each user once", func(f *fixture) {
		const importers, each = 4, 50
		var users []store.ImportedUser
		for i := range each {
			users = append(users, imported(fmt.Sprint("user", i), fmt.Sprint("user", i)))
		}
		stores := f.processes()
		var counts [importers]int
		together(importers, func(i int) {
			outcomes, err := stores[i%len(stores)].ImportUsers(f.ctx, users, event(store.ActionUserImported, noon))
			if err != nil {
				f.Errorf("import: %v", err)
			}
			for _, o := range outcomes {
				if o == store.Imported {
					counts[i]++
				}
			}
		})
		sum := 0
		for _, n := range counts {
			sum += n
		}
		equal(f, "imported", sum, each)
	}},
}

func imported(name, folded string) store.ImportedUser {
	return store.ImportedUser{
		NewUser:           store.NewUser{ID: uuid.New(), Username: name, Folded: folded, PasswordHash: oldHash, CreatedAt: noon},
		PasswordChangedAt: noon.Add(time.Hour),
	}
}

// credentialsOf returns the stored credentials of an imported user.
func credentialsOf(u store.ImportedUser) store.Credentials {
	return store.Credentials{PasswordHash: u.PasswordHash, Generation: store.Generation{User: store.NextGeneration(noon)}, User: store.User{
		ID: u.ID, Username: u.Username, Folded: u.Folded, CreatedAt: u.CreatedAt, DisabledAt: u.DisabledAt, PasswordChangedAt: u.PasswordChangedAt,
		PasswordDisabledAt: u.PasswordDisabledAt, Email: u.Email.Text, EmailVerifiedAt: u.EmailVerifiedAt, Locale: u.Locale,
		Rights: store.Rights{Roles: u.Rights.Roles, Claims: u.Rights.Claims, Generation: store.NextGeneration(noon)},
	}}
}

// imports checks the outcome for each user.
func (f *fixture) imports(users []store.ImportedUser, want ...store.ImportOutcome) {
	f.Helper()
	got, err := f.store.ImportUsers(f.ctx, users, event(store.ActionUserImported, noon))
	f.ok("import", err)
	if !slices.Equal(got, want) {
		f.Errorf("import: got %v, want %v", got, want)
	}
}
