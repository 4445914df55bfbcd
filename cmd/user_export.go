package cmd

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/cmd/userfile"
)

type userExportOptions struct {
	format string
	file   string
	yes    bool
}

func newUserExport(a *app) *cobra.Command {
	o := userExportOptions{}
	c := &cobra.Command{
		Use:   "export",
		Short: "Print all users with their password hashes, for authctl user import",
		Long: `Print all users, by id, with their password hashes: one JSON object a line, or CSV. The output
is as secret as the database. "authctl user import" restores the users exactly.`,
		Example: `  authctl user export --file users.ndjson
  authctl user export --format csv | age -r age1… > users.csv.age`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	f := c.Flags()
	f.StringVar(&o.format, "format", "ndjson", "ndjson or csv")
	f.StringVar(&o.file, "file", "", "write to this new `file`, which only you can read, instead of standard output")
	f.BoolVar(&o.yes, "yes", false, "show password hashes on a terminal")
	return c
}

func (o *userExportOptions) run(ctx context.Context, a *app) (err error) {
	if o.format != "ndjson" && o.format != "csv" {
		return usage("", "--format must be ndjson or csv, not %q", o.format)
	}
	if _, onTerminal := terminal(a.out); onTerminal && o.file == "" && !o.yes {
		return usage("--file FILE writes them to a file, --yes shows them", "password hashes do not belong on a terminal")
	}
	inst, err := a.open(ctx, opening{reads: true})
	if err != nil {
		return err
	}
	defer inst.close()
	out, done, err := o.open(a.out)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(out)
	n, err := o.write(ctx, inst, buffered)
	if err = errors.Join(err, buffered.Flush()); err != nil {
		return errors.Join(err, done(false))
	}
	if err := done(true); err != nil {
		return err
	}
	a.say("%s exported, with password hashes: keep this as secret as the database", count(n, "user"))
	return nil
}

// open returns where the users go, and what ends it: a file that is not whole is
// removed.
func (o *userExportOptions) open(stdout io.Writer) (io.Writer, func(whole bool) error, error) {
	if o.file == "" {
		return stdout, func(bool) error { return nil }, nil
	}
	f, err := os.OpenFile(o.file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, nil, usage("name a new file", "--file: %s already exists", o.file)
	}
	if err != nil {
		return nil, nil, &problem{exitUsage, err, ""}
	}
	return f, func(whole bool) error {
		if !whole {
			return errors.Join(f.Close(), os.Remove(o.file))
		}
		return errors.Join(f.Sync(), f.Close())
	}, nil
}

func (o *userExportOptions) write(ctx context.Context, inst *instance, out io.Writer) (n int64, err error) {
	w, err := userfile.NewWriter(out, o.format)
	if err != nil {
		return 0, err
	}
	for after := uuid.Nil; ; {
		page, err := inst.authn.CredentialsPage(ctx, after, pageSize)
		if err != nil {
			return n, err
		}
		for _, c := range page {
			if err := w.Write(c); err != nil {
				return n, err
			}
		}
		n += int64(len(page))
		if len(page) < pageSize {
			return n, w.Flush()
		}
		after = page[len(page)-1].User.ID
	}
}
