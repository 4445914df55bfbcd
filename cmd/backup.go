package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/sqlite"
)

type backupOptions struct{ output }

func newBackup(a *app) *cobra.Command {
	var o backupOptions
	c := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the SQLite database into a new file, while servers run",
		Long: `Copy a snapshot of the SQLite database into a new file (mode 0600), while servers run.
The copy has every change that was acknowledged before the command began. When the
command succeeds, the copy is checked and on disk. When it fails, there is no file.

The copy does not have the secret (authctl.secret, jwt.secret): keep that elsewhere. The
private signing keys are sealed under it. On PostgreSQL use pg_dump, or base backups.`,
		Example: `  authctl backup authctl-backup.db`,
		Args:    cobra.ExactArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, args[0]) },
	}
	o.addFlag(c, "table", "json", "yaml")
	return c
}

// backupView is the result in JSON and YAML.
type backupView struct {
	Database string `json:"database"`
	File     string `json:"file"`
	Bytes    int64  `json:"bytes"`
}

func (o *backupOptions) run(ctx context.Context, a *app, path string) error {
	inst, err := a.open(ctx, opening{migrate: migrateNever})
	if err != nil {
		return err
	}
	defer inst.close()
	st, onSQLite := inst.store.(*sqlite.Store)
	if !onSQLite {
		return usage(`pg_dump --format=custom --file=FILE "$DATABASE_URL", or pg_basebackup for point-in-time recovery; docs/operating.md has both`,
			"authctl backup copies only SQLite databases, and this one is PostgreSQL")
	}
	if err := st.Backup(ctx, path); err != nil {
		return backupFailed(path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	view := backupView{inst.where(), path, info.Size()}
	return o.print(a.out, view, table{header: []string{"DATABASE", "FILE", "BYTES"}, rows: [][]string{{view.Database, view.File, fmt.Sprint(view.Bytes)}}}, nil)
}

// backupFailed adds a hint to the error of a backup. It does not blame the database for a fault of the new file.
func backupFailed(path string, err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, store.ErrReplaced):
		return err
	case errors.Is(err, fs.ErrExist):
		return &problem{exitConflict, err, "choose another name: a backup overwrites no file"}
	case errors.Is(err, store.ErrFull), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return &problem{exitFailed, err, "the incomplete backup was deleted; make room on the disk of " + path + ", or choose another disk"}
	default:
		return &problem{exitFailed, err, "the incomplete backup was deleted"}
	}
}
