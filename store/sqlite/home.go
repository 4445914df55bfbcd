package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"

	"github.com/authctl/authctl/store/sqlite/dbfile"
)

// openFile resolves the path once. The store keeps using that file, whatever happens to the path.
func openFile(ctx context.Context, cfg Config) (*Store, error) {
	file, err := dbfile.Find(cfg.Path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	s := &Store{file: file}
	s.queue = s.newQueue()
	if err := s.connect(ctx, cfg.MaxReaders); err != nil {
		s.Close()
		return nil, translate("open database "+cfg.Path, err)
	}
	return s, nil
}

// writerKeeps is how many prepared statements the writer keeps. Those of sign-ins and refreshes are
// fewer than half.
const writerKeeps = 64

// connect opens the connections, the writer first, because it creates the write-ahead log.
func (s *Store) connect(ctx context.Context, readers int) error {
	write, err := s.file.Connector(dsn(s.file.Path(), "_txlock=immediate", "journal_mode(WAL)", "synchronous(FULL)"), writerKeeps)
	if err != nil {
		return err
	}
	read, err := s.file.Connector(dsn(s.file.Path(), "_txlock=deferred", "query_only(ON)"), 0)
	if err != nil {
		return err
	}
	s.writer, s.reader = sql.OpenDB(write), sql.OpenDB(read)
	s.writer.SetMaxOpenConns(1)
	if readers <= 0 {
		readers = 2 * runtime.GOMAXPROCS(0)
	}
	s.reader.SetMaxOpenConns(readers + 1) // one more, for WatchRevocations
	s.reader.SetMaxIdleConns(readers)
	for _, db := range []*sql.DB{s.writer, s.reader} {
		if err := db.PingContext(ctx); err != nil {
			return err
		}
	}
	return s.file.Hold(ctx, read)
}
