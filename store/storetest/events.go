package storetest

import (
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var eventCases = []testCase{
	{"an event is kept as it was given, to the microsecond", func(f *fixture) {
		given := store.Event{
			Action: store.ActionLoginFailed, At: noon.Add(789 * time.Nanosecond), Actor: "anonymous",
			UserID: uuid.New(), SessionID: uuid.New(), RemoteAddr: "2001:db8::1", UserAgent: "agent \"'; -- 日本",
			RequestID: "r-7", Reason: "wrong_password",
		}
		want := given
		want.At = noon
		f.writes("record", func() { f.ok("record", f.store.Record(f.ctx, given)) }, want)
	}},
	{"an event may be about nobody and say little", func(f *fixture) {
		e := store.Event{Action: store.ActionLoginFailed, At: noon, Actor: "anonymous"}
		f.writes("record", func() { f.ok("record", f.store.Record(f.ctx, e)) }, e)
	}},
	{"events keep their order", func(f *fixture) {
		for _, action := range []store.Action{store.ActionLogin, store.ActionLogout, store.ActionLogin} {
			f.ok("record", f.store.Record(f.ctx, event(action, noon)))
		}
		var got []store.Action
		for _, e := range f.events() {
			got = append(got, e.Action)
		}
		equal(f, "actions", got, []store.Action{store.ActionLogin, store.ActionLogout, store.ActionLogin})
	}},
}
