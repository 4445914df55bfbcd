package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/cmd/config"
	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/sqlite/dbfile"
)

// The exit codes; docs/operating.md lists them.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitCheck       = 3
	exitNotFound    = 4
	exitConflict    = 5
	exitUnreachable = 6
	exitPartial     = 7
	exitInterrupted = 130
)

// problem is an error of the command line itself: an exit code, a message and a
// hint.
type problem struct {
	exit int
	err  error
	hint string
}

func (p *problem) Error() string { return p.err.Error() }
func (p *problem) Unwrap() error { return p.err }

// usage returns an error for a command with wrong arguments or flags.
func usage(hint, format string, args ...any) error {
	return &problem{exitUsage, fmt.Errorf(format, args...), hint}
}

// ending is how a program ends: its exit code and a hint.
type ending struct {
	exit int
	hint string
}

// endings maps every code of authn to an exit code and a hint.
func endings() map[authn.Code]ending {
	return map[authn.Code]ending{
		authn.CodeInvalidRequest:     {exitUsage, ""},
		authn.CodeInvalidUsername:    {exitUsage, ""},
		authn.CodeWeakPassword:       {exitUsage, "--generate makes a strong one"},
		authn.CodeUsernameTaken:      {exitConflict, "authctl user show NAME shows who has it"},
		authn.CodeRegistrationClosed: {exitFailed, ""},
		authn.CodeInvalidCredentials: {exitFailed, ""},
		authn.CodeUnauthenticated:    {exitFailed, ""},
		authn.CodeTokenExpired:       {exitFailed, ""},
		authn.CodeSessionExpired:     {exitFailed, ""},
		authn.CodeSessionRevoked:     {exitFailed, ""},
		authn.CodeSessionReused:      {exitFailed, ""},
		authn.CodeUserNotFound:       {exitNotFound, "authctl user list --search TEXT finds users by a part of their name"},
		authn.CodeSessionNotFound:    {exitNotFound, "authctl token list shows the sessions that are alive"},
		authn.CodeClientNotFound:     {exitNotFound, "authctl client list shows the service accounts"},
		authn.CodeClientNameTaken:    {exitConflict, "authctl client list shows it; authctl client rotate gives it a new secret"},
		authn.CodeClientChanged:      {exitConflict, "authctl client list shows its secrets; run the command again if it needs another one"},
		authn.CodeInvalidClient:      {exitFailed, ""},
		authn.CodeNotAUser:           {exitFailed, ""},
		authn.CodeKeyNotFound:        {exitNotFound, "authctl key list shows the keys and their states"},
		authn.CodeNodeNotFound:       {exitNotFound, "authctl node list shows the servers"},
		authn.CodeMailNotFound:       {exitNotFound, "authctl mail list shows the mails"},
		authn.CodeInvalidEmail:       {exitUsage, ""},
		authn.CodeEmailTaken:         {exitConflict, "authctl user show ADDRESS shows who has it"},
		authn.CodeEmailOff:           {exitFailed, "set mail.url, and see that accounts.email is not off: authctl config show"},
		authn.CodeInvalidLink:        {exitFailed, ""},
		authn.CodeRateLimited:        {exitFailed, "authctl limits clear forgets failed sign-ins"},
		authn.CodeOverloaded:         {exitFailed, "try again in a moment"},
		authn.CodeUnavailable:        {exitUnreachable, "check that the database runs and that database.url is right: authctl config show"},
		authn.CodeSchema:             {exitFailed, "authctl migrate up"},
		authn.CodeInternal:           {exitFailed, ""},
	}
}

// endingOf decides how the program ends with err.
func endingOf(err error) ending {
	if errors.Is(err, context.Canceled) {
		return ending{exitInterrupted, ""}
	}
	if p, ok := errors.AsType[*problem](err); ok {
		return ending{p.exit, p.hint}
	}
	if r, ok := errors.AsType[*store.Refusal](err); ok {
		if errors.Is(err, store.ErrUnavailable) {
			return ending{exitUnreachable, r.Advice}
		}
		return ending{exitFailed, r.Advice}
	}
	if errors.Is(err, store.ErrReplaced) {
		return ending{exitFailed, "stop every process that has the database open, make sure that the right file is in its place, and start again; docs/operating.md says how to restore a backup"}
	}
	if do := dbfile.Advice(err); do != "" {
		if errors.Is(err, store.ErrUnavailable) {
			return ending{exitUnreachable, do}
		}
		return ending{exitFailed, do}
	}
	if errors.Is(err, store.ErrBusy) {
		return ending{exitUnreachable, "other processes were using the database: try again in a moment"}
	}
	if errors.Is(err, store.ErrReadOnly) {
		return ending{exitUnreachable, "database.url must lead to the primary; if it names several hosts, authctl uses the primary among them"}
	}
	if errors.Is(err, store.ErrFull) {
		return ending{exitUnreachable, "make room on the disk of the database, of its write-ahead log (pg_wal) and of its tablespaces, and try again; the log of PostgreSQL names the file"}
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return ending{exitFailed, "make room on the disk of the named file, and try again"}
	}
	if e, ok := errors.AsType[*authn.Error](err); ok {
		if end, known := endings()[e.Code]; known {
			return end
		}
		return ending{exitFailed, ""}
	}
	if _, ok := errors.AsType[config.Faults](err); ok {
		return ending{exitUsage, "authctl config show prints every key, its value and where it came from"}
	}
	if s, ok := errors.AsType[*store.SchemaError](err); ok && !s.Behind() {
		return ending{exitFailed, "use the newer authctl that migrated this database; authctl migrate status shows which versions each migration is compatible with"}
	}
	switch {
	case errors.Is(err, store.ErrSchema):
		return endings()[authn.CodeSchema]
	case errors.Is(err, store.ErrUnavailable):
		return endings()[authn.CodeUnavailable]
	}
	return ending{exitFailed, ""}
}

// report tells a person what went wrong and what to do next, and returns the
// exit code.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	end := endingOf(err)
	message := oneLine(err)
	if end.exit == exitInterrupted {
		message = "interrupted"
	}
	if all, ok := errors.AsType[config.Faults](err); ok {
		message = all.Error() // one a line
	}
	for line := range strings.SplitSeq(message, "\n") {
		fmt.Fprintf(w, "authctl: %s\n", printable(line))
	}
	if end.hint != "" {
		fmt.Fprintf(w, "authctl: hint: %s\n", end.hint)
	}
	return end.exit
}
