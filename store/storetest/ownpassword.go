package storetest

import (
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var ownPasswordCases = []testCase{
	{"a user's own change of password ends all sessions but the one that asks", func(f *fixture) {
		u, other := f.verified("alice", "alice@example.com"), f.user("bob")
		one, kept, stranger := f.session(u, "one"), f.session(u, "kept"), f.session(other, "stranger")
		a := attempt("alice", "192.0.2.1", noon)
		f.begin(attempt("alice", "192.0.2.77", noon))
		f.begin(a)
		f.ok("fail", f.store.FailLogin(f.ctx, 0, store.Ceiling{}, nil, about(event(store.ActionLoginFailed, noon), u.ID, uuid.Nil)))
		notice := newMail(store.MailPasswordChanged, noon)
		c := change(kept, "$argon2id$new", "changed kept")
		c.Attempt, c.Notice = &a, &notice
		later := noon.Add(time.Minute)
		e := event(store.ActionPasswordChanged, later)
		others := about(e, u.ID, kept.ID)
		others.Action = store.ActionOthersRevoked
		f.writes("change", func() {
			f.publishes("change", func() {
				generation, changed, err := f.store.ChangePassword(f.ctx, c, e)
				f.ok("change", err)
				equal(f, "changed", changed, true)
				equal(f, "generation", generation, store.NextGeneration(later))
			}, store.Revocation{At: later, UserID: u.ID, Generation: store.NextGeneration(later), Spared: kept.ID})
		}, about(e, u.ID, kept.ID), others)
		got, err := f.store.Credentials(f.ctx, "alice")
		f.ok("read credentials", err)
		equal(f, "hash", got.PasswordHash, "$argon2id$new")
		equal(f, "changed at", got.User.PasswordChangedAt, later)
		equal(f, "failures", got.User.FailedLogins, 0)
		equal(f, "counted", f.counted(), map[string]int{"192.0.2.77": 1, "": 1})
		equal(f, "generation", got.Generation.User, store.NextGeneration(later))
		told := notification(notice, u, "alice@example.com", "")
		told.CreatedAt, told.NextAt = later, later
		f.outboxHas("change", told)
		f.own(u, noon, kept.ID)
		f.own(other, noon, stranger.ID)
		equal(f, "the one that asks", f.access(u, kept.ID).SessionCurrent, true)
		equal(f, "the other", f.access(u, one.ID).SessionCurrent, false)
		equal(f, "the other's token", f.outcome(one.ID, "one", "one next", later), store.Revoked)
		equal(f, "the token", f.outcome(kept.ID, "changed kept", "kept next", later), store.Rotated)
	}},
	{"what ended the other sessions is told, and of the one that asks nothing", func(f *fixture) {
		u := f.user("alice")
		one, kept := f.session(u, "one"), f.session(u, "kept")
		_, _, err := f.store.ChangePassword(f.ctx, change(kept, "$argon2id$new", "changed kept"), event(store.ActionPasswordChanged, noon))
		f.ok("change", err)
		got, err := f.store.Ending(f.ctx, u.ID, one.ID, noon)
		f.ok("read ending", err)
		equal(f, "what ended the other", got.Action, store.ActionOthersRevoked)
		_, err = f.store.Ending(f.ctx, u.ID, kept.ID, noon)
		f.is("what ended the one that asks", err, store.ErrNotFound)
	}},
	{"the session that asks gets another refresh token, within the absolute expiry, and the old one is a theft", func(f *fixture) {
		for _, tt := range []struct{ expires, want time.Time }{
			{noon.Add(idle + time.Hour), noon.Add(idle + time.Hour)},
			{noon.Add(lifetime + time.Hour), noon.Add(lifetime)},
		} {
			u := f.user(uuid.NewString())
			n := f.session(u, u.Username)
			equal(f, "rotated", f.outcome(n.ID, u.Username, u.Username+" second", noon), store.Rotated)
			c := change(n, "$argon2id$new", u.Username+" third")
			c.ExpiresAt = tt.expires
			_, changed, err := f.store.ChangePassword(f.ctx, c, event(store.ActionPasswordChanged, noon))
			f.ok("change", err)
			equal(f, "changed", changed, true)
			session, state, err := f.store.SessionState(f.ctx, n.ID)
			f.ok("read session", err)
			equal(f, "expires", session.ExpiresAt, tt.want)
			equal(f, "step", state.Step, 7)
			equal(f, "replaced", len(state.Replaced), 0)
			equal(f, "the new token", f.outcome(n.ID, u.Username+" third", u.Username+" fourth", noon), store.Rotated)
			equal(f, "the old token", f.outcome(n.ID, u.Username+" second", "forged", noon), store.Reused)
		}
	}},
	{"a change that comes too late changes nothing", func(f *fixture) {
		e := event(store.ActionPasswordChanged, noon)
		for name, happens := range map[string]func(u store.User, n store.NewSession, c *store.PasswordChange){
			"another password": func(_ store.User, _ store.NewSession, c *store.PasswordChange) { c.PasswordHash = "$argon2id$other" },
			"set password": func(u store.User, _ store.NewSession, _ *store.PasswordChange) {
				_, err := f.store.SetPassword(f.ctx, u.ID, oldHash, nil, e)
				f.ok("set", err)
			},
			"revoked": func(u store.User, _ store.NewSession, _ *store.PasswordChange) {
				f.endAll(f.store, store.OfUser(u.ID), e)
			},
			"everyone revoked": func(store.User, store.NewSession, *store.PasswordChange) {
				f.endAll(f.store, store.Everyone(), e)
			},
			"disabled": func(u store.User, _ store.NewSession, _ *store.PasswordChange) {
				_, err := f.store.DisableUser(f.ctx, u.ID, e)
				f.ok("disable", err)
				_, err = f.db.ExecContext(f.ctx, `UPDATE users SET generation = 0`)
				f.ok("keep the generation", err)
			},
			"password disabled": func(u store.User, _ store.NewSession, _ *store.PasswordChange) {
				f.ok("fail", f.store.FailLogin(f.ctx, 1, store.Ceiling{}, nil, about(e, u.ID, uuid.Nil)))
			},
			"deleted": func(u store.User, _ store.NewSession, _ *store.PasswordChange) {
				f.ok("delete", f.store.DeleteUser(f.ctx, u.ID, store.Deletion{}, e))
			},
			"logged out": func(_ store.User, n store.NewSession, _ *store.PasswordChange) {
				_, err := f.store.EndSession(f.ctx, n.ID, e)
				f.ok("end", err)
			},
			"expired": func(_ store.User, n store.NewSession, _ *store.PasswordChange) {
				_, err := f.db.ExecContext(f.ctx, `UPDATE refresh_tokens SET expires_at = created_at`)
				f.ok("expire", err)
			},
			"somebody else's session": func(_ store.User, _ store.NewSession, c *store.PasswordChange) {
				c.SessionID = f.session(f.user("thief"), "thief").ID
			},
			"everyone revoked before the session": func(_ store.User, _ store.NewSession, c *store.PasswordChange) {
				c.Generation.Installation--
			},
			"a dead session of the user": func(u store.User, n store.NewSession, c *store.PasswordChange) {
				f.endAll(f.store, store.OfUser(u.ID), e)
				c.Generation = f.generation(u)
			},
		} {
			u := f.verified("user "+name, name+"@example.com")
			n := f.session(u, name)
			f.issue(u, name+" token")
			c := change(n, "$argon2id$new", "changed "+name)
			a, notice := attempt(u.Folded, "192.0.2.1", noon), newMail(store.MailPasswordChanged, noon)
			c.Attempt, c.Notice = &a, &notice
			happens(u, n, &c)
			before, _ := f.store.CredentialsByID(f.ctx, u.ID)
			tokens := f.count("mail_tokens")
			f.writes(name, func() {
				f.publishes(name, func() {
					_, changed, err := f.store.ChangePassword(f.ctx, c, e)
					f.ok(name, err)
					equal(f, name, changed, false)
				})
			})
			after, _ := f.store.CredentialsByID(f.ctx, u.ID)
			equal(f, name+": credentials", after, before)
			equal(f, name+": tokens", f.count("mail_tokens"), tokens)
			equal(f, name+": places", len(f.slots("known_places")), 0)
			f.outboxHas(name)
		}
	}},
}

// change prepares a change of password by the session n, which gets the token of that name.
func change(n store.NewSession, hash, token string) store.PasswordChange {
	return store.PasswordChange{
		UserID: n.UserID, PasswordHash: n.PasswordHash, Hash: hash, Generation: n.Generation,
		SessionID: n.ID, TokenHash: hashOf(token), Step: 7, ExpiresAt: noon.Add(idle),
	}
}
