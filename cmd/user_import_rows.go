package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/cmd/userfile"
	"github.com/authctl/authctl/store"
)

// importer is one run of "authctl user import".
type importer struct {
	a          *app
	inst       *instance
	actor      authn.Actor
	unverified string // reject, disable or keep
	dryRun     bool
	check      *fileCheck // of --check, or nil
	in         *countingReader
	size       int64 // of the file, in bytes; 0 if it is unknown
	rejects    *rejects
	view       importView
	batch      []store.ImportedUser
	rows       []userfile.Row     // of the batch
	ids        map[uuid.UUID]bool // of the batch
	names      map[string]bool    // folded
	emails     map[string]bool    // verified, folded
	rehearsal  *authn.Rehearsal   // of a dry run
	begun      time.Time
	said       time.Time
}

func newImporter(a *app, inst *instance, o *userImportOptions, file io.Reader, size int64) *importer {
	i := &importer{
		a: a, inst: inst, actor: a.actor(o.reason), unverified: o.unverified, dryRun: o.dryRun, in: &countingReader{r: file}, size: size,
		ids: map[uuid.UUID]bool{}, names: map[string]bool{}, emails: map[string]bool{}, rehearsal: inst.authn.Rehearse(),
	}
	if o.check {
		i.check, i.dryRun = newFileCheck(), true
	}
	return i
}

// all imports the whole file.
func (i *importer) all(ctx context.Context, reader *userfile.Reader, format string) error {
	i.view.Database, i.view.DryRun, i.begun = i.a.database, i.dryRun, time.Now()
	i.said = i.begun
	for row, err := range reader.Read(format, i.in) {
		i.sayFormat(reader, format)
		if err != nil {
			return errors.Join(i.flush(ctx), unreadable(reader.Format(), err))
		}
		if err := i.add(ctx, row); err != nil {
			return err
		}
	}
	return i.flush(ctx)
}

// sayFormat tells once what --format auto took the file for.
func (i *importer) sayFormat(reader *userfile.Reader, format string) {
	if i.view.Format == "" && format == userfile.Auto && reader.Format() != userfile.Auto {
		i.a.say("the file is taken for --format %s", reader.Format())
	}
	i.view.Format = reader.Format()
}

// unreadable explains why the rest of a file cannot be read. The file has another format, the file
// is broken, or the operating system cannot read it.
func unreadable(format string, err error) error {
	if broken, is := errors.AsType[*userfile.Broken](err); is {
		return &problem{exitFailed, fmt.Errorf("the file cannot be read to its end as %s: %w", format, broken), "import the complete or corrected file; imported users stay unchanged"}
	}
	if disk, is := errors.AsType[*fs.PathError](err); is {
		return &problem{exitFailed, fmt.Errorf("the file cannot be read to its end: %w", disk), "import it again when it can be read; imported users stay unchanged"}
	}
	if format == userfile.Auto {
		return usage("authctl user import --help lists the formats", "the file is not recognised: %v", err)
	}
	return usage("authctl user import --help lists the formats", "the file cannot be read as %s: %v", format, err)
}

func (i *importer) add(ctx context.Context, row userfile.Row) error {
	if row.Skipped {
		i.view.Skipped++
		return nil
	}
	if row.User.Unverified {
		i.judge(&row)
	}
	var user store.ImportedUser
	if row.Err == nil {
		user, row.Err = i.inst.authn.CheckArrival(row.User)
	}
	if row.Err != nil {
		return i.reject(row, row.Err.Error())
	}
	if i.ids[user.ID] || i.names[user.Folded] || i.emails[user.Email.Folded] { // the batch has the same id, name or address; import that batch first
		if err := i.flush(ctx); err != nil {
			return err
		}
	}
	i.batch, i.rows = append(i.batch, user), append(i.rows, row)
	i.ids[user.ID], i.names[user.Folded] = true, true
	if user.Email.Verified {
		i.emails[user.Email.Folded] = true
	}
	if len(i.batch) < importBatch {
		return nil
	}
	return i.flush(ctx)
}

func (i *importer) reject(row userfile.Row, reason string) error {
	i.view.Rejected++
	if i.check != nil {
		i.check.refuse(reason)
	}
	return i.rejects.add(row, reason)
}

// flush imports the batch.
func (i *importer) flush(ctx context.Context) error {
	if len(i.batch) == 0 {
		return nil
	}
	outcomes, err := i.outcomes(ctx)
	if err != nil {
		return err
	}
	for n, outcome := range outcomes {
		if err := i.count(n, outcome); err != nil {
			return err
		}
	}
	clear(i.ids)
	clear(i.names)
	clear(i.emails)
	i.batch, i.rows = i.batch[:0], i.rows[:0]
	i.progress()
	return ctx.Err()
}

// count counts the outcome for a user of the batch.
func (i *importer) count(n int, outcome store.ImportOutcome) error {
	switch outcome {
	case store.Imported:
		i.view.Imported++
		if i.batch[n].PasswordHash == "" {
			i.view.WithoutPassword++
		}
		switch {
		case i.batch[n].Email.Text != "":
			i.view.Addresses++
		case i.rows[n].User.Email != "":
			i.view.AddressesLost++
		}
		if i.rows[n].User.Username == "" {
			i.view.NamesMade++
		}
	case store.Filled:
		i.view.Filled++
	case store.There:
		i.view.There++
	case store.Bare:
		i.view.There++
		i.view.WithoutPassword++
	case store.EmailTaken, store.Taken:
		if i.check != nil {
			return i.reject(i.rows[n], i.check.clash[n])
		}
		if outcome == store.Taken {
			return i.reject(i.rows[n], "another user has this name, or this id")
		}
		return i.reject(i.rows[n], "another user has verified its e-mail address")
	default:
		return fmt.Errorf("import a user: the outcome %d is unknown", outcome)
	}
	return nil
}

func (i *importer) outcomes(ctx context.Context) ([]store.ImportOutcome, error) {
	switch {
	case i.check != nil:
		return i.check.outcomes(i), nil
	case i.dryRun:
		return i.rehearsal.ImportUsers(ctx, i.batch)
	}
	return i.inst.authn.ImportUsers(ctx, i.actor, i.batch)
}

// progress draws a bar on a terminal. Elsewhere it prints a line from time to time.
func (i *importer) progress() {
	_, onTerminal := terminal(i.a.err)
	every := sayEvery
	if onTerminal {
		every = progressEvery
	}
	if time.Since(i.said) < every {
		return
	}
	i.said = time.Now()
	line := fmt.Sprintf("%s imported, %d already there, %d rejected", count(int64(i.view.Imported), "user"), i.view.There, i.view.Rejected)
	switch {
	case onTerminal && i.size > 0:
		fmt.Fprintf(i.a.err, "\rauthctl: %s %s ", progressBar(i.in.n, i.size), line)
	case onTerminal:
		fmt.Fprintf(i.a.err, "\rauthctl: %s ", line)
	default:
		i.a.say("%s", line)
	}
}
