package dbfile

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"

	"modernc.org/sqlite"
)

// Connector returns a connector whose connections refuse to work once the file is lost. Each keeps up
// to keep statements prepared, those that it is given without a call of Prepare.
func (f *File) Connector(dsn string, keep int) (driver.Connector, error) {
	base, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return connector{base, f, keep}, nil
}

type connector struct {
	driver.Connector
	file *File
	keep int
}

// Connect implements driver.Connector. SQLite opens the database's file first and reads the
// write-ahead log later, so Connect checks both afterwards.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := c.file.Check(); err != nil {
		return nil, err
	}
	opened, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	whole, ok := opened.(sqliteConn)
	if !ok {
		opened.Close()
		return nil, fmt.Errorf("the SQLite driver's connections are %T", opened)
	}
	conn := &conn{sqliteConn: whole, file: c.file}
	if _, err := conn.numbers(ctx, `SELECT count(*) FROM sqlite_schema`); err != nil {
		conn.Close()
		return nil, err
	}
	if err := c.file.Check(); err != nil {
		conn.Close()
		return nil, err
	}
	conn.statements.max = c.keep
	return conn, nil
}

// sqliteConn is the interfaces that database/sql uses of the driver's connections.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type conn struct {
	sqliteConn
	file       *File
	statements statements
}

// ResetSession implements driver.SessionResetter. It is called before each use except the
// first. On an error database/sql drops the connection and requests another, which fails with the reason.
func (c *conn) ResetSession(ctx context.Context) error {
	if c.file.Check() != nil {
		return driver.ErrBadConn
	}
	return c.sqliteConn.ResetSession(ctx)
}

// Close implements driver.Conn; see [File.Close].
func (c *conn) Close() error {
	if c.file.Check() != nil {
		return nil
	}
	return errors.Join(c.statements.close(), c.sqliteConn.Close())
}

// numbers returns the integers of a query's only row.
func (c *conn) numbers(ctx context.Context, query string) ([]int64, error) {
	rows, err := c.QueryContext(ctx, query, nil)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	row := make([]driver.Value, len(rows.Columns()))
	if err := rows.Next(row); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	numbers := make([]int64, len(row))
	for i, v := range row {
		numbers[i], _ = v.(int64)
	}
	return numbers, nil
}

// checkpoint copies committed frames into the database's file, and reports whether all of them are
// there. It does not need the lock of writers, so it may have to wait for readers.
func (f *File) checkpoint() bool {
	held, ok := f.anchor.(*conn)
	if !ok {
		return false
	}
	for range 50 {
		n, err := held.numbers(context.Background(), `PRAGMA wal_checkpoint(PASSIVE)`)
		if err != nil {
			return false
		}
		if busy, inLog, done := n[0], n[1], n[2]; busy == 0 && inLog == done {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}
