// Package keyset reads the API's connections page by page. A list is ordered by a key, which every row has, and then by
// the id; a cursor holds both, and so a page begins behind the very row it names, whether that row is still there.
package keyset

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"entgo.io/contrib/entgql"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/99designs/gqlgen/graphql"

	"broker/ent"
)

// Key is what rows are ordered by, before their id. Each has its index, in ent/migrations.
type Key[T any] struct {
	column string // of the table; empty: the id alone
	unique bool   // no two rows share it: the id orders nothing
	kind   kind
	absent Absent       // where the rows without a value stand
	of     func(*T) any // a row's value: string, int64 or time.Time as the kind says; nil for none
}

type kind int

const (
	number kind = iota + 1
	words
	instant
)

// Absent is where the rows without a value stand.
type Absent int

// Where they may stand.
const (
	Earliest Absent = iota + 1 // before every value
	Latest                     // after every value
)

// Number is a key of numbers.
func Number[T any](column string, of func(*T) int64) Key[T] {
	return Key[T]{column: column, kind: number, of: func(row *T) any { return of(row) }}
}

// Text is a key of texts, which are ordered by their bytes: a folded column gives people's order.
func Text[T any](column string, of func(*T) string) Key[T] {
	return Key[T]{column: column, kind: words, of: func(row *T) any { return of(row) }}
}

// Unique is a key that no two rows share.
func Unique[T any](key Key[T]) Key[T] {
	key.unique = true
	return key
}

// Time is a key of instants.
func Time[T any](column string, of func(*T) time.Time) Key[T] {
	return Key[T]{column: column, kind: instant, of: func(row *T) any { return of(row) }}
}

// MaybeTime is a key of instants that some rows lack.
func MaybeTime[T any](column string, absent Absent, of func(*T) *time.Time) Key[T] {
	return Key[T]{column: column, kind: instant, absent: absent, of: func(row *T) any {
		if at := of(row); at != nil {
			return *at
		}
		return nil
	}}
}

// Of is a list: whose it is, and how it is ordered.
type Of[T any] struct {
	Name  string // tells its cursors from those of others
	ID    func(*T) string
	Key   Key[T]
	Order string // the key's name, for its cursors
	Desc  bool

	Columns []string // that rows are read with; nil: those that the request names
}

// Page is what of a list is asked for: First or Last is given.
type Page struct {
	First  *int
	After  *ent.Cursor
	Last   *int
	Before *ent.Cursor
}

// Read is a page that was read.
type Read[T any] struct {
	Rows  []*T
	Info  ent.PageInfo
	Total int // where it was asked for
	of    Of[T]
}

// Edges are the rows of a page with their cursors, as the API has them.
func Edges[T, E any](r *Read[T], edge func(*T, ent.Cursor) E) []E {
	edges := make([]E, len(r.Rows))
	for i, row := range r.Rows {
		edges[i] = edge(row, r.of.cursor(row))
	}
	return edges
}

// query is a query of ent for rows of T.
type query[Q, T, S any, P, O ~func(*sql.Selector)] interface {
	Clone() Q
	Select(...string) S
	Where(...P) Q
	Order(...O) Q
	Limit(int) Q
	Unique(bool) Q
	Count(context.Context) (int, error)
	Exist(context.Context) (bool, error)
	All(context.Context) ([]*T, error)
	CollectFields(context.Context, ...string) (Q, error)
}

// From reads a page of a list from the rows of a query: as much of it as the request asks for.
func From[Q query[Q, T, S, P, O], T, S any, P, O ~func(*sql.Selector)](ctx context.Context, q Q, of Of[T], page Page) (*Read[T], error) {
	after, err := of.position("after", page.After)
	if err != nil {
		return nil, err
	}
	before, err := of.position("before", page.Before)
	if err != nil {
		return nil, err
	}
	r, want := &Read[T]{of: of}, wanted(ctx)
	if !want.rows {
		if want.total {
			r.Total, err = q.Count(ctx)
		}
		return r, err
	}
	// A page from the end is read from there, in the opposite direction.
	backward := page.Last != nil
	size := page.First
	if backward {
		size = page.Last
	}
	rows := q.Clone()
	if after != nil {
		rows = rows.Where(of.beside(after, behind))
	}
	if before != nil {
		rows = rows.Where(of.beside(before, ahead))
	}
	if rows, err = collect[Q](ctx, rows); err != nil {
		return nil, err
	}
	if of.Columns != nil {
		rows.Select(of.Columns...)
	}
	if r.Rows, err = rows.Unique(false).Order(of.sorted(backward)).Limit(*size + 1).All(ctx); err != nil {
		return nil, err
	}
	more := len(r.Rows) > *size
	r.Rows = r.Rows[:min(*size, len(r.Rows))]
	switch {
	case !want.total:
	case after == nil && before == nil && !more: // these are all
		r.Total = len(r.Rows)
	default:
		if r.Total, err = q.Clone().Count(ctx); err != nil {
			return nil, err
		}
	}
	if backward {
		slices.Reverse(r.Rows)
	}
	r.Info.HasNextPage, r.Info.HasPreviousPage = more && !backward, more && backward
	if n := len(r.Rows); n > 0 {
		start, end := of.cursor(r.Rows[0]), of.cursor(r.Rows[n-1])
		r.Info.StartCursor, r.Info.EndCursor = &start, &end
	}
	// What lies on the other side of a cursor is there still, or is not.
	if want.previous && after != nil && !r.Info.HasPreviousPage {
		if r.Info.HasPreviousPage, err = q.Clone().Where(of.beside(after, ahead|at)).Exist(ctx); err != nil {
			return nil, err
		}
	}
	if want.next && before != nil && !r.Info.HasNextPage {
		r.Info.HasNextPage, err = q.Clone().Where(of.beside(before, behind|at)).Exist(ctx)
	}
	return r, err
}

// wants is what a request asks of a connection.
type wants struct{ total, rows, previous, next bool }

func wanted(ctx context.Context) (w wants) {
	for _, field := range graphql.CollectFieldsCtx(ctx, nil) {
		switch field.Name {
		case "totalCount":
			w.total = true
		case "edges":
			w.rows = true
		case "pageInfo":
			w.rows = true
			for _, info := range graphql.CollectFields(graphql.GetOperationContext(ctx), field.Selections, nil) {
				w.previous = w.previous || info.Name == "hasPreviousPage"
				w.next = w.next || info.Name == "hasNextPage"
			}
		}
	}
	return w
}

// collect has a query read the columns and edges that the request asks of its rows. Where it asks more than once, under
// other names, all columns are read.
func collect[Q interface {
	CollectFields(context.Context, ...string) (Q, error)
}](ctx context.Context, q Q) (Q, error) {
	edges, one := only(graphql.CollectFieldsCtx(ctx, nil), "edges")
	if !one {
		return q, nil
	}
	node, one := only(graphql.CollectFields(graphql.GetOperationContext(ctx), edges.Selections, nil), "node")
	if !one {
		return q, nil
	}
	return q.CollectFields(graphql.WithFieldContext(ctx, &graphql.FieldContext{Field: node}))
}

// only is the one of fields that has a name; false where there is none or more.
func only(fields []graphql.CollectedField, name string) (graphql.CollectedField, bool) {
	named := slices.DeleteFunc(slices.Clone(fields), func(f graphql.CollectedField) bool { return f.Name != name })
	if len(named) != 1 {
		return graphql.CollectedField{}, false
	}
	return named[0], true
}

// side is which rows of a list a position selects: those behind it, those ahead of it, and the one that is at it.
type side int

const (
	behind side = 1 << iota
	ahead
	at
)

// beside selects the rows on a side of a position.
func (of Of[T]) beside(p *position, s side) func(*sql.Selector) {
	operator := ">"
	if (s&ahead != 0) != of.Desc {
		operator = "<"
	}
	if s&at != 0 {
		operator += "="
	}
	return func(s *sql.Selector) {
		key, between := any(p.value), of.between(s.Dialect())
		if p.value == nil {
			key = sql.Raw(of.Key.absent.value(s.Dialect()))
		}
		s.Where(sql.P(func(b *sql.Builder) {
			b.WriteString("(" + strings.Join(terms(of.Key, of.expression(s), text(s, "id")), between) + ") " + operator + " (")
			for i, value := range terms(of.Key, key, any(p.ID)) {
				if i > 0 {
					b.WriteString(between)
				}
				b.Arg(value)
			}
			b.WriteString(")")
		}))
	}
}

// sorted orders the rows, and has the key's column read whatever else is.
func (of Of[T]) sorted(backward bool) func(*sql.Selector) {
	direction := " ASC"
	if of.Desc != backward {
		direction = " DESC"
	}
	return func(s *sql.Selector) {
		if of.Key.column != "" {
			s.AppendSelect(s.C(of.Key.column))
		}
		by, between := terms(of.Key, of.expression(s), text(s, "id")), of.between(s.Dialect())
		if between != columns {
			by = []string{strings.Join(by, between)}
		}
		for _, term := range by {
			s.OrderExpr(sql.Expr(term + direction))
		}
	}
}

// terms are those of a key and an id that rows are ordered by.
func terms[T, E any](key Key[T], value, id E) []E {
	switch {
	case key.column == "":
		return []E{id}
	case key.unique:
		return []E{value}
	}
	return []E{value, id}
}

// columns is between terms that are compared one after the other.
const columns = ", "

// between is what stands between terms. SQLite finds a place by an index that has an expression only if that is all that
// is compared: there the two are one text. Of two times none begins with the other.
func (of Of[T]) between(kind string) string {
	if of.Key.absent != 0 && kind == dialect.SQLite {
		return " || ' ' || "
	}
	return columns
}

// expression is the key in the database: never null, so that both databases order it alike.
func (of Of[T]) expression(s *sql.Selector) string {
	switch {
	case of.Key.absent != 0:
		return fmt.Sprintf("COALESCE(%s, %s)", s.C(of.Key.column), of.Key.absent.value(s.Dialect()))
	case of.Key.kind == words:
		return text(s, of.Key.column)
	}
	return s.C(of.Key.column)
}

// text is a column of texts, ordered by their bytes: PostgreSQL would go by the locale of the database.
func text(s *sql.Selector, column string) string {
	if s.Dialect() == dialect.Postgres {
		return s.C(column) + ` COLLATE "C"`
	}
	return s.C(column)
}

// value stands for a time that is absent. SQLite keeps times as texts that begin with a digit.
func (a Absent) value(kind string) string {
	switch {
	case kind == dialect.Postgres && a == Latest:
		return "'infinity'::timestamptz"
	case kind == dialect.Postgres:
		return "'-infinity'::timestamptz"
	case a == Latest:
		return "'~'"
	}
	return "''"
}

// In is the order that a request asks for.
func In[T any](name string, id func(*T) string, keys map[string]Key[T], order string, direction entgql.OrderDirection) (Of[T], error) {
	key, known := keys[order]
	if !known {
		return Of[T]{}, fmt.Errorf("%s cannot be ordered by %s: give it a key", name, order)
	}
	return Of[T]{Name: name, ID: id, Key: key, Order: strings.TrimSpace(order + " " + string(direction)), Desc: direction == entgql.OrderDirectionDesc}, nil
}
