package dbfile

import (
	"context"
	"database/sql/driver"
	"errors"
)

// statements keeps prepared statements of one connection, which one goroutine at a time uses. SQLite
// takes longer to parse and plan a statement than to run it.
type statements struct {
	max  int // of those that are kept
	kept map[string]*statement
}

// statement is a prepared statement. One that is in use cannot be used a second time.
type statement struct {
	sqliteStmt
	inUse bool
}

// sqliteStmt is the interfaces that the driver's statements have.
type sqliteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// ExecContext implements driver.ExecerContext.
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.sqliteConn.ExecContext(ctx, query, args)
	}
	return s.ExecContext(ctx, args)
}

// QueryContext implements driver.QueryerContext.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.sqliteConn.QueryContext(ctx, query, args)
	}
	result, err := s.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	s.inUse = true
	return rows{result, s}, nil
}

// rows are the result of a kept statement, which Close frees.
type rows struct {
	driver.Rows
	of *statement
}

// Close implements driver.Rows.
func (r rows) Close() error {
	r.of.inUse = false
	return r.Rows.Close()
}

// prepared returns the kept statement of a query, nil when there is none to use. A query is kept from
// its first use. When there are too many, any other one is dropped.
func (c *conn) prepared(ctx context.Context, query string) (*statement, error) {
	if s := c.statements.kept[query]; s != nil {
		if s.inUse {
			return nil, nil
		}
		return s, nil
	}
	if c.statements.max == 0 {
		return nil, nil
	}
	c.statements.makeRoom()
	made, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	whole, ok := made.(sqliteStmt)
	if !ok {
		return nil, made.Close()
	}
	s := &statement{sqliteStmt: whole}
	c.statements.kept[query] = s
	return s, nil
}

func (p *statements) makeRoom() {
	if p.kept == nil {
		p.kept = make(map[string]*statement, p.max)
	}
	for query, s := range p.kept {
		if len(p.kept) < p.max {
			return
		}
		if !s.inUse {
			delete(p.kept, query)
			s.Close()
		}
	}
}

func (p *statements) close() error {
	var errs []error
	for _, s := range p.kept {
		errs = append(errs, s.Close())
	}
	p.kept, p.max = nil, 0
	return errors.Join(errs...)
}
