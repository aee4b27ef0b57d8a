package tokens

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"broker/ent"
	"broker/ent/token"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/fault"
)

// idsMax is how many tokens one call names.
const idsMax = 100

// each does the same to tokens: to all of them, or, where an id is unknown, to none.
func (s *Service) each(ctx context.Context, maker *auth.Token, ids []string, do func(*database.Tx, *ent.Token) (*ent.Token, error)) ([]*ent.Token, error) {
	if len(ids) == 0 || len(ids) > idsMax {
		return nil, fault.Invalidf("ids", "Name 1 to %d tokens.", idsMax)
	}
	done := map[string]*ent.Token{}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) { // one order for all: no deadlock
			row, err := s.lock(ctx, tx, maker, id)
			if err != nil {
				return err
			}
			tx.Announce(database.TopicToken, id)
			if done[id], err = do(tx, row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	rows := make([]*ent.Token, len(ids))
	for i, id := range ids {
		rows[i] = done[id]
	}
	for _, row := range done {
		row.Unwrap()
	}
	return rows, nil
}

func checkReason(reason *string) error {
	switch {
	case reason == nil:
		return nil
	case utf8.RuneCountInString(*reason) > 500:
		return fault.Invalidf("reason", "A reason has at most 500 characters.")
	case !plain(strings.ReplaceAll(*reason, "\n", " ")):
		return fault.Invalidf("reason", "A reason has no control characters, or marks that turn the direction of text.")
	}
	return nil
}

// Revoke ends tokens for good. One that is revoked stays as it is. The tokens they made end with them.
func (s *Service) Revoke(ctx context.Context, maker *auth.Token, ids []string, reason *string) ([]*ent.Token, error) {
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	return s.each(ctx, maker, ids, func(tx *database.Tx, row *ent.Token) (*ent.Token, error) {
		return s.revoke(ctx, tx, row, reason)
	})
}

func (s *Service) revoke(ctx context.Context, tx *database.Tx, row *ent.Token, reason *string) (*ent.Token, error) {
	if row.RevokedAt != nil {
		return row, nil
	}
	changed, err := row.Update().SetRevokedAt(s.now().UTC()).SetRevokedBy(audit.ActorOf(ctx).Name).SetNillableRevokedReason(reason).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("revoke the token %s: %w", row.ID, err)
	}
	return changed, s.audit.Write(ctx, tx, ended("token.revoke", row, reason))
}

func ended(action string, row *ent.Token, reason *string) audit.Event {
	details := map[string]any{"description": row.Description}
	if reason != nil {
		details["reason"] = *reason
	}
	if row.ExternalID != nil {
		details["externalId"] = *row.ExternalID
	}
	return audit.Event{Action: action, Target: row.ID, Details: details}
}

// Disable refuses tokens until they are enabled again. One that is disabled stays as it is; but what a token disabled,
// and a person disables again, only a person enables.
func (s *Service) Disable(ctx context.Context, maker *auth.Token, ids []string, reason *string) ([]*ent.Token, error) {
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	return s.each(ctx, maker, ids, func(tx *database.Tx, row *ent.Token) (*ent.Token, error) {
		return s.disable(ctx, tx, maker, row, reason)
	})
}

func (s *Service) disable(ctx context.Context, tx *database.Tx, maker *auth.Token, row *ent.Token, reason *string) (*ent.Token, error) {
	if row.RevokedAt != nil {
		return nil, &fault.Conflict{Message: fmt.Sprintf("The token %q is revoked already.", row.Description), ID: row.ID}
	}
	if row.DisabledAt != nil && (maker != nil || row.DisabledByToken == nil) {
		return row, nil
	}
	update := row.Update().SetNillableDisabledReason(reason)
	if row.DisabledAt == nil {
		update.SetDisabledAt(s.now().UTC())
	}
	if ClaimPending(row) && row.ClaimEndsAt.After(s.now()) { // its link ends for good: enabled again, it needs a new one
		update.SetClaimEndsAt(s.now().UTC().Truncate(time.Microsecond))
	}
	if maker != nil {
		update.SetDisabledByToken(maker.ID)
	} else {
		update.ClearDisabledByToken()
	}
	changed, err := update.Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("disable the token %s: %w", row.ID, err)
	}
	return changed, s.audit.Write(ctx, tx, ended("token.disable", row, reason))
}

// Enable lets disabled tokens work again. Days without use count from now. A token enables only what it disabled.
func (s *Service) Enable(ctx context.Context, maker *auth.Token, ids []string) ([]*ent.Token, error) {
	return s.each(ctx, maker, ids, func(tx *database.Tx, row *ent.Token) (*ent.Token, error) {
		if row.RevokedAt != nil {
			return nil, &fault.Conflict{Message: fmt.Sprintf("The token %q is revoked for good. Create a new one.", row.Description), ID: row.ID}
		}
		if row.DisabledAt == nil {
			return row, nil
		}
		if maker != nil && (row.DisabledByToken == nil || *row.DisabledByToken != maker.ID) {
			return nil, &fault.Forbidden{Message: fmt.Sprintf(
				"The token %q (%s) was disabled by a person or by the owner's policy. A maintainer can enable it again, a token cannot.", row.Description, row.ID)}
		}
		changed, err := row.Update().ClearDisabledAt().ClearDisabledReason().ClearDisabledByToken().SetEnabledAt(s.now().UTC()).Save(ctx)
		if err != nil {
			return nil, fmt.Errorf("enable the token %s: %w", row.ID, err)
		}
		return changed, s.audit.Write(ctx, tx, ended("token.enable", row, nil))
	})
}

// DisableUnused disables the tokens that nobody used for as many days as the settings say, and returns how many.
func (s *Service) DisableUnused(ctx context.Context) (int, error) {
	rules, err := s.rules.Current(ctx)
	if err != nil || rules.DisableUnusedDays == nil {
		return 0, err
	}
	limit := s.now().UTC().AddDate(0, 0, -*rules.DisableUnusedDays)
	disabled := 0
	for {
		ids, err := s.db.Client.Token.Query().
			Where(token.RevokedAtIsNil(), token.DisabledAtIsNil(), token.CreatedAtLT(limit),
				token.Or(token.LastUsedAtIsNil(), token.LastUsedAtLT(limit)),
				token.Or(token.EnabledAtIsNil(), token.EnabledAtLT(limit)),
				token.Or(token.ClaimedAtIsNil(), token.ClaimedAtLT(limit)),
				token.Or(token.ExpiresAtIsNil(), token.ExpiresAtGT(s.now().UTC()))).
			Order(ent.Asc(token.FieldID)).Limit(idsMax).IDs(ctx)
		if err != nil {
			return disabled, fmt.Errorf("find unused tokens: %w", err)
		}
		if len(ids) == 0 {
			return disabled, nil
		}
		n, err := s.disableIdle(ctx, ids, limit, *rules.DisableUnusedDays)
		disabled += n
		if err != nil || n == 0 { // 0: another instance was first
			return disabled, err
		}
	}
}

// disableIdle looks again at each token once it is locked: it may have been used, or enabled, in between.
func (s *Service) disableIdle(ctx context.Context, ids []string, limit time.Time, days int) (n int, err error) {
	reason := fmt.Sprintf("not used for %d days", days)
	_, err = s.each(ctx, nil, ids, func(tx *database.Tx, row *ent.Token) (*ent.Token, error) {
		if row.RevokedAt != nil || row.DisabledAt != nil || !idleSince(row).Before(limit) {
			return row, nil
		}
		n++
		return s.disable(ctx, tx, nil, row, &reason)
	})
	return n, err
}
