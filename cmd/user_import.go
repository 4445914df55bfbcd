package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/cmd/userfile"
	"github.com/authctl/authctl/store"
)

const (
	importBatch   = 1000 // users in one transaction
	rejectsShown  = 10   // reasons that are said where no file takes them
	sayEvery      = 5 * time.Second
	progressEvery = 100 * time.Millisecond
)

type userImportOptions struct {
	output
	format         string
	usernameField  string
	firebaseConfig string
	rejects        string
	unverified     string
	reason         string
	dryRun         bool
	create         bool
}

func newUserImport(a *app) *cobra.Command {
	var o userImportOptions
	c := &cobra.Command{
		Use:   "import FILE|-",
		Short: "Take in users, with their password hashes, from a file",
		Long: `Take in users from a file: authctl's own (NDJSON, or CSV with a first line that names the
columns), or an export of Keycloak, Firebase, Django, Auth0, GoTrue (Supabase) or Kratos.
Passwords go on working; each hash is replaced by Argon2id at its user's next login.

A row that cannot be taken in is rejected with its reason, and the rest goes on; the exit code
is then 7. A user who is there already, by id and name, is left alone: an import that was
interrupted is run again.

A username that is an e-mail address is rejected unless the file says that it was confirmed:
applications may take it for proof of who signs in. --unverified disable takes in such users
as disabled ones, and keep takes them in as they are. authctl's own files and Django's say
nothing about that, and their users come in as they are.`,
		Example: `  authctl user import users.ndjson
  authctl user import realm.json --format keycloak --dry-run
  authctl user import users.json --format firebase --firebase-config hash-parameters.txt --rejects rejects.ndjson
  psql -c "COPY (SELECT to_json(u) FROM auth.users u) TO STDOUT" | authctl user import - --format gotrue`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, args[0]) },
	}
	o.addFlag(c, "table", "json", "yaml")
	f := c.Flags()
	f.StringVar(&o.format, "format", "authctl", "what wrote the file: "+strings.Join(userfile.Formats(), ", "))
	f.StringVar(&o.usernameField, "username-field", "", "`username or email`: which becomes the username; the username, or else the e-mail address, by default")
	f.StringVar(&o.firebaseConfig, "firebase-config", "", "`file` with the project's password hash parameters, as Firebase's console shows them")
	f.StringVar(&o.rejects, "rejects", "", "write what was rejected, and why, to this new `file`")
	f.StringVar(&o.unverified, "unverified", rejectUnverified, "`reject, disable or keep` users whose username is an e-mail address that the file does not call confirmed")
	f.BoolVar(&o.create, "create", false, "make the SQLite database if there is none")
	f.BoolVar(&o.dryRun, "dry-run", false, "check everything, and take in nobody")
	addReason(c, &o.reason)
	return c
}

// importView is the result in JSON and YAML.
type importView struct {
	Database   string `json:"database"`
	DryRun     bool   `json:"dry_run"`
	Imported   int    `json:"imported"` // or would be
	There      int    `json:"already_there"`
	Rejected   int    `json:"rejected"`
	Unverified int    `json:"unverified"` // rows with an address that nobody has confirmed as the username, whatever became of them
}

func (o *userImportOptions) run(ctx context.Context, a *app, path string) error {
	reader, err := o.reader()
	if err != nil {
		return err
	}
	file, size, err := openInput(a, path)
	if err != nil {
		return err
	}
	defer file.Close()
	inst, err := a.open(ctx, opening{create: o.create && !o.dryRun, hashes: true})
	if err != nil {
		return err
	}
	defer inst.close()
	imp := &importer{a: a, inst: inst, actor: a.actor(o.reason), unverified: o.unverified, dryRun: o.dryRun, in: &countingReader{r: file}, size: size}
	if imp.rejects, err = newRejects(o.rejects); err != nil {
		return err
	}
	failed := imp.all(ctx, reader, o.format)
	imp.finish(ctx, reader, failed)
	v := imp.view
	t := table{
		header: []string{"IMPORTED", "ALREADY THERE", "REJECTED", "UNVERIFIED"},
		rows:   [][]string{{fmt.Sprint(v.Imported), fmt.Sprint(v.There), fmt.Sprint(v.Rejected), fmt.Sprint(v.Unverified)}},
	}
	if err := errors.Join(imp.rejects.close(), failed); err != nil {
		return err
	}
	if err := o.print(a.out, v, t, nil); err != nil {
		return err
	}
	if v.Rejected > 0 {
		return &problem{exitPartial, fmt.Errorf("%s rejected", count(int64(v.Rejected), "row")), "mend them and import them again; those who are in are left alone"}
	}
	return nil
}

func (o *userImportOptions) reader() (*userfile.Reader, error) {
	if o.usernameField != "" && o.usernameField != "username" && o.usernameField != "email" {
		return nil, usage("", "--username-field must be username or email, not %q", o.usernameField)
	}
	if err := checkUnverified(o.unverified); err != nil {
		return nil, err
	}
	options := userfile.Options{UsernameField: o.usernameField}
	if o.firebaseConfig != "" {
		text, err := os.ReadFile(o.firebaseConfig)
		if err != nil {
			return nil, &problem{exitUsage, fmt.Errorf("--firebase-config: %w", err), ""}
		}
		if options.Firebase, err = userfile.ParseFirebaseConfig(string(text)); err != nil {
			return nil, usage("copy the block hash_config { … } from Authentication, Users, Password hash parameters", "--firebase-config: %v", err)
		}
	}
	return userfile.New(options), nil
}

func openInput(a *app, path string) (io.ReadCloser, int64, error) {
	if path == "-" {
		return io.NopCloser(a.in), 0, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, &problem{exitUsage, err, ""}
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		f.Close()
		return nil, 0, usage("", "%s is no file", path)
	}
	return f, info.Size(), nil
}

// importer is one run of the command.
type importer struct {
	a          *app
	inst       *instance
	actor      authn.Actor
	unverified string // reject, disable or keep
	dryRun     bool
	in         *countingReader
	size       int64 // of the file; 0 where nobody knows
	rejects    *rejects
	view       importView
	batch      []store.ImportedUser
	rows       []userfile.Row // of the batch
	begun      time.Time
	said       time.Time
}

// all takes in the whole file.
func (i *importer) all(ctx context.Context, reader *userfile.Reader, format string) error {
	i.view.Database, i.view.DryRun, i.begun = i.a.database, i.dryRun, time.Now()
	i.said = i.begun
	for row, err := range reader.Read(format, i.in) {
		if err != nil {
			return errors.Join(i.flush(ctx), usage("authctl user import --help lists the formats", "the file cannot be read as %s: %v", format, err))
		}
		if err := i.add(ctx, row); err != nil {
			return err
		}
	}
	return i.flush(ctx)
}

func (i *importer) add(ctx context.Context, row userfile.Row) error {
	if row.User.Unverified {
		i.judge(&row)
	}
	if row.Err == nil {
		var user store.ImportedUser
		if user, row.Err = i.inst.authn.CheckArrival(row.User); row.Err == nil {
			i.batch, i.rows = append(i.batch, user), append(i.rows, row)
		}
	}
	if row.Err != nil {
		i.view.Rejected++
		if err := i.rejects.add(row, row.Err.Error()); err != nil {
			return err
		}
	}
	if len(i.batch) < importBatch {
		return nil
	}
	return i.flush(ctx)
}

// flush takes in the batch.
func (i *importer) flush(ctx context.Context) error {
	if len(i.batch) == 0 {
		return nil
	}
	outcomes, err := i.outcomes(ctx)
	if err != nil {
		return err
	}
	for n, outcome := range outcomes {
		switch outcome {
		case store.Imported:
			i.view.Imported++
		case store.There, store.Filled, store.Bare:
			i.view.There++
		default:
			i.view.Rejected++
			if err := i.rejects.add(i.rows[n], "another user has this name, or this id"); err != nil {
				return err
			}
		}
	}
	i.batch, i.rows = i.batch[:0], i.rows[:0]
	i.progress()
	return ctx.Err()
}

func (i *importer) outcomes(ctx context.Context) ([]store.ImportOutcome, error) {
	if !i.dryRun {
		return i.inst.authn.ImportUsers(ctx, i.actor, i.batch)
	}
	outcomes := make([]store.ImportOutcome, len(i.batch))
	var err error
	for n, u := range i.batch {
		if outcomes[n], err = i.inst.authn.Foresee(ctx, u); err != nil {
			return nil, err
		}
	}
	return outcomes, nil
}

// progress draws a bar on a terminal, and says a line now and then elsewhere.
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
		fmt.Fprintf(i.a.err, "\rauthctl: %s %s ", bar(i.in.n, i.size), line)
	case onTerminal:
		fmt.Fprintf(i.a.err, "\rauthctl: %s ", line)
	default:
		i.a.say("%s", line)
	}
}

// finish says what is to be known beside the counts.
func (i *importer) finish(ctx context.Context, reader *userfile.Reader, failed error) {
	if _, onTerminal := terminal(i.a.err); onTerminal {
		fmt.Fprintln(i.a.err)
	}
	if names := reader.Unkept(); len(names) > 0 {
		i.a.say("not kept: %s", strings.Join(names, ", "))
	}
	for _, r := range i.rejects.first {
		i.a.say("line %d: %s", r.Line, r.Reason)
	}
	if more := i.view.Rejected - len(i.rejects.first); i.rejects.file == nil && more > 0 {
		i.a.say("and %d more; --rejects FILE takes them all", more)
	}
	i.sayUnverified()
	if failed != nil && !i.dryRun {
		i.a.say("%s imported before it stopped; run it again, those who are in are left alone", count(int64(i.view.Imported), "user"))
	}
}
