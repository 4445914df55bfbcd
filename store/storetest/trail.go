package storetest

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// trail returns every event that p selects, from small pages.
func (f *fixture) trail(p store.EventPage) (events []store.RecordedEvent) {
	f.Helper()
	for p.Limit = 3; ; {
		page, next, err := f.store.Events(f.ctx, p)
		f.ok("list events", err)
		if len(page) > p.Limit {
			f.Fatalf("a page of %d has %d events", p.Limit, len(page))
		}
		events = append(events, page...)
		if next == (store.EventKey{}) {
			return events
		}
		p.Before = next
	}
}

// reasons returns the reasons of events. The cases tell the events apart by reason.
func reasons(events []store.RecordedEvent) (all []string) {
	for _, e := range events {
		all = append(all, e.Reason)
	}
	return all
}

// records writes events. The reason of each event is its number, from 0.
func (f *fixture) records(events ...store.Event) {
	f.Helper()
	for i, e := range events {
		e.Reason = fmt.Sprint(i)
		f.ok("record", f.store.Record(f.ctx, e))
	}
}

var trailCases = []testCase{
	{"the trail is listed newest first, whatever the order of writing, and whole", func(f *fixture) {
		u := f.user("alice")
		var given []store.Event
		for i := range 11 {
			minute := (i * 7) % 5 // several events have the same instant
			given = append(given, about(event(store.ActionLogin, noon.Add(time.Duration(1+minute)*time.Minute)), u.ID, uuid.New()))
		}
		f.records(given...)
		got := f.trail(store.EventPage{Since: noon.Add(time.Second)})
		equal(f, "events", len(got), len(given))
		sorted := slices.IsSortedFunc(got, func(a, b store.RecordedEvent) int {
			if n := b.At.Compare(a.At); n != 0 {
				return n
			}
			return int(b.ID - a.ID)
		})
		equal(f, "newest first", sorted, true)
		for _, e := range got {
			var i int
			fmt.Sscan(e.Reason, &i)
			want := given[i]
			want.Reason = e.Reason
			equal(f, "event", e.Event, want)
			equal(f, "name", e.Username, "alice")
		}
	}},
	{"an event of a user who was deleted is found by the id, and has no name", func(f *fixture) {
		u := f.user("alice")
		f.deletes(u, noon.Add(time.Minute))
		got := f.trail(store.EventPage{UserID: u.ID})
		equal(f, "events", len(got), 1)
		equal(f, "deletion", got[0].Action, store.ActionUserDeleted)
		equal(f, "name", got[0].Username, "")
	}},
	{"each condition selects its events, alone and together", func(f *fixture) {
		alice, session := uuid.New(), uuid.New()
		e := func(minute int, action store.Action, actor, address string, user, session uuid.UUID) store.Event {
			return store.Event{Action: action, At: noon.Add(time.Duration(minute) * time.Minute), Actor: actor, RemoteAddr: address, UserID: user, SessionID: session}
		}
		f.records(
			e(0, store.ActionLoginFailed, "anonymous", "192.0.2.1", alice, uuid.Nil),
			e(1, store.ActionLogin, "user:"+alice.String(), "192.0.2.1", alice, session),
			e(2, store.ActionLogout, "session:"+session.String(), "192.0.2.200", alice, session),
			e(3, store.ActionUserDisabled, "cli:ada", "", alice, uuid.Nil),
			e(4, store.ActionUserEnabled, "cli:ada as bob", "", alice, uuid.Nil),
			e(5, store.ActionUserDisabled, "cli:adam", "", uuid.New(), uuid.Nil),
			e(6, store.ActionResumed, "node:one", "", uuid.Nil, uuid.Nil),
			e(7, store.ActionLoginFailed, "anonymous", "2001:db8::7", uuid.Nil, uuid.Nil),
			e(8, store.ActionLoginFailed, "anonymous", "2001:db8:0:1:2:3:4:5", uuid.Nil, uuid.Nil),
			e(9, store.ActionLoginFailed, "ćlia", "fe80::1%eth0", uuid.Nil, uuid.Nil),
		)
		from := func(network string) netip.Prefix { return netip.MustParsePrefix(network) }
		for _, tt := range []struct {
			what string
			page store.EventPage
			want []string
		}{
			{"all", store.EventPage{}, []string{"9", "8", "7", "6", "5", "4", "3", "2", "1", "0"}},
			{"user", store.EventPage{UserID: alice}, []string{"4", "3", "2", "1", "0"}},
			{"session", store.EventPage{SessionID: session}, []string{"2", "1"}},
			{"seldom action", store.EventPage{Actions: []store.Action{store.ActionUserDisabled}}, []string{"5", "3"}},
			{"seldom actions", store.EventPage{Actions: []store.Action{store.ActionUserEnabled, store.ActionUserDisabled, store.ActionLogout}}, []string{"5", "4", "3", "2"}},
			{"frequent action", store.EventPage{Actions: []store.Action{store.ActionLogin}}, []string{"1"}},
			{"both", store.EventPage{Actions: []store.Action{store.ActionLogin, store.ActionUserEnabled}}, []string{"4", "1"}},
			{"actor", store.EventPage{Actor: "cli:ada"}, []string{"4", "3"}},
			{"actor with a claim", store.EventPage{Actor: "cli:ada as bob"}, []string{"4"}},
			{"operators", store.EventPage{Actor: "cli"}, []string{"5", "4", "3"}},
			{"clients", store.EventPage{Actor: "anonymous"}, []string{"8", "7", "0"}},
			{"servers", store.EventPage{Actor: "node"}, []string{"6"}},
			{"letters", store.EventPage{Actor: "ćlia"}, []string{"9"}},
			{"nobody", store.EventPage{Actor: "cl%"}, nil},
			{"address", store.EventPage{From: from("192.0.2.1/32")}, []string{"1", "0"}},
			{"network", store.EventPage{From: from("192.0.2.128/25")}, []string{"2"}},
			{"wide network", store.EventPage{From: from("192.0.0.0/15")}, []string{"2", "1", "0"}},
			{"IPv6 network", store.EventPage{From: from("2001:db8::/64")}, []string{"7"}},
			{"wide IPv6 network", store.EventPage{From: from("2001:db8::/47")}, []string{"8", "7"}},
			{"link-local network", store.EventPage{From: from("fe80::/64")}, []string{"9"}},
			{"every IPv4 address", store.EventPage{From: from("0.0.0.0/0")}, []string{"2", "1", "0"}},
			{"since", store.EventPage{Since: noon.Add(8 * time.Minute)}, []string{"9", "8"}},
			{"until", store.EventPage{Until: noon.Add(2 * time.Minute)}, []string{"1", "0"}},
			{"a time", store.EventPage{Since: noon.Add(4 * time.Minute), Until: noon.Add(6 * time.Minute)}, []string{"5", "4"}},
			{"user and action", store.EventPage{UserID: alice, Actions: []store.Action{store.ActionUserDisabled}}, []string{"3"}},
			{"user and session", store.EventPage{UserID: uuid.New(), SessionID: session}, nil},
			{"user and time", store.EventPage{UserID: alice, Since: noon.Add(time.Minute), Until: noon.Add(3 * time.Minute)}, []string{"2", "1"}},
			{"address and actor", store.EventPage{From: from("192.0.2.1/32"), Actor: "anonymous"}, []string{"0"}},
			{"operator and action", store.EventPage{Actor: "cli:ada", Actions: []store.Action{store.ActionUserEnabled}}, []string{"4"}},
		} {
			equal(f, tt.what, reasons(f.trail(tt.page)), tt.want)
		}
	}},
	{"an open page is not moved by events that are written meanwhile", func(f *fixture) {
		at := func(minute int) store.Event {
			return event(store.ActionLogin, noon.Add(time.Duration(minute)*time.Minute))
		}
		f.records(at(0), at(1), at(2), at(3))
		first, next, err := f.store.Events(f.ctx, store.EventPage{Limit: 2})
		f.ok("list events", err)
		f.records(at(9))
		second, _, err := f.store.Events(f.ctx, store.EventPage{Limit: 2, Before: next})
		f.ok("list events", err)
		equal(f, "events", reasons(append(first, second...)), []string{"3", "2", "1", "0"})
	}},
	{"old events are counted and deleted page by page, and one event tells of it", func(f *fixture) {
		at := func(minute int) store.Event {
			return event(store.ActionLogin, noon.Add(time.Duration(minute)*time.Minute))
		}
		f.records(at(4), at(0), at(1), at(2), at(3), at(3), at(5))
		pruned := event(store.ActionTrailPruned, noon.Add(time.Hour))
		page := store.OldEventPage{Before: noon.Add(4 * time.Minute), Limit: 2}
		each := func(do func(store.OldEventPage) (int, store.EventKey, error)) (counts []int) {
			for p := page; ; {
				n, next, err := do(p)
				f.ok("page", err)
				counts = append(counts, n)
				if next == (store.EventKey{}) {
					return counts
				}
				p.After = next
			}
		}
		count := func(p store.OldEventPage) (int, store.EventKey, error) { return f.store.CountEvents(f.ctx, p) }
		remove := func(e store.Event) func(store.OldEventPage) (int, store.EventKey, error) {
			return func(p store.OldEventPage) (int, store.EventKey, error) { return f.store.DeleteEvents(f.ctx, p, e) }
		}
		equal(f, "counted", each(count), []int{2, 2, 1})
		equal(f, "deleted", each(remove(pruned)), []int{2, 2, 1})
		equal(f, "left", reasons(f.trail(store.EventPage{})), []string{"because", "6", "0"})
		equal(f, "counted then", each(count), []int{0})
		f.writes("delete nothing", func() { each(remove(event(store.ActionTrailPruned, noon.Add(2*time.Hour)))) })

		page.Before = noon.Add(24 * time.Hour)
		again := event(store.ActionTrailPruned, noon.Add(23*time.Hour))
		equal(f, "counted again", each(count), []int{2, 0})
		equal(f, "deleted again", each(remove(again)), []int{2, 0, 0}) // the last page reads both prune events
		equal(f, "left again", f.events(), []store.Event{pruned, again})
	}},
}
