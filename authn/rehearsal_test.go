package authn

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

func TestARehearsalForetellsWhatAnImportDoes(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, rehearse)
}

func rehearse(t *testing.T, f *fixture) {
	user := func(id int, name, hash string) store.ImportedUser {
		at := f.now()
		return store.ImportedUser{NewUser: store.NewUser{ID: uuid.UUID{15: byte(id)}, Username: name, Folded: name, PasswordHash: hash, CreatedAt: at}, PasswordChangedAt: at}
	}
	there := []store.ImportedUser{user(1, "alice", "x"), user(2, "bob", ""), user(3, "carl", "")}
	if _, err := f.ImportUsers(t.Context(), visitor, there); err != nil {
		t.Fatal(err)
	}
	rows := []store.ImportedUser{
		user(1, "alice", "y"), user(2, "bob", ""), user(3, "carl", "x"), user(3, "carl", "y"), user(2, "bob", "x"), user(2, "bob", ""),
		user(9, "alice", "x"), user(1, "dora", "x"), user(4, "dora", ""), user(4, "dora", ""), user(4, "dora", "x"), user(4, "dora", ""),
		user(4, "erik", "x"), user(5, "dora", "x"), user(6, "erik", "x"), user(6, "erik", "y"),
	}
	foretold, err := f.Rehearse().ImportUsers(t.Context(), rows)
	if err != nil {
		t.Fatal(err)
	}
	f.advance(time.Second)
	var done []store.ImportOutcome
	for _, u := range rows {
		outcomes, err := f.ImportUsers(t.Context(), visitor, []store.ImportedUser{u})
		if err != nil {
			t.Fatal(err)
		}
		done = append(done, outcomes...)
	}
	want := []store.ImportOutcome{
		store.There, store.Bare, store.Filled, store.There, store.Filled, store.There,
		store.Taken, store.Taken, store.Imported, store.Bare, store.Filled, store.There,
		store.Taken, store.Taken, store.Imported, store.There,
	}
	if !slices.Equal(foretold, want) || !slices.Equal(done, want) {
		t.Errorf("foretold %v, done %v, want %v", foretold, done, want)
	}
}
