// Package access makes, changes and revokes access tokens.
package access

import (
	"context"
	"fmt"
	"time"

	"broker/ent"
	"broker/ent/schema"
	"broker/ent/token"
	"broker/server/database"
	"broker/server/fault"
	secrets "broker/server/token"
)

// Service makes, changes and revokes tokens. What it changes is in force on the next request.
type Service struct {
	db     *database.DB
	prefix string
	now    func() time.Time
}

// New returns a service whose new secrets begin with prefix. now is the clock.
func New(db *database.DB, prefix string, now func() time.Time) *Service {
	return &Service{db, prefix, now}
}

// NewToken is what a token is to be.
type NewToken struct {
	Description string
	Permission  token.Permission // empty: read-only
	Packages    []string         // patterns; none means every package
	Networks    []string         // CIDR; none means any
	RateLimit   *int             // requests an hour; 0 means no limit, nil the server's default
	ExpiresAt   *time.Time       // nil means never
	ExternalID  *string
	Labels      []schema.Label
}

// Create makes a token and its secret, which is not stored and so is told this once. by says who makes it.
func (s *Service) Create(ctx context.Context, by string, in NewToken) (*ent.Token, secrets.Secret, error) {
	if err := s.checkNew(&in); err != nil {
		return nil, secrets.Secret{}, err
	}
	permission := secrets.ReadOnly
	if in.Permission == token.PermissionWRITE {
		permission = secrets.Write
	}
	secret := secrets.New(s.prefix, permission)
	hash := secret.Hash()
	var row *ent.Token
	err := s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		row, err = tx.Token.Create().
			SetDescription(in.Description).SetPermission(in.Permission).SetPackages(in.Packages).SetNetworks(in.Networks).
			SetNillableRateLimit(in.RateLimit).SetNillableExpiresAt(in.ExpiresAt).SetNillableExternalID(in.ExternalID).
			SetLabels(in.Labels).SetCreatedBy(by).
			Save(ctx)
		if err != nil {
			return err
		}
		tx.Announce(database.TopicToken, row.ID)
		return tx.TokenSecret.Create().SetTokenID(row.ID).SetHash(hash[:]).SetHint(secret.Hint()).Exec(ctx)
	})
	if ent.IsConstraintError(err) && in.ExternalID != nil {
		return nil, secrets.Secret{}, s.conflict(ctx, *in.ExternalID)
	}
	if err != nil {
		return nil, secrets.Secret{}, fmt.Errorf("create a token: %w", err)
	}
	row = row.Unwrap()
	return row, secret, nil
}

// conflict names the live token that has an external id.
func (s *Service) conflict(ctx context.Context, externalID string) error {
	row, err := s.db.Client.Token.Query().Where(token.ExternalID(externalID), token.RevokedAtIsNil()).Only(ctx)
	if err != nil {
		return fmt.Errorf("find the token of an external id: %w", err)
	}
	return &fault.Conflict{
		Message: fmt.Sprintf("The token %q (%s) has the external id %q. Revoke it first, or change it.", row.Description, row.ID, externalID),
		ID:      row.ID,
	}
}

// Changes say what of a token is to be another; a nil field stays.
type Changes struct {
	Description    *string
	Packages       []string
	Networks       []string
	RateLimit      *int
	ExpiresAt      *time.Time
	ClearExpiresAt bool
	Labels         []schema.Label
}

// Update changes a token that is not revoked.
func (s *Service) Update(ctx context.Context, id string, in Changes) (*ent.Token, error) {
	if err := s.checkChanges(&in); err != nil {
		return nil, err
	}
	var row *ent.Token
	err := s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		if row, err = tx.Token.Get(ctx, id); err != nil {
			return err
		}
		if row.RevokedAt != nil {
			return &fault.Conflict{Message: fmt.Sprintf("The token %q is revoked and cannot be changed.", row.Description), ID: id}
		}
		tx.Announce(database.TopicToken, id)
		row, err = in.apply(row.Update()).Save(ctx)
		return err
	})
	if ent.IsNotFound(err) {
		return nil, &fault.NotFound{What: "token", ID: id}
	}
	if err != nil {
		return nil, err
	}
	row = row.Unwrap()
	return row, nil
}

func (in *Changes) apply(update *ent.TokenUpdateOne) *ent.TokenUpdateOne {
	update.SetNillableDescription(in.Description).SetNillableRateLimit(in.RateLimit)
	if in.Packages != nil {
		update.SetPackages(in.Packages)
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

// Revoke ends tokens for good: all of them, or, where an id is unknown, none. One that is revoked stays as it is.
func (s *Service) Revoke(ctx context.Context, by string, ids []string, reason *string) ([]*ent.Token, error) {
	if len(ids) == 0 || len(ids) > 100 {
		return nil, fault.Invalidf("ids", "Name 1 to 100 tokens.")
	}
	if reason != nil && len([]rune(*reason)) > 500 {
		return nil, fault.Invalidf("reason", "A reason has at most 500 characters.")
	}
	var rows []*ent.Token
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		for _, id := range ids {
			row, err := s.revokeOne(ctx, tx, by, id, reason)
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		row.Unwrap()
	}
	return rows, nil
}

func (s *Service) revokeOne(ctx context.Context, tx *database.Tx, by, id string, reason *string) (*ent.Token, error) {
	row, err := tx.Token.Get(ctx, id)
	if ent.IsNotFound(err) {
		return nil, &fault.NotFound{What: "token", ID: id}
	}
	if err != nil {
		return nil, fmt.Errorf("read the token %s: %w", id, err)
	}
	if row.RevokedAt != nil {
		return row, nil
	}
	tx.Announce(database.TopicToken, id)
	row, err = row.Update().SetRevokedAt(s.now().UTC()).SetRevokedBy(by).SetNillableRevokedReason(reason).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("revoke the token %s: %w", id, err)
	}
	return row, nil
}
