package tokens

import (
	"context"
	"fmt"
	"slices"
	"time"

	"broker/ent"
	"broker/ent/tokensecret"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/secret"
)

// How long an old secret may go on: unless said, and at most.
const (
	GraceDefault = 24 * time.Hour
	graceMax     = 30 * 24 * time.Hour
)

// Rotation is a token's new secret, told this once, and until when the old one works.
type Rotation struct {
	Token             *ent.Token
	Secret            secret.Secret
	PreviousExpiresAt time.Time
}

// Rotate gives a token a new secret; the old one works for the grace period. While a rotation runs there is no other:
// a token never has three secrets.
func (s *Service) Rotate(ctx context.Context, maker *auth.Token, id string, grace time.Duration) (*Rotation, error) {
	if grace < 0 || grace > graceMax {
		return nil, fault.Invalidf("gracePeriodSeconds", "The old secret may go on for 0 seconds to 30 days (2592000 seconds).")
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	done := &Rotation{PreviousExpiresAt: now.Add(grace)}
	err := s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		if done.Token, err = s.lockUsable(ctx, tx, maker, id); err != nil {
			return err
		}
		if err := rotatable(done.Token, now); err != nil {
			return err
		}
		current, old, err := inForce(ctx, tx, id, now)
		if err != nil {
			return err
		}
		if old != nil {
			return rotating(done.Token, old, current)
		}
		if err := tx.TokenSecret.UpdateOne(current).SetExpiresAt(done.PreviousExpiresAt).Exec(ctx); err != nil {
			return fmt.Errorf("end the old secret: %w", err)
		}
		if done.Token, err = leakRotated(ctx, done.Token, done.PreviousExpiresAt); err != nil {
			return err
		}
		secret, next, err := s.newSecret(ctx, tx, done.Token)
		if err != nil {
			return fmt.Errorf("store the new secret: %w", err)
		}
		done.Secret = secret
		tx.Announce(database.TopicToken, id)
		return s.audit.Write(ctx, tx, audit.Event{Action: "token.rotate", Target: id, Details: map[string]any{
			"description": done.Token.Description, "hint": next.Hint, "previous": current.Hint, "previousExpiresAt": done.PreviousExpiresAt,
		}})
	})
	if err != nil {
		return nil, err
	}
	done.Token.Unwrap()
	return done, nil
}

// rotatable refuses a token whose new secret would not work.
func rotatable(row *ent.Token, now time.Time) error {
	switch StatusOf(row, now) {
	case Expired:
		return &fault.Conflict{Message: fmt.Sprintf("The token %q expired. Give it a later expiry first.", row.Description), ID: row.ID}
	case Disabled:
		return &fault.Conflict{Message: fmt.Sprintf("The token %q is disabled. Enable it first.", row.Description), ID: row.ID}
	}
	return nil
}

func rotating(row *ent.Token, old, next *ent.TokenSecret) error {
	return &fault.Conflict{ID: row.ID, Message: fmt.Sprintf(
		"The token %q is being rotated: the new secret is %s, and the old one works until %s. End the rotation first, or take it back if the new secret was lost.",
		row.Description, next.Hint, old.ExpiresAt.UTC().Format("2 January 2006 15:04 UTC"))}
}

// inForce are a token's secrets: the one that works without an end, and, while a rotation runs, the old one that ends.
// Which is which is told by their ends alone: the clocks of two instances may differ, and with them the order of ids.
func inForce(ctx context.Context, tx *database.Tx, id string, now time.Time) (current, old *ent.TokenSecret, err error) {
	rows, err := tx.TokenSecret.Query().
		Where(tokensecret.TokenID(id), tokensecret.Or(tokensecret.ExpiresAtIsNil(), tokensecret.ExpiresAtGT(now))).
		All(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("read the secrets of %s: %w", id, err)
	}
	for _, row := range rows {
		if row.ExpiresAt == nil {
			current = row
		} else {
			old = row
		}
	}
	if current == nil {
		return nil, nil, fmt.Errorf("the token %s has no secret", id)
	}
	return current, old, nil
}

// ByEnd returns the secrets of one token in the order in which they end, the one that works without an end last.
func ByEnd(secrets []*ent.TokenSecret) []*ent.TokenSecret {
	return slices.SortedFunc(slices.Values(secrets), func(a, b *ent.TokenSecret) int {
		switch {
		case a.ExpiresAt != nil && b.ExpiresAt != nil:
			return a.ExpiresAt.Compare(*b.ExpiresAt)
		case a.ExpiresAt != nil:
			return -1
		case b.ExpiresAt != nil:
			return 1
		}
		return 0
	})
}

// leakRotated has what was found before a rotation told until the old secret ends.
func leakRotated(ctx context.Context, row *ent.Token, ends time.Time) (*ent.Token, error) {
	if row.LeakedAt == nil || row.LeakedUntil != nil {
		return row, nil
	}
	changed, err := row.Update().SetLeakedUntil(ends).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("mark the token %s: %w", row.ID, err)
	}
	return changed, nil
}

// ending is a rotation that is to end.
type ending struct {
	token     *ent.Token
	next, old *ent.TokenSecret
	now       time.Time
}

// EndRotation ends the grace period now: only the new secret works.
func (s *Service) EndRotation(ctx context.Context, maker *auth.Token, id string) (*ent.Token, error) {
	return s.endRotation(ctx, maker, id, "token.rotation_end", func(tx *database.Tx, e ending) (*ent.Token, error) {
		if err := tx.TokenSecret.UpdateOne(e.old).SetExpiresAt(e.now).Exec(ctx); err != nil {
			return nil, err
		}
		if !Leaked(e.token, e.now) || e.next.LeakedAt != nil {
			return e.token, nil
		}
		return e.token.Update().SetLeakedUntil(e.now).Save(ctx)
	})
}

// CancelRotation takes a rotation back, where its new secret was lost: only the old one works, as before. If that one
// was found in a public place, it is again so that it must be rotated.
func (s *Service) CancelRotation(ctx context.Context, maker *auth.Token, id string) (*ent.Token, error) {
	return s.endRotation(ctx, maker, id, "token.rotation_cancel", func(tx *database.Tx, e ending) (*ent.Token, error) {
		if err := tx.TokenSecret.UpdateOne(e.old).ClearExpiresAt().Exec(ctx); err != nil {
			return nil, err
		}
		if err := tx.TokenSecret.UpdateOne(e.next).SetExpiresAt(e.now).Exec(ctx); err != nil {
			return nil, err
		}
		if !Leaked(e.token, e.now) {
			return e.token, nil
		}
		return e.token.Update().ClearLeakedUntil().Save(ctx)
	})
}

func (s *Service) endRotation(ctx context.Context, maker *auth.Token, id, action string,
	end func(*database.Tx, ending) (*ent.Token, error)) (*ent.Token, error) {
	now := s.now().UTC().Truncate(time.Microsecond)
	var row *ent.Token
	err := s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		if row, err = s.lockUsable(ctx, tx, maker, id); err != nil {
			return err
		}
		next, old, err := inForce(ctx, tx, id, now)
		if err != nil {
			return err
		}
		if old == nil {
			return &fault.Conflict{Message: fmt.Sprintf("No rotation of the token %q is running.", row.Description), ID: id}
		}
		if row, err = end(tx, ending{row, next, old, now}); err != nil {
			return fmt.Errorf("end the rotation of %s: %w", id, err)
		}
		tx.Announce(database.TopicToken, id)
		return s.audit.Write(ctx, tx, audit.Event{Action: action, Target: id,
			Details: map[string]any{"description": row.Description, "hint": next.Hint, "previous": old.Hint}})
	})
	if err != nil {
		return nil, err
	}
	return row.Unwrap(), nil
}
