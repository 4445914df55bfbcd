package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/authctl/authctl/store/sqlite"
	"github.com/authctl/authctl/store/storetest"
)

// traffic is calls that wait for the writer of a store until they are let go, and then share a
// transaction.
type traffic struct {
	*sqlite.Store
	t    *testing.T
	path string

	held    *sql.Tx
	before  int // commits in the log
	answers sync.WaitGroup
}

func newTraffic(t *testing.T) *traffic {
	t.Helper()
	return newTrafficOf(t, storetest.SQLite(t))
}

func newTrafficOf(t *testing.T, path string) *traffic {
	t.Helper()
	return &traffic{Store: open(t, sqlite.Config{Path: path}), t: t, path: path}
}

// stop takes the writing connection, so that all calls wait.
func (q *traffic) stop() {
	q.t.Helper()
	q.stopBy(q.Writer())
}

// stopBy takes the write lock by db. One call, which changes nothing, waits for the lock. All others
// wait for that call.
func (q *traffic) stopBy(db *sql.DB) {
	q.t.Helper()
	q.before = q.commits()
	var err error
	if q.held, err = db.BeginTx(q.t.Context(), nil); err != nil {
		q.t.Fatal(err)
	}
	began := q.Stats().Batches.Size.Count
	q.answers.Go(func() { _ = q.Join(q.t.Context(), func(context.Context, *sql.Tx) error { return errNothing }) })
	for q.Stats().Batches.Size.Count == began && q.t.Context().Err() == nil {
		runtime.Gosched()
	}
}

// another returns a connection as another process has it.
func (q *traffic) another() *sql.DB {
	q.t.Helper()
	db, err := sql.Open("sqlite", "file:"+q.path+"?_txlock=immediate")
	if err != nil {
		q.t.Fatal(err)
	}
	q.t.Cleanup(func() { db.Close() })
	return db
}

// ask begins a call, and returns when it waits. The returned function returns the call's error, after
// let.
func (q *traffic) ask(call func() error) (answer func() error) {
	q.t.Helper()
	var err error
	var answered atomic.Bool
	waiting := q.Stats().Batches.Waiting
	q.answers.Go(func() {
		err = call()
		answered.Store(true)
	})
	for q.Stats().Batches.Waiting == waiting && !answered.Load() && q.t.Context().Err() == nil {
		runtime.Gosched()
	}
	return func() error { return err }
}

// let lets the calls go on, waits until all are answered, and returns in how many commits they were
// made.
func (q *traffic) let() int {
	q.t.Helper()
	if err := q.held.Rollback(); err != nil {
		q.t.Fatal(err)
	}
	q.answers.Wait()
	return q.commits() - q.before
}

// commits counts the commits in the write-ahead log (https://www.sqlite.org/fileformat.html, section
// 4.1).
func (q *traffic) commits() (n int) {
	q.t.Helper()
	log, err := os.ReadFile(q.path + "-wal")
	if errors.Is(err, fs.ErrNotExist) || len(log) < 32 {
		return 0
	}
	if err != nil {
		q.t.Fatal(err)
	}
	size, salts := 24+int(binary.BigEndian.Uint32(log[8:])), log[16:24]
	for at := 32; at+size <= len(log) && bytes.Equal(log[at+8:at+16], salts); at += size {
		if binary.BigEndian.Uint32(log[at+4:]) != 0 {
			n++
		}
	}
	return n
}
