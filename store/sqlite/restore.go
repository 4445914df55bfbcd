package sqlite

import (
	"context"
	"database/sql"

	"github.com/authctl/authctl/store"
)

const moveUsers = `UPDATE users SET generation = MAX(generation + 1, ?1)`

const deleteFeed = `DELETE FROM revocations`

// FinishRestore implements [store.Store].
func (s *Store) FinishRestore(ctx context.Context, least int64, e store.Event) (done store.Restoration, err error) {
	err = s.write(ctx, "finish restore", func(tx *sql.Tx) (err error) {
		if err := tx.QueryRowContext(ctx, bumpInstallation, least).Scan(&done.Generation); err != nil {
			return err
		}
		if done.Users, err = changed(ctx, tx, moveUsers, least); err != nil {
			return err
		}
		if done.Revocations, err = changed(ctx, tx, deleteFeed); err != nil {
			return err
		}
		if done.Nodes, err = changed(ctx, tx, deleteNodes); err != nil {
			return err
		}
		if err := publish(ctx, tx, store.Revocation{At: e.At, Generation: done.Generation}); err != nil {
			return err
		}
		if err := record(ctx, tx, e); err != nil {
			return err
		}
		return record(ctx, tx, e.EndsEverybody())
	})
	if err != nil {
		return store.Restoration{}, err
	}
	return done, nil
}

// Backup writes a copy of the database, as it is at one moment, to a new file that only its owner
// may access (mode 0600). Others can read and write meanwhile. Afterwards the file is complete and
// synced, or does not exist. It fails with [fs.ErrExist] when something has that name already.
func (s *Store) Backup(ctx context.Context, path string) error {
	source, err := s.file.Connector(dsn(s.file.Path(), "_txlock=deferred"), 0)
	if err != nil {
		return err
	}
	db := sql.OpenDB(source)
	defer db.Close()
	db.SetMaxOpenConns(1)
	return translate("back up", s.file.Backup(ctx, db, path))
}
