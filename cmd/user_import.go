package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/cmd/userfile"
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
	usernameFrom   string
	usernameField  string // the same, by the name that it had
	firebaseConfig string
	prehash        string
	prehashFile    string
	given          func(flag string) bool // whether a flag is given, perhaps with an empty value
	rejects        string
	unverified     string
	reason         string
	dryRun         bool
	check          bool
	create         bool
}

func newUserImport(a *app) *cobra.Command {
	var o userImportOptions
	c := &cobra.Command{
		Use:   "import FILE|-",
		Short: "Import users, with their password hashes, from a file",
		Long: `Import users from a file: authctl's own (NDJSON, or CSV with a first line that names the
columns), or what another program exports. --format names that program, and --format auto
recognises it by the beginning of the file. Passwords keep working. Each user's next login replaces the hash by one of Argon2id.

--check reads the file, needs no database, and counts its users, the formats of their
passwords, what would be refused, users without a password, and duplicates. --dry-run does the
same with a look at the database.

The command rejects an invalid row, gives the reason, and continues; the exit code is then 7.
A user who exists already, with the same id and name, stays unchanged, except that a user
without a password gets the one in the file. So an import that was interrupted, or had no
passwords, can be run again.

The command checks the first line of a CSV file before it imports any user. It reads
concatenated files to the end. A truncated file fails with exit code 1, and the message gives
the place. The users before that place are imported.

E-mail addresses are imported, and those that the file marks as confirmed count as verified.
A user who has an address and no username gets a name made of the id, such as
user-1f0c2d9a7b3e4c55, and signs in by the address (accounts.email). --username-from email
makes the address the username instead. --username-from slug takes the program's name without
spaces, such as WordPress's user_nicename, or writes a hyphen for a space. --username-from login
rejects users without a username.

An id that is no UUID becomes the claim imported_id, and the user's UUID is derived from it. Roles of
the file are imported. The command names those that can be no roles here.

A user who would sign in by an address that the file does not mark as confirmed is rejected:
applications may take the address as proof of identity. --unverified disable imports such
users disabled, and --unverified keep imports them unchanged. Django's files do not mark
confirmed addresses. Their users with a username are imported unchanged.`,
		Example: `  authctl user import users.ndjson
  authctl user import realm.json --format keycloak --dry-run
  authctl user import users.csv --format auto --check
  authctl user import wp_users.sql --format wordpress --username-from slug
  authctl user import users.json --format firebase --firebase-config hash-parameters.txt --rejects rejects.ndjson
  psql -c "COPY (SELECT to_json(u) FROM auth.users u) TO STDOUT" | authctl user import - --format gotrue`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, args[0]) },
	}
	o.addFlag(c, "table", "json", "yaml")
	f := c.Flags()
	o.given = f.Changed
	f.StringVar(&o.format, "format", "authctl", "what wrote the file: "+strings.Join(userfile.Formats(), ", "))
	f.StringVar(&o.usernameFrom, "username-from", "", "what becomes the username: `login, email or slug` (default: the login, or else a name made of the id)")
	f.StringVar(&o.usernameField, "username-field", "", "the name of --username-from in earlier releases")
	f.Lookup("username-field").Hidden = true
	f.StringVar(&o.firebaseConfig, "firebase-config", "", "`file` with the project's password hash parameters, as Firebase's console shows them")
	f.StringVar(&o.prehash, "prehash", "", "what the program does with a password before it hashes it: `sha256-hex, sha512-hex, hmac-sha512-base64:KEY, suffix:PEPPER or prefix:SALT`")
	f.StringVar(&o.prehashFile, "prehash-file", "", "`file` with the text of --prehash, whose key every user of the machine could see in an argument")
	f.StringVar(&o.rejects, "rejects", "", "write the rejected rows and the reasons to this new `file`")
	f.StringVar(&o.unverified, "unverified", rejectUnverified, "`reject, disable or keep` users who would sign in by an e-mail address that the file does not mark as confirmed")
	f.BoolVar(&o.create, "create", false, "create the SQLite database if there is none")
	f.BoolVar(&o.check, "check", false, "check the file alone, without a database, and count what is in it")
	f.BoolVar(&o.dryRun, "dry-run", false, "check everything, and import nobody")
	addReason(c, &o.reason)
	return c
}

// importView is the result in JSON and YAML. Imported, Filled, There, Skipped and Rejected
// together are all rows.
type importView struct {
	Format          string `json:"format"` // of the file; "" for an empty one
	Database        string `json:"database"`
	DryRun          bool   `json:"dry_run"`
	Imported        int    `json:"imported"`         // or would be
	Filled          int    `json:"passwords_filled"` // were there without a password, and have the file's now
	There           int    `json:"already_there"`    // and were left as they are
	Skipped         int    `json:"skipped"`          // accounts of Keycloak's clients
	Rejected        int    `json:"rejected"`
	Unverified      int    `json:"unverified"`       // rows of users who would sign in by an address that nobody has confirmed, whatever became of them
	WithoutPassword int    `json:"without_password"` // of those imported and already there
	Addresses       int    `json:"emails"`           // of those imported, verified or not
	NamesMade       int    `json:"names_made"`       // of those imported: they had an address and no username
	AddressesLost   int    `json:"emails_dropped"`   // of those imported: their address cannot get mail from here
}

// table is the result for people.
func (v importView) table() table {
	return table{
		header: []string{"IMPORTED", "PASSWORDS FILLED", "ALREADY THERE", "SKIPPED", "REJECTED", "UNVERIFIED", "WITHOUT PASSWORD"},
		rows: [][]string{{
			fmt.Sprint(v.Imported), fmt.Sprint(v.Filled), fmt.Sprint(v.There), fmt.Sprint(v.Skipped), fmt.Sprint(v.Rejected),
			fmt.Sprint(v.Unverified), fmt.Sprint(v.WithoutPassword),
		}},
	}
}

func (o *userImportOptions) run(ctx context.Context, a *app, path string) error {
	if o.usernameField != "" {
		a.say("--username-field is called --username-from now")
		o.usernameFrom = cmp.Or(o.usernameFrom, o.usernameField)
	}
	reader, err := o.reader(path)
	if err != nil {
		return err
	}
	file, size, err := openInput(a, path)
	if err != nil {
		return err
	}
	defer file.Close()
	inst, err := o.open(ctx, a)
	if err != nil {
		return err
	}
	defer inst.close()
	imp := newImporter(a, inst, o, file, size)
	if imp.rejects, err = newRejects(o.rejects); err != nil {
		return err
	}
	failed := imp.all(ctx, reader, o.format)
	imp.finish(ctx, reader, failed)
	v := imp.view
	if err := errors.Join(imp.rejects.close(), failed); err != nil {
		return err
	}
	if imp.check != nil {
		c := imp.check.view(v)
		err = o.print(a.out, c, c.table(), nil)
	} else {
		err = o.print(a.out, v, v.table(), nil)
	}
	if err != nil {
		return err
	}
	if v.Rejected > 0 {
		hint := "correct them and import them again; imported users stay unchanged"
		if imp.check != nil {
			hint = "correct them before you import the file"
		}
		return &problem{exitPartial, fmt.Errorf("%s rejected", count(int64(v.Rejected), "row")), hint}
	}
	return nil
}

// open opens the database, or only the configuration for --check.
func (o *userImportOptions) open(ctx context.Context, a *app) (*instance, error) {
	if o.check {
		return a.openToCheck(ctx)
	}
	return a.open(ctx, opening{create: o.create && !o.dryRun, hashes: true, verifies: true, signs: authn.PrehashNeedsSecret(o.prehash)})
}

func (o *userImportOptions) reader(path string) (*userfile.Reader, error) {
	if !slices.Contains(userfile.Formats(), o.format) {
		return nil, usage("", "there is no format %q, only %s", o.format, strings.Join(userfile.Formats(), ", "))
	}
	if !slices.Contains([]string{"", "username", "login", "email", "slug"}, o.usernameFrom) {
		return nil, usage("", "--username-from must be login, email or slug, not %q", o.usernameFrom)
	}
	if o.check && (o.dryRun || o.create) {
		return nil, usage("--dry-run looks at the database too", "--check uses no database: it cannot be given with --dry-run or --create")
	}
	if err := checkUnverified(o.unverified); err != nil {
		return nil, err
	}
	if err := o.readPrehash(); err != nil {
		return nil, err
	}
	options := userfile.Options{UsernameFrom: o.usernameFrom, Prehash: o.prehash}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && path != "-" {
		options.Again = func() (io.ReadCloser, error) { return os.Open(path) }
	}
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

// readPrehash reads --prehash-file, and checks --prehash.
func (o *userImportOptions) readPrehash() error {
	if o.given("prehash-file") {
		if o.given("prehash") {
			return usage("", "--prehash and --prehash-file cannot be given together")
		}
		text, err := os.ReadFile(o.prehashFile)
		if err != nil {
			return &problem{exitUsage, fmt.Errorf("--prehash-file: %w", err), ""}
		}
		if o.prehash = strings.TrimRight(string(text), "\r\n"); o.prehash == "" {
			return usage("", "--prehash-file: %s is empty", o.prehashFile)
		}
	}
	if o.prehash == "" && !o.given("prehash") {
		return nil
	}
	if err := authn.CheckPrehash(o.prehash); err != nil {
		return usage("", "--prehash: %v", err)
	}
	return nil
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
		return nil, 0, usage("", "%s is not a file", path)
	}
	return f, info.Size(), nil
}
