package storetest

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var schemaCases = []testCase{
	{"an empty database is at version 0 and looking leaves it empty", func(f *fixture) {
		before := f.schema()
		equal(f, "current", before.Current, 0)
		for _, m := range before.Migrations {
			equal(f, m.Name+" is applied", !m.AppliedAt.IsZero(), false)
		}
		equal(f, "newest", before.Migrations[len(before.Migrations)-1].Version, before.Latest)
		f.mismatch(f.store.Ready(f.ctx), store.SchemaError{Current: 0, Latest: before.Latest})
		if _, err := f.db.ExecContext(f.ctx, `SELECT version_id FROM authctl_schema_version`); err == nil {
			f.Error("looking created the version table")
		}
	}},
	{"every operation on an empty database misses the schema", func(f *fixture) {
		for name, do := range operations(f.store) {
			f.is(name, do(f.ctx), store.ErrSchema)
		}
	}},
	{"migrating up applies everything, once", func(f *fixture) {
		applied, err := f.store.MigrateUp(f.ctx)
		f.ok("migrate up", err)
		after := f.schema()
		equal(f, "applied", len(applied), len(after.Migrations))
		equal(f, "check", after.Check(), nil)
		for i, m := range after.Migrations {
			equal(f, "version", applied[i].Version, m.Version)
			equal(f, "name", applied[i].Name, m.Name)
			equal(f, m.Name+" is applied", !m.AppliedAt.IsZero(), true)
		}
		f.ok("ready", f.store.Ready(f.ctx))
		applied, err = f.store.MigrateUp(f.ctx)
		f.ok("migrate up again", err)
		equal(f, "applied again", len(applied), 0)
	}},
	{"every migration can be taken back and applied again", func(f *fixture) {
		_, err := f.store.MigrateUp(f.ctx)
		f.ok("migrate up", err)
		f.user("alice")
		all := f.schema().Migrations
		for i := len(all) - 1; i >= 0; i-- {
			m, err := f.store.MigrateDown(f.ctx)
			f.ok("migrate down", err)
			equal(f, "version", m.Version, all[i].Version)
			equal(f, "name", m.Name, all[i].Name)
			f.is("ready", f.store.Ready(f.ctx), store.ErrSchema)
		}
		_, err = f.store.MigrateDown(f.ctx)
		f.is("migrate down with none applied", err, store.ErrNotFound)
		equal(f, "current", f.schema().Current, 0)
		applied, err := f.store.MigrateUp(f.ctx)
		f.ok("migrate up again", err)
		equal(f, "applied", len(applied), len(all))
		f.user("alice")
	}},
	{"taking back from an empty database finds nothing", func(f *fixture) {
		_, err := f.store.MigrateDown(f.ctx)
		f.is("migrate down", err, store.ErrNotFound)
	}},
	{"several processes may migrate at once", func(f *fixture) {
		const processes = 4
		var applied [processes]int
		stores := make([]store.Store, processes)
		for i := range stores {
			stores[i] = f.backend.Open(f, f.where)
		}
		together(processes, func(i int) {
			migrations, err := stores[i].MigrateUp(f.ctx)
			if err != nil {
				f.Errorf("migrate up: %v", err)
			}
			applied[i] = len(migrations)
		})
		total := 0
		for _, n := range applied {
			total += n
		}
		equal(f, "applied by all of them", total, len(f.schema().Migrations))
		var rows int
		f.ok("count versions", f.db.QueryRowContext(f.ctx, `SELECT count(*) FROM authctl_schema_version WHERE version_id > 0`).Scan(&rows))
		equal(f, "rows", rows, total)
		f.ok("ready", f.store.Ready(f.ctx))
	}},
}

func (f *fixture) schema() store.Schema {
	f.Helper()
	s, err := f.store.Schema(f.ctx)
	f.ok("read schema", err)
	return s
}

// mismatch checks for this very [store.SchemaError].
func (f *fixture) mismatch(err error, want store.SchemaError) {
	f.Helper()
	got, ok := errors.AsType[*store.SchemaError](err)
	if !ok {
		f.Errorf("got error %v, want %v", err, &want)
		return
	}
	equal(f, "mismatch", *got, want)
	f.is("mismatch", err, store.ErrSchema)
}

// operations returns every method that uses the tables.
func operations(s store.Store) map[string]func(ctx context.Context) error {
	id, e := uuid.New(), event(store.ActionLogin, noon)
	return map[string]func(ctx context.Context) error{
		"create user": func(ctx context.Context) error {
			_, err := s.CreateUser(ctx, store.NewUser{ID: id, Username: "x", Folded: "x", CreatedAt: noon}, e)
			return err
		},
		"credentials": func(ctx context.Context) error { _, err := s.Credentials(ctx, "x"); return err },
		"credentials by id": func(ctx context.Context) error {
			_, err := s.CredentialsByID(ctx, id)
			return err
		},
		"latest sign-in": func(ctx context.Context) error { _, err := s.LastSignIn(ctx, id); return err },
		"released name":  func(ctx context.Context) error { _, err := s.ReleasedAt(ctx, "x"); return err },
		"user":           func(ctx context.Context) error { _, err := s.User(ctx, "x"); return err },
		"users":          func(ctx context.Context) error { _, _, err := s.Users(ctx, store.UserPage{Limit: 1}); return err },
		"set password":   func(ctx context.Context) error { _, err := s.SetPassword(ctx, id, "x", nil, e); return err },
		"disable user":   func(ctx context.Context) error { _, err := s.DisableUser(ctx, id, e); return err },
		"enable user":    func(ctx context.Context) error { _, err := s.EnableUser(ctx, id, e); return err },
		"delete user":    func(ctx context.Context) error { return s.DeleteUser(ctx, id, store.Deletion{}, e) },
		"begin login":    func(ctx context.Context) error { _, err := s.BeginLogin(ctx, attempt("x", "y", noon)); return err },
		"undo login":     func(ctx context.Context) error { return s.TakeBackLogin(ctx, attempt("x", "y", noon)) },
		"fail login":     func(ctx context.Context) error { return s.FailLogin(ctx, 1, store.Ceiling{}, nil, e) },
		"unlock user":    func(ctx context.Context) error { _, err := s.UnlockUser(ctx, id, e); return err },
		"attempts": func(ctx context.Context) error {
			_, err := s.Attempts(ctx, store.AttemptsPage{Limit: 1})
			return err
		},
		"clear attempts":      func(ctx context.Context) error { _, err := s.ClearAttempts(ctx, id, "", 1, e); return err },
		"delete old attempts": func(ctx context.Context) error { _, err := s.DeleteOldAttempts(ctx, noon, -1, 1); return err },
		"delete old names": func(ctx context.Context) error {
			_, err := s.DeleteOldReleasedNames(ctx, noon, 1)
			return err
		},
		"delete old places": func(ctx context.Context) error { _, err := s.DeleteOldPlaces(ctx, noon, -1, 1); return err },
		"start session": func(ctx context.Context) error {
			_, err := s.StartSession(ctx, store.NewSession{ID: id, UserID: id, PasswordHash: "x"}, e)
			return err
		},
		"rotate":       func(ctx context.Context) error { _, err := s.Rotate(ctx, rotation(id, "x", "y", noon), e); return err },
		"resume":       func(ctx context.Context) error { return s.Resume(ctx, noon, e) },
		"end session":  func(ctx context.Context) error { _, err := s.EndSession(ctx, id, e); return err },
		"end sessions": func(ctx context.Context) error { _, err := s.EndSessions(ctx, store.Everyone(), e); return err },
		"end sessions by id": func(ctx context.Context) error {
			_, err := s.EndSessionsByID(ctx, []uuid.UUID{id}, e)
			return err
		},
		"end sessions late": func(ctx context.Context) error {
			_, err := s.EndSessionsLate(ctx, []uuid.UUID{id}, noon, e)
			return err
		},
		"count sessions": func(ctx context.Context) error {
			_, _, err := s.CountSessions(ctx, store.CountPage{Scope: store.Everyone(), Now: noon, Limit: 1})
			return err
		},
		"sessions": func(ctx context.Context) error {
			_, _, err := s.Sessions(ctx, store.SessionPage{Now: noon, Limit: 1})
			return err
		},
		"access": func(ctx context.Context) error { _, err := s.Access(ctx, id, id); return err },
		"delete dead sessions": func(ctx context.Context) error {
			_, _, err := s.DeleteDeadSessions(ctx, store.DeadSessionPage{Limit: 1})
			return err
		},
		"session state": func(ctx context.Context) error { _, _, err := s.SessionState(ctx, id); return err },
		"ending":        func(ctx context.Context) error { _, err := s.Ending(ctx, id, id, noon); return err },
		"user by id":    func(ctx context.Context) error { _, err := s.UserByID(ctx, id); return err },
		"revocations":   func(ctx context.Context) error { _, err := s.Revocations(ctx, "", noon); return err },
		"user's sessions": func(ctx context.Context) error {
			_, err := s.UserSessions(ctx, store.UserSessionPage{UserID: id, Now: noon, Limit: 1})
			return err
		},
		"end user's session": func(ctx context.Context) error { _, err := s.EndUserSession(ctx, id, id, e); return err },
		"end other sessions": func(ctx context.Context) error { return s.EndOtherSessions(ctx, id, id, e) },
		"raise generations": func(ctx context.Context) error {
			_, err := s.RaiseGenerations(ctx, 1, map[uuid.UUID]int64{id: 1}, e)
			return err
		},
		"delete old revocations": func(ctx context.Context) error {
			_, err := s.DeleteOldRevocations(ctx, noon, 1)
			return err
		},
		"signing keys": func(ctx context.Context) error { _, err := s.SigningKeys(ctx); return err },
		"add key":      func(ctx context.Context) error { return s.AddSigningKey(ctx, key("one", 0), e) },
		"promote key":  func(ctx context.Context) error { return s.PromoteSigningKey(ctx, "one", noon, e) },
		"retire key":   func(ctx context.Context) error { return s.RetireSigningKey(ctx, "one", e) },
		"remove key":   func(ctx context.Context) error { return s.RemoveSigningKey(ctx, "one", e) },
		"burn keys":    func(ctx context.Context) error { _, err := s.BurnSigningKeys(ctx, key("one", 0), e); return err },
		"reseal keys": func(ctx context.Context) error {
			_, err := s.ResealSigningKeys(ctx, []store.ResealedKey{{ID: "one"}}, e)
			return err
		},
		"delete old keys":  func(ctx context.Context) error { return s.DeleteOldSigningKeys(ctx, noon) },
		"save node":        func(ctx context.Context) error { return s.SaveNode(ctx, store.Node{ID: id}) },
		"forget node":      func(ctx context.Context) error { return s.ForgetNode(ctx, id, e) },
		"remove node":      func(ctx context.Context) error { return s.RemoveNode(ctx, id) },
		"remove old nodes": func(ctx context.Context) error { return s.RemoveOldNodes(ctx, noon) },
		"ask nodes":        func(ctx context.Context) error { return s.AskNodes(ctx, noon) },
		"nodes":            func(ctx context.Context) error { _, err := s.Nodes(ctx, noon); return err },
		"finish restore":   func(ctx context.Context) error { _, err := s.FinishRestore(ctx, 1, e); return err },
		"user by address":  func(ctx context.Context) error { _, err := s.UserByEmail(ctx, "x@example.com"); return err },
		"set address": func(ctx context.Context) error {
			_, err := s.SetEmail(ctx, id, verified("x@example.com"), nil, e)
			return err
		},
		"request reset": func(ctx context.Context) error {
			_, err := s.RequestReset(ctx, reset("x@example.com", "", "x"), e)
			return err
		},
		"request verification": func(ctx context.Context) error {
			_, err := s.RequestVerification(ctx, verification(store.User{ID: id}, "x@example.com", "x"), e)
			return err
		},
		"pending address": func(ctx context.Context) error { _, err := s.PendingEmail(ctx, id, noon); return err },
		"issue reset":     func(ctx context.Context) error { _, err := s.IssueReset(ctx, id, id, newToken("x"), e); return err },
		"mail token":      func(ctx context.Context) error { _, err := s.MailToken(ctx, "x", noon); return err },
		"reset password":  func(ctx context.Context) error { _, _, err := s.ResetPassword(ctx, "x", "y", nil, e); return err },
		"verify address":  func(ctx context.Context) error { _, err := s.VerifyEmail(ctx, "x", nil, e); return err },
		"change password": func(ctx context.Context) error {
			_, _, err := s.ChangePassword(ctx, store.PasswordChange{UserID: id}, e)
			return err
		},
		"rename user":            func(ctx context.Context) error { _, err := s.RenameUser(ctx, id, "x", "x", e); return err },
		"delete old mail tokens": func(ctx context.Context) error { _, err := s.DeleteOldMailTokens(ctx, noon, 1); return err },
		"claim mail": func(ctx context.Context) error {
			_, err := s.ClaimMail(ctx, store.MailClaim{Lease: id, Now: noon, Until: noon, Limit: 1})
			return err
		},
		"record mail": func(ctx context.Context) error {
			_, err := s.RecordMail(ctx, store.MailResult{ID: id, Lease: id, At: noon, State: store.MailSent})
			return err
		},
		"mails":           func(ctx context.Context) error { _, _, err := s.Mails(ctx, store.MailPage{Limit: 1}); return err },
		"retry mail":      func(ctx context.Context) error { _, _, err := s.RetryMail(ctx, id, noon, e); return err },
		"drop mail":       func(ctx context.Context) error { _, err := s.DropMail(ctx, id, e); return err },
		"count mail":      func(ctx context.Context) error { _, err := s.MailStats(ctx); return err },
		"delete old mail": func(ctx context.Context) error { _, err := s.DeleteOldMail(ctx, noon, 1); return err },
		"record":          func(ctx context.Context) error { return s.Record(ctx, e) },
	}
}
