package storetest

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var feedCases = []testCase{
	{"whatever ends access is in the feed", func(f *fixture) {
		u := f.user("alice")
		at := noon.Add(time.Minute)
		logout, replaced, stolen := f.session(u, "logout"), f.session(u, "replaced"), f.session(u, "stolen")
		f.publishes("logout", func() {
			_, err := f.store.EndSession(f.ctx, logout.ID, event(store.ActionLogout, at))
			f.ok("end session", err)
		}, store.Revocation{At: at, UserID: u.ID, SessionID: logout.ID})
		f.publishes("a login that replaces a session", func() {
			n := f.newSession(u, "replacing")
			n.Replaces = replaced.ID
			f.start(n)
		}, store.Revocation{At: noon, UserID: u.ID, SessionID: replaced.ID})
		f.publishes("theft", func() {
			r, err := f.store.Rotate(f.ctx, rotation(stolen.ID, "forged", "next", at), refresh(at))
			f.ok("rotate", err)
			equal(f, "outcome", r.Outcome, store.Reused)
		}, store.Revocation{At: at, UserID: u.ID, SessionID: stolen.ID})
		f.publishes("a new password", func() {
			_, err := f.store.SetPassword(f.ctx, u.ID, "x", nil, event(store.ActionPasswordChanged, at))
			f.ok("set password", err)
		}, store.Revocation{At: at, UserID: u.ID, Generation: store.NextGeneration(at)})
		f.publishes("disabling", func() {
			_, err := f.store.DisableUser(f.ctx, u.ID, event(store.ActionUserDisabled, at))
			f.ok("disable", err)
		}, store.Revocation{At: at, UserID: u.ID, Generation: store.NextGeneration(at) + 1})
		f.publishes("ending a user's sessions", func() {
			f.endAll(f.store, store.OfUser(u.ID), event(store.ActionSessionsRevoked, at))
		}, store.Revocation{At: at, UserID: u.ID, Generation: store.NextGeneration(at) + 2})
		f.publishes("ending everybody's sessions", func() {
			f.endAll(f.store, store.Everyone(), event(store.ActionSessionsRevoked, at))
		}, store.Revocation{At: at, Generation: store.NextGeneration(at)})
		equal(f, "installation", f.feed("").Installation, store.NextGeneration(at))
		f.publishes("deleting", func() {
			f.ok("delete", f.store.DeleteUser(f.ctx, u.ID, store.Deletion{}, event(store.ActionUserDeleted, at)))
		}, store.Revocation{At: at, UserID: u.ID, Generation: store.NextGeneration(at) + 3})
	}},
	{"whatever ends no access is not in the feed", func(f *fixture) {
		f.publishes("all of it", func() {
			u := f.user("alice")
			n := f.session(u, "one")
			for _, to := range []string{"two", "retried"} {
				_, err := f.store.Rotate(f.ctx, rotation(n.ID, "one", to, noon), refresh(noon))
				f.ok("rotate", err)
			}
			_, err := f.store.EndSession(f.ctx, uuid.New(), event(store.ActionLogout, noon))
			f.ok("end no session", err)
			_, err = f.store.EnableUser(f.ctx, u.ID, event(store.ActionUserEnabled, noon))
			f.ok("enable", err)
			_, err = f.store.EndSessions(f.ctx, store.OfUser(uuid.New()), event(store.ActionSessionsRevoked, noon))
			f.is("end nobody's sessions", err, store.ErrNotFound)
			_, err = f.store.DisableUser(f.ctx, uuid.New(), event(store.ActionUserDisabled, noon))
			f.is("disable nobody", err, store.ErrNotFound)
		})
	}},
	{"reading on yields what is new, and reading anew what is not too old", func(f *fixture) {
		u := f.user("alice")
		for i := range 3 {
			at := noon.Add(time.Duration(i) * time.Minute)
			f.endAll(f.store, store.OfUser(u.ID), event(store.ActionSessionsRevoked, at))
		}
		feed := f.feed("")
		equal(f, "all", len(feed.Entries), 3)
		equal(f, "none since", len(f.feed(feed.Position).Entries), 0)
		equal(f, "position", f.feed(f.feed(feed.Position).Position).Entries, nil)
		late, err := f.store.Revocations(f.ctx, "", noon.Add(time.Minute))
		f.ok("read revocations", err)
		equal(f, "late ones", len(late.Entries), 2)

		for _, want := range []int{2, 1, 0} {
			n, err := f.store.DeleteOldRevocations(f.ctx, noon.Add(3*time.Minute), 2)
			f.ok("delete old revocations", err)
			equal(f, "deleted", n, want)
		}
		f.publishes("after the deletion", func() {
			f.endAll(f.store, store.Everyone(), event(store.ActionSessionsRevoked, noon))
		}, store.Revocation{At: noon, Generation: store.NextGeneration(noon)})
		after := f.feed(feed.Position)
		equal(f, "new since", len(after.Entries), 1)
		n, err := f.store.DeleteOldRevocations(f.ctx, noon, 2)
		f.ok("delete old revocations", err)
		equal(f, "deleted at the instant", n, 0)
	}},
	{"a watcher hears of what another process ends", func(f *fixture) {
		u := f.user("alice")
		ctx, cancel := context.WithCancel(f.ctx)
		woken := make(chan struct{}, 100)
		ended := make(chan error, 1)
		go func() { ended <- f.store.WatchRevocations(ctx, func() { woken <- struct{}{} }) }()
		<-woken
		other := f.backend.Open(f, f.where)
		feed := f.feed("")
		f.endAll(other, store.OfUser(u.ID), event(store.ActionSessionsRevoked, noon))
		for len(f.feed(feed.Position).Entries) == 0 {
			<-woken
		}
		cancel()
		err := <-ended
		f.is("watch", err, context.Canceled)
		f.is("watch", err, store.ErrUnavailable)
	}},
	{"a feed of any length is read anew", func(f *fixture) {
		const writers, each = 8, 130 // more entries than one statement reads
		users := make([]store.User, writers)
		for i := range users {
			users[i] = f.user(fmt.Sprint("user", i))
		}
		together(writers, func(i int) {
			for range each {
				if _, err := f.store.EndSessions(f.ctx, store.OfUser(users[i].ID), event(store.ActionSessionsRevoked, noon)); err != nil {
					f.Errorf("end sessions: %v", err)
				}
			}
		})
		feed := f.feed("")
		different := map[store.Revocation]bool{}
		for _, r := range feed.Entries {
			different[r] = true
		}
		equal(f, "entries", len(feed.Entries), writers*each)
		equal(f, "different ones", len(different), writers*each)
		equal(f, "new since", f.feed(feed.Position).Entries, nil)
		if since := time.Since(feed.Clock); since < -time.Minute || since > time.Minute {
			f.Errorf("the database's clock says %s", feed.Clock)
		}
	}},
	{"no entry is missed by a reader beside many writers", func(f *fixture) {
		const writers, each = 8, 20
		users := make([]store.User, writers)
		for i := range users {
			users[i] = f.user(fmt.Sprint("user", i))
		}
		stores := f.processes()
		reader := f.backend.Open(f, f.where)
		done := make(chan struct{})
		read := make(chan []store.Revocation)
		go func() {
			var all []store.Revocation
			var position store.Position
			for last := false; ; {
				feed, err := reader.Revocations(f.ctx, position, noon)
				if err != nil {
					f.Errorf("read revocations: %v", err)
				}
				position, all = feed.Position, append(all, feed.Entries...)
				if last || err != nil {
					read <- all
					return
				}
				select {
				case <-done:
					last = true
				default:
				}
			}
		}()
		together(writers, func(i int) {
			for range each {
				if _, err := stores[i%len(stores)].EndSessions(f.ctx, store.OfUser(users[i].ID), event(store.ActionSessionsRevoked, noon)); err != nil {
					f.Errorf("end sessions: %v", err)
				}
			}
		})
		close(done)
		different := map[store.Revocation]bool{} // a commit during the first reading may appear twice
		for _, r := range <-read {
			different[r] = true
		}
		for _, u := range users {
			for generation := range int64(each) {
				if r := (store.Revocation{At: noon, UserID: u.ID, Generation: store.NextGeneration(noon) + generation}); !different[r] {
					f.Errorf("the reader missed %+v", r)
				}
			}
		}
		equal(f, "entries", len(different), writers*each)
	}},
}

// feed reads the revocations since noon, or from a position.
func (f *fixture) feed(after store.Position) store.Feed {
	f.Helper()
	feed, err := f.store.Revocations(f.ctx, after, noon)
	f.ok("read revocations", err)
	return feed
}

// publishes checks that do appends exactly these entries to the feed.
func (f *fixture) publishes(what string, do func(), want ...store.Revocation) {
	f.Helper()
	before := f.feed("").Position
	do()
	equal(f, what+" published", f.feed(before).Entries, want)
}
