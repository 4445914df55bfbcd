package sqlite_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/sqlite"
	"github.com/authctl/authctl/store/storetest"
)

func addUser(t *testing.T, s *sqlite.Store) error {
	t.Helper()
	id := uuid.New()
	_, err := s.CreateUser(t.Context(), store.NewUser{ID: id, Username: id.String(), Folded: id.String(), CreatedAt: time.Unix(1, 0)},
		store.Event{Action: store.ActionUserCreated, At: time.Unix(1, 0), Reason: strings.Repeat("x", 1000)})
	return err
}

// TestAFullDiskIsUnavailableAndReadsGoOn limits the pages of SQLite, as a full disk does.
func TestAFullDiskIsUnavailableAndReadsGoOn(t *testing.T) {
	t.Parallel()
	s := open(t, sqlite.Config{Path: storetest.SQLite(t)})
	limit := func(pages string) {
		t.Helper()
		if _, err := s.Writer().ExecContext(t.Context(), "PRAGMA max_page_count = "+pages); err != nil {
			t.Fatal(err)
		}
	}
	limit("1") // the least is what it has
	var err error
	for range 10_000 {
		if err = addUser(t, s); err != nil {
			break
		}
	}
	if !errors.Is(err, store.ErrFull) || !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("got %v, want that the disk is full", err)
	}
	if _, _, err := s.Users(t.Context(), store.UserPage{Limit: 1}); err != nil {
		t.Errorf("reading: %v", err)
	}
	limit("1000000")
	if err := addUser(t, s); err != nil {
		t.Errorf("when there is room again: %v", err)
	}
}

func TestAReadOnlyFileIsUnavailableAndReadsGoOn(t *testing.T) {
	t.Parallel()
	s := open(t, sqlite.Config{Path: storetest.SQLite(t)})
	only := func(on string) {
		t.Helper()
		if _, err := s.Writer().ExecContext(t.Context(), "PRAGMA query_only = "+on); err != nil {
			t.Fatal(err)
		}
	}
	only("ON")
	if err := addUser(t, s); !errors.Is(err, store.ErrReadOnly) || !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v, want that it is read-only", err)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("reading: %v", err)
	}
	only("OFF")
	if err := addUser(t, s); err != nil {
		t.Errorf("when it can be written again: %v", err)
	}
}

// TestAWriteWhoseTurnDoesNotComeIsNoOutage: another transaction writes until the timeout.
func TestAWriteWhoseTurnDoesNotComeIsNoOutage(t *testing.T) {
	t.Parallel()
	s := open(t, sqlite.Config{Path: storetest.SQLite(t)})
	tx, err := s.Writer().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = s.CreateUser(ctx, store.NewUser{ID: uuid.New(), Username: "a", Folded: "a", CreatedAt: time.Unix(1, 0)}, store.Event{Action: store.ActionUserCreated, At: time.Unix(1, 0)})
	if !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, store.ErrBusy) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want that it is unavailable because others write", err)
	}
}
