package tokens

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"entgo.io/ent/dialect/sql"

	"broker/ent"
	"broker/ent/predicate"
	"broker/ent/token"
	"broker/server/auth"
)

// Status is whether a token works.
type Status string

// The statuses, as the API names them.
const (
	Active   Status = "ACTIVE"
	Expired  Status = "EXPIRED"
	Disabled Status = "DISABLED"
	Revoked  Status = "REVOKED"
)

// StatusOf tells whether a token works at an instant, as far as it itself is concerned: the one that made it may have
// ended.
func StatusOf(t *ent.Token, now time.Time) Status {
	switch {
	case t.RevokedAt != nil:
		return Revoked
	case t.DisabledAt != nil:
		return Disabled
	case t.ExpiresAt != nil && !now.Before(*t.ExpiresAt):
		return Expired
	}
	return Active
}

// Statuses tell whether tokens work, in their order: one that has not ended itself has the status of the nearest of its
// makers that has. client reads the makers.
func Statuses(ctx context.Context, client *ent.Client, now time.Time, rows ...*ent.Token) ([]Status, error) {
	all, next := make([]Status, len(rows)), slices.Clone(rows)
	for n := 1; ; n++ {
		makers := map[string]*ent.Token{}
		for i, t := range next {
			if t == nil {
				continue
			}
			if all[i] = StatusOf(t, now); all[i] == Active && t.ParentID != nil && n < auth.GenerationsMax {
				makers[*t.ParentID] = nil
			} else {
				next[i] = nil
			}
		}
		if len(makers) == 0 {
			return all, nil
		}
		if err := read(ctx, client, makers); err != nil {
			return nil, err
		}
		for i, t := range next {
			if t != nil {
				next[i] = makers[*t.ParentID]
			}
		}
	}
}

// read fills in tokens by their ids.
func read(ctx context.Context, client *ent.Client, tokens map[string]*ent.Token) error {
	for some := range slices.Chunk(slices.Collect(maps.Keys(tokens)), chunk) {
		rows, err := client.Token.Query().Where(token.IDIn(some...)).All(ctx)
		if err != nil {
			return fmt.Errorf("read the tokens that made others: %w", err)
		}
		for _, row := range rows {
			tokens[row.ID] = row
		}
	}
	return nil
}

// predicate is Statuses in the database.
func (s Status) predicate(now time.Time) predicate.Token {
	return func(selector *sql.Selector) {
		q := statusQuery{selector.Dialect(), now.UTC()}
		selector.Where(q.within(s, selector.C, auth.GenerationsMax-1))
	}
}

// statusQuery writes conditions on tokens and their makers.
type statusQuery struct {
	dialect string
	now     time.Time
}

// column names a column of one of the query's tables.
type column func(name string) string

// within is the condition that a token has a status, with as many generations of makers above it.
func (q statusQuery) within(s Status, c column, generations int) *sql.Predicate {
	if generations == 0 {
		return q.own(s, c)
	}
	maker := sql.Dialect(q.dialect).Table(token.Table).As(fmt.Sprintf("maker%d", generations))
	made := sql.Exists(sql.Dialect(q.dialect).Select(maker.C(token.FieldID)).From(maker).Where(
		sql.And(sql.ColumnsEQ(maker.C(token.FieldID), c(token.FieldParentID)), q.within(s, maker.C, generations-1))))
	if s == Active {
		return sql.And(q.own(s, c), sql.Or(sql.IsNull(c(token.FieldParentID)), made))
	}
	return sql.Or(q.own(s, c), sql.And(q.own(Active, c), made))
}

// own is StatusOf in the database.
func (q statusQuery) own(s Status, c column) *sql.Predicate {
	revoked, disabled, ends := c(token.FieldRevokedAt), c(token.FieldDisabledAt), c(token.FieldExpiresAt)
	switch s {
	case Revoked:
		return sql.NotNull(revoked)
	case Disabled:
		return sql.And(sql.IsNull(revoked), sql.NotNull(disabled))
	case Expired:
		return sql.And(sql.IsNull(revoked), sql.IsNull(disabled), sql.LTE(ends, q.now))
	}
	return sql.And(sql.IsNull(revoked), sql.IsNull(disabled), sql.Or(sql.IsNull(ends), sql.GT(ends, q.now)))
}
