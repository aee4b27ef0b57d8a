package database

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"hash/maphash"
	"slices"
)

const (
	keptMost = 48 // statements that a connection keeps and that are not in use
	seenMost = 64 // texts, of those asked last, of which one that is asked again gets a statement that is kept
)

var errOtherDriver = errors.New("the driver of SQLite is another than was thought")

// keeper connects to SQLite so that each connection keeps the statements that were prepared on it, and those that are asked
// again and again: a sync writes its rows with a few large ones, transaction after transaction, and the queue looks for
// jobs with the same ones all day long. Reading one again takes longer than some of its rows.
type keeper struct {
	driver sqldriver.Driver
	dsn    string
	seed   maphash.Seed
}

func newKeeper(driver sqldriver.Driver, dsn string) keeper {
	return keeper{driver, dsn, maphash.MakeSeed()}
}

// Driver implements driver.Connector.
func (k keeper) Driver() sqldriver.Driver { return k.driver }

// Connect implements driver.Connector.
func (k keeper) Connect(context.Context) (sqldriver.Conn, error) {
	opened, err := k.driver.Open(k.dsn)
	if err != nil {
		return nil, err
	}
	conn, ok := opened.(sqliteConn)
	if !ok {
		return nil, errors.Join(errOtherDriver, opened.Close())
	}
	return &keepingConn{sqliteConn: conn, seed: k.seed}, nil
}

// sqliteConn is what the driver's connections can do.
type sqliteConn interface {
	sqldriver.Conn
	sqldriver.ConnBeginTx
	sqldriver.ConnPrepareContext
	sqldriver.ExecerContext
	sqldriver.QueryerContext
	sqldriver.Pinger
	sqldriver.SessionResetter
	sqldriver.Validator
}

// sqliteStmt is what its statements can do.
type sqliteStmt interface {
	sqldriver.Stmt
	sqldriver.StmtExecContext
	sqldriver.StmtQueryContext
}

// sqliteRows is what its rows can do.
type sqliteRows interface {
	sqldriver.Rows
	sqldriver.RowsColumnTypeDatabaseTypeName
	sqldriver.RowsColumnTypeLength
	sqldriver.RowsColumnTypeNullable
	sqldriver.RowsColumnTypePrecisionScale
	sqldriver.RowsColumnTypeScanType
}

// keepingConn is a connection with the statements that it keeps. Only one goroutine uses it at a time.
type keepingConn struct {
	sqliteConn
	seed maphash.Seed
	seen [seenMost]uint64 // hashes of texts that were asked without a statement that is kept
	last int              // where in seen the newest one is
	kept []*keptStmt      // that are not in use, those used last at the end
}

// take takes the statement of a text out of those that are kept; nil where it is not among them.
func (c *keepingConn) take(query string) *keptStmt {
	for i := len(c.kept) - 1; i >= 0; i-- {
		if s := c.kept[i]; s.query == query {
			c.kept = append(c.kept[:i], c.kept[i+1:]...)
			return s
		}
	}
	return nil
}

// PrepareContext implements driver.ConnPrepareContext. Whoever prepares a statement to ask it closes its rows before it: a
// closed one is used again.
func (c *keepingConn) PrepareContext(ctx context.Context, query string) (sqldriver.Stmt, error) {
	if s := c.take(query); s != nil {
		return s, nil
	}
	prepared, err := c.sqliteConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s, ok := prepared.(sqliteStmt)
	if !ok {
		return prepared, nil
	}
	return &keptStmt{s, c, query}, nil
}

// again is the statement of a text that is kept, or was asked not long ago; nil for one that is new.
func (c *keepingConn) again(ctx context.Context, query string) (*keptStmt, error) {
	if s := c.take(query); s != nil {
		return s, nil
	}
	if hash := maphash.String(c.seed, query); !slices.Contains(c.seen[:], hash) {
		c.last = (c.last + 1) % seenMost
		c.seen[c.last] = hash
		return nil, nil
	}
	prepared, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s, _ := prepared.(*keptStmt)
	return s, nil
}

// ExecContext implements driver.ExecerContext.
func (c *keepingConn) ExecContext(ctx context.Context, query string, args []sqldriver.NamedValue) (sqldriver.Result, error) {
	s, err := c.again(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.sqliteConn.ExecContext(ctx, query, args)
	}
	result, err := s.ExecContext(ctx, args)
	if notClosed := s.Close(); err == nil {
		err = notClosed
	}
	return result, err
}

// QueryContext implements driver.QueryerContext.
func (c *keepingConn) QueryContext(ctx context.Context, query string, args []sqldriver.NamedValue) (sqldriver.Rows, error) {
	s, err := c.again(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.sqliteConn.QueryContext(ctx, query, args)
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		s.Close() // what it says was said by the query
		return nil, err
	}
	known, ok := rows.(sqliteRows)
	if !ok {
		return nil, errors.Join(errOtherDriver, rows.Close(), s.Close())
	}
	return keptRows{known, s}, nil
}

// keptRows are the rows of a statement that goes back to its connection after them.
type keptRows struct {
	sqliteRows
	stmt *keptStmt
}

// Close implements driver.Rows.
func (r keptRows) Close() error {
	err := r.sqliteRows.Close()
	if notClosed := r.stmt.Close(); err == nil {
		err = notClosed
	}
	return err
}

// Close implements driver.Conn.
func (c *keepingConn) Close() error {
	var errs []error
	for _, s := range c.kept {
		errs = append(errs, s.sqliteStmt.Close())
	}
	c.kept = nil
	return errors.Join(append(errs, c.sqliteConn.Close())...)
}

// keptStmt is a statement that goes back to its connection when it is closed.
type keptStmt struct {
	sqliteStmt
	conn  *keepingConn
	query string
}

// Close implements driver.Stmt.
func (s *keptStmt) Close() error {
	s.conn.kept = append(s.conn.kept, s)
	if len(s.conn.kept) <= keptMost {
		return nil
	}
	oldest := s.conn.kept[0]
	s.conn.kept = s.conn.kept[1:]
	return oldest.sqliteStmt.Close()
}
