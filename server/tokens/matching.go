package tokens

import (
	"context"
	"fmt"
	"slices"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"broker/ent"
	"broker/ent/predicate"
	"broker/ent/token"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/fault"
)

// The bounds of revoking by filter.
const (
	matchingMax  = 10_000
	activeWithin = 7 * 24 * time.Hour
	activeShown  = 100
	chunk        = 500 // ids in one statement
)

// Preview is what revoking tokens would end.
type Preview struct {
	Count       int
	ActiveCount int          // used in the last seven days
	Active      []*ent.Token // the first hundred of these, the last used first
	ChildCount  int          // tokens that they made, and that would end with them
}

// Preview tells what revoking the tokens of ids, or all that match where ids is nil, would end.
func (s *Service) Preview(ctx context.Context, maker *auth.Token, ids []string, where []predicate.Token) (*Preview, error) {
	if ids != nil {
		if len(ids) == 0 || len(ids) > idsMax {
			return nil, fault.Invalidf("ids", "Name 1 to %d tokens.", idsMax)
		}
		where = []predicate.Token{token.IDIn(ids...)}
	}
	live := append(slices.Concat(reach(maker), where), token.RevokedAtIsNil())
	all, err := s.db.Reports.Token.Query().Where(live...).IDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the tokens: %w", err)
	}
	active := append(live, token.LastUsedAtGTE(s.now().UTC().Add(-activeWithin)))
	preview := &Preview{Count: len(all)}
	if preview.ActiveCount, err = s.db.Reports.Token.Query().Where(active...).Count(ctx); err != nil {
		return nil, fmt.Errorf("count the tokens in use: %w", err)
	}
	preview.Active, err = s.db.Reports.Token.Query().Where(active...).WithSecrets().
		Order(ent.Desc(token.FieldLastUsedAt)).Limit(activeShown).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the tokens in use: %w", err)
	}
	preview.ChildCount, err = s.descendants(ctx, all)
	return preview, err
}

// descendants counts the tokens that tokens made, and those that these made, without themselves.
func (s *Service) descendants(ctx context.Context, ids []string) (int, error) {
	seen := map[string]bool{}
	for _, id := range ids {
		seen[id] = true
	}
	count := 0
	for range auth.GenerationsMax {
		var next []string
		for some := range slices.Chunk(ids, chunk) {
			made, err := s.db.Reports.Token.Query().Where(token.ParentIDIn(some...), token.RevokedAtIsNil()).IDs(ctx)
			if err != nil {
				return 0, fmt.Errorf("count the tokens they made: %w", err)
			}
			for _, id := range made {
				if !seen[id] {
					seen[id] = true
					next = append(next, id)
				}
			}
		}
		count += len(next)
		ids = next
	}
	return count, nil
}

// RevokeMatching revokes all tokens that match, in one step, and returns how many. expected is the count of a preview:
// where it is another by now, nothing is revoked.
func (s *Service) RevokeMatching(ctx context.Context, maker *auth.Token, where []predicate.Token, expected int, reason *string) (int, error) {
	if err := checkReason(reason); err != nil {
		return 0, err
	}
	if len(where) == 0 {
		return 0, fault.Invalidf("where", "Say which tokens: an empty filter matches all of them.")
	}
	var n int
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		rows, err := s.lockMatching(ctx, tx, maker, where)
		if err != nil {
			return err
		}
		if n = len(rows); n > matchingMax {
			return fault.Invalidf("where", "More than %d tokens match. Narrow the filter.", matchingMax)
		}
		if n != expected {
			return &fault.Conflict{Message: fmt.Sprintf("%d tokens match now, not %d. Look at them again.", n, expected)}
		}
		return s.revokeAll(ctx, tx, rows, reason)
	})
	return n, err
}

// lockMatching reads the tokens that match and are not revoked, one more than may be, and holds their rows until the
// transaction ends: in the order of their ids, as all do, so that none waits for another for ever.
func (s *Service) lockMatching(ctx context.Context, tx *database.Tx, maker *auth.Token, where []predicate.Token) ([]*ent.Token, error) {
	rows, err := tx.Token.Query().Where(append(slices.Concat(reach(maker), where), token.RevokedAtIsNil(), forUpdate)...).
		Order(ent.Asc(token.FieldID)).Limit(matchingMax+1).
		Select(token.FieldID, token.FieldDescription, token.FieldExternalID).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the tokens: %w", err)
	}
	return rows, nil
}

// forUpdate holds what a query reads; SQLite has one writer.
func forUpdate(s *sql.Selector) {
	if s.Dialect() == dialect.Postgres {
		s.ForUpdate()
	}
}

// revokeAll revokes tokens that are locked and not revoked: few statements for however many there are.
func (s *Service) revokeAll(ctx context.Context, tx *database.Tx, rows []*ent.Token, reason *string) error {
	ids, events := make([]string, len(rows)), make([]audit.Event, len(rows))
	for i, row := range rows {
		ids[i], events[i] = row.ID, ended("token.revoke", row, reason)
		tx.Announce(database.TopicToken, row.ID)
	}
	now, by := s.now().UTC(), audit.ActorOf(ctx).Name
	for some := range slices.Chunk(ids, chunk) {
		err := tx.Token.Update().Where(token.IDIn(some...)).
			SetRevokedAt(now).SetRevokedBy(by).SetNillableRevokedReason(reason).Exec(ctx)
		if err != nil {
			return fmt.Errorf("revoke the tokens: %w", err)
		}
	}
	return s.audit.Write(ctx, tx, events...)
}
