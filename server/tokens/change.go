package tokens

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"broker/ent"
	"broker/ent/schema"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/database"
)

// Changes say what of a token is to be another; a nil field stays.
type Changes struct {
	Description    *string
	Packages       []string
	PackageRules   []schema.PackageRule // those of its maker count besides, whatever is said here
	Networks       []string
	RateLimit      *int
	ExpiresAt      *time.Time
	ClearExpiresAt bool
	Labels         []schema.Label
}

// Update changes a token that is not revoked.
func (s *Service) Update(ctx context.Context, maker *auth.Token, id string, in Changes) (*ent.Token, error) {
	if err := s.checkChanges(&in); err != nil {
		return nil, err
	}
	rules, err := s.rules.Current(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.checkLifetime(in, rules); err != nil {
		return nil, err
	}
	if maker != nil {
		if err := notLarger(in, maker); err != nil {
			return nil, err
		}
	}
	var row *ent.Token
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		before, err := s.lockLive(ctx, tx, maker, id)
		if err != nil {
			return err
		}
		tx.Announce(database.TopicToken, id)
		if row, err = in.apply(before.Update()).Save(ctx); err != nil {
			return fmt.Errorf("change the token %s: %w", id, err)
		}
		return s.audit.Write(ctx, tx, audit.Event{Action: "token.update", Target: id, Details: differences(before, row)})
	})
	if err != nil {
		return nil, err
	}
	return row.Unwrap(), nil
}

func (in *Changes) apply(update *ent.TokenUpdateOne) *ent.TokenUpdateOne {
	update.SetNillableDescription(in.Description).SetNillableRateLimit(in.RateLimit)
	if in.Packages != nil {
		update.SetPackages(in.Packages)
	}
	if in.PackageRules != nil {
		update.SetPackageRules(in.PackageRules)
	}
	if in.Networks != nil {
		update.SetNetworks(in.Networks)
	}
	if in.Labels != nil {
		update.SetLabels(in.Labels)
	}
	if in.ClearExpiresAt {
		return update.ClearExpiresAt()
	}
	return update.SetNillableExpiresAt(in.ExpiresAt)
}

// differences are what changed of a token, with the value before and after.
func differences(before, after *ent.Token) map[string]any {
	changed := map[string]any{"description": after.Description}
	for name, values := range map[string][2]any{
		"description": {before.Description, after.Description}, "packages": {before.Packages, after.Packages},
		"packageRules": {before.PackageRules, after.PackageRules},
		"networks":     {before.Networks, after.Networks}, "rateLimit": {before.RateLimit, after.RateLimit},
		"expiresAt": {before.ExpiresAt, after.ExpiresAt}, "labels": {before.Labels, after.Labels},
	} {
		if !reflect.DeepEqual(values[0], values[1]) {
			changed[name] = map[string]any{"from": values[0], "to": values[1]}
		}
	}
	return changed
}

// isNil tells a nil pointer in an interface.
func isNil(value any) bool { return value == nil || reflect.ValueOf(value).IsNil() }

// Release makes tokens independent of the one that made them: they keep their own bounds, and no longer end with it.
func (s *Service) Release(ctx context.Context, ids []string) ([]*ent.Token, error) {
	return s.each(ctx, nil, ids, func(tx *database.Tx, row *ent.Token) (*ent.Token, error) {
		if row.ParentID == nil {
			return row, nil
		}
		changed, err := row.Update().ClearParentID().Save(ctx)
		if err != nil {
			return nil, fmt.Errorf("release the token %s: %w", row.ID, err)
		}
		return changed, s.audit.Write(ctx, tx, audit.Event{Action: "token.release", Target: row.ID,
			Details: map[string]any{"description": row.Description, "parent": *row.ParentID}})
	})
}
