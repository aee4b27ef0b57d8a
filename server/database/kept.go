package database

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
)

// keptMost is how many statements a connection keeps that are not in use.
const keptMost = 48

// keeper connects to SQLite so that each connection keeps the statements that were prepared on it: a sync writes its rows
// with a few large ones, transaction after transaction, and reading one again takes longer than some of its rows.
type keeper struct {
	driver sqldriver.Driver
	dsn    string
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
		return nil, errors.Join(errors.New("the driver of SQLite is another than was thought"), opened.Close())
	}
	return &keepingConn{sqliteConn: conn}, nil
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

// keepingConn is a connection with the statements that it keeps. Only one goroutine uses it at a time.
type keepingConn struct {
	sqliteConn
	kept []*keptStmt // that are not in use, those used last at the end
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

// PrepareContext implements driver.ConnPrepareContext.
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

// ExecContext implements driver.ExecerContext.
func (c *keepingConn) ExecContext(ctx context.Context, query string, args []sqldriver.NamedValue) (sqldriver.Result, error) {
	s := c.take(query)
	if s == nil {
		return c.sqliteConn.ExecContext(ctx, query, args)
	}
	result, err := s.ExecContext(ctx, args)
	if notClosed := s.Close(); err == nil {
		err = notClosed
	}
	return result, err
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
