package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/cmd/config"
	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/sqlite/dbfile"
)

func TestEveryCodeHasAnEnding(t *testing.T) {
	t.Parallel()
	all := endings()
	for _, code := range authn.Codes() {
		end, ok := all[code]
		if !ok || end.exit == exitOK {
			t.Errorf("%s: got %+v", code, end)
		}
		if wrapped := endingOf(fmt.Errorf("do it: %w", &authn.Error{Code: code, Message: "x"})); wrapped != end {
			t.Errorf("%s, wrapped: got %+v, want %+v", code, wrapped, end)
		}
		if strings.HasSuffix(end.hint, ".") || strings.IndexFunc(end.hint, unicode.IsUpper) == 0 {
			t.Errorf("%s: the hint %q is a sentence", code, end.hint)
		}
	}
	if len(all) != len(authn.Codes()) {
		t.Errorf("got %d endings for %d codes", len(all), len(authn.Codes()))
	}
}

func TestAFullDiskHasAHintOfItsOwn(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		exit int
		says string
	}{
		"of PostgreSQL": {fmt.Errorf("create user: %w", store.ErrFull), exitUnreachable, "write-ahead log (pg_wal)"},
		"of SQLite":     {fmt.Errorf("open: %w", &dbfile.FileError{Path: "a.db", What: "its disk is full", Do: "make room", Err: store.ErrFull}), exitUnreachable, "make room"},
		"of a file":     {fmt.Errorf("make secret: %w", syscall.ENOSPC), exitFailed, "make room on the disk of the named file"},
	} {
		if end := endingOf(tt.err); end.exit != tt.exit || !strings.Contains(end.hint, tt.says) {
			t.Errorf("%s: got %+v", name, end)
		}
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		exit int
		says string
	}{
		{nil, 0, ""},
		{errors.New("it broke"), 1, "authctl: it broke\n"},
		{context.Canceled, 130, "authctl: interrupted\n"},
		{fmt.Errorf("list users: %w: %w", store.ErrUnavailable, context.Canceled), 130, "authctl: interrupted\n"},
		{&problem{exitUnreachable, fmt.Errorf("no answer: %w", context.Canceled), "is it up?"}, 130, "authctl: interrupted\n"},
		{fmt.Errorf("open: %w", context.DeadlineExceeded), 1, "authctl: open: context deadline exceeded\n"},
		{&problem{exitCheck, config.Faults{{Key: "a.b", Why: "is wrong"}, {Key: "c", Why: "is worse"}}, ""}, 3, "authctl: a.b: is wrong\nauthctl: c: is worse\n"},
		{store.ErrNotFound, 1, "authctl: not found\n"}, // authn knows of what, and has codes for it
		{&authn.Error{Code: authn.CodeUserNotFound, Message: `there is no user "x"`}, 4, "authctl: hint: authctl user list"},
		{&authn.Error{Code: authn.CodeUsernameTaken, Message: "taken"}, 5, "authctl: hint: authctl user show"},
		{&authn.Error{Code: authn.CodeWeakPassword, Message: "weak"}, 2, "--generate"},
		{&authn.Error{Code: "new", Message: "odd"}, 1, "authctl: odd\n"},
		{fmt.Errorf("open database: %w", store.ErrUnavailable), 6, "authctl: hint: check that the database runs"},
		{fmt.Errorf("read: %w", &store.SchemaError{Current: 0, Latest: 1}), 1, "authctl: hint: authctl migrate up"},
		{&store.SchemaError{Current: 2, Latest: 1}, 1, "authctl: hint: use the newer authctl"},
		{config.Faults{{Key: "a.b", Why: "is wrong"}, {Key: "c", Why: "is worse"}}, 2, "authctl: a.b: is wrong\nauthctl: c: is worse\nauthctl: hint: "},
		{usage("try this", "no %s", "way"), 2, "authctl: no way\nauthctl: hint: try this\n"},
		{errors.New("failed:\n\tone\n\tone\n\ttwo"), 1, "authctl: failed: one; two\n"},
		{errors.New("\x1b[2Jgone\r"), 1, "authctl: \uFFFD[2Jgone"},
	} {
		var b strings.Builder
		if exit := report(&b, tt.err); exit != tt.exit {
			t.Errorf("%v: got exit code %d, want %d", tt.err, exit, tt.exit)
		}
		if !strings.Contains(b.String(), tt.says) || (tt.err == nil) != (b.Len() == 0) || strings.ContainsAny(b.String(), "\x1b\r") {
			t.Errorf("%v: got %q, want %q in it", tt.err, b.String(), tt.says)
		}
	}
}

func TestTalkIsOneLineEach(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	environ := []string{"DATABASE_URL=postgres://u@localhost:1/db", "AUTHCTL_DATABASE_CONNECT_TIMEOUT=0s"} // nothing listens there
	var said strings.Builder
	exit := execute(ctx, []string{"migrate", "status", "--wait", "--timeout", "300ms"}, environ, strings.NewReader(""), io.Discard, &said)
	if exit != exitCheck || !strings.Contains(said.String(), "authctl: waiting: ") || strings.Contains(said.String(), "\uFFFD") {
		t.Errorf("got exit code %d, said %q", exit, said.String())
	}
}

func TestAnInterruptedCommandSaysSo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{{"health", "--url", "http://127.0.0.1:1"}, {"migrate", "up"}} {
		var said strings.Builder
		environ := []string{"DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "authctl.db")}
		if exit := execute(ctx, args, environ, strings.NewReader(""), io.Discard, &said); exit != exitInterrupted || said.String() != "authctl: interrupted\n" {
			t.Errorf("%v: got exit code %d, said %q", args, exit, said.String())
		}
	}
}
