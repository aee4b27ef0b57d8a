// Package tokens makes, changes, rotates and ends access tokens.
package tokens

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect"

	"broker/ent"
	"broker/ent/predicate"
	"broker/ent/schema"
	"broker/ent/token"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/secret"
	"broker/server/settings"
)

// Service makes, changes, rotates and ends tokens. What it changes is in force on the next request.
//
// Its methods take the token that asks, which reaches only the tokens it made and exceeds itself in nothing; nil for
// people, the command line and the server itself. Who asks is written to the audit log from the context.
type Service struct {
	db     *database.DB
	audit  *audit.Log
	rules  *settings.Service
	prefix string
	now    func() time.Time
	guard  *auth.Guard // of codes of claim links
}

// New returns a service whose new secrets begin with prefix. now is the clock.
func New(db *database.DB, log *audit.Log, rules *settings.Service, prefix string, now func() time.Time) *Service {
	return &Service{db, log, rules, prefix, now, auth.NewGuard(now)}
}

// NewToken is what a token is to be.
type NewToken struct {
	Description  string
	Permission   token.Permission     // empty: read-only
	Packages     []string             // patterns; nil: the maker's, or every package
	PackageRules []schema.PackageRule // which versions; what its maker has counts besides
	Networks     []string             // CIDR; nil: the maker's, or any
	RateLimit    *int                 // requests an hour; 0 means no limit, nil the default, within the maker's
	ExpiresAt    *time.Time           // nil: by the settings, within the maker's
	NeverExpires bool                 // no end, whatever the default lifetime
	ExternalID   *string
	Labels       []schema.Label

	claim *claimLink // nil: its secret is told at once
}

// Create makes a token and its secret, which is not stored and so is told this once.
func (s *Service) Create(ctx context.Context, maker *auth.Token, in NewToken) (row *ent.Token, made secret.Secret, err error) {
	row, err = s.create(ctx, maker, in, func(tx *database.Tx, row *ent.Token) (hint string, err error) {
		made, _, err = s.newSecret(ctx, tx, row)
		return made.Hint(), err
	})
	if err != nil {
		return nil, secret.Secret{}, err
	}
	return row, made, nil
}

// create makes a token. give makes what it is used with, and returns what that is recognised by.
func (s *Service) create(ctx context.Context, maker *auth.Token, in NewToken, give func(*database.Tx, *ent.Token) (hint string, err error)) (*ent.Token, error) {
	if err := s.checkNew(&in); err != nil {
		return nil, err
	}
	rules, err := s.rules.Current(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.bound(&in, rules, maker); err != nil {
		return nil, err
	}
	var row *ent.Token
	err = s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		if row, err = insert(ctx, tx, maker, in); err != nil {
			return err
		}
		hint, err := give(tx, row)
		if err != nil {
			return err
		}
		return s.audit.Write(ctx, tx, audit.Event{Action: "token.create", Target: row.ID, Details: described(row, hint)})
	})
	if ent.IsConstraintError(err) && in.ExternalID != nil {
		return nil, s.conflict(ctx, maker, *in.ExternalID)
	}
	if err != nil {
		return nil, fmt.Errorf("create a token: %w", err)
	}
	return row.Unwrap(), nil
}

// bound keeps a new token within the owner's settings and its maker.
func (s *Service) bound(in *NewToken, rules settings.Settings, maker *auth.Token) error {
	if maker != nil {
		if err := inherit(in, rules, maker); err != nil {
			return err
		}
	}
	if err := s.lifetime(in, rules, maker); err != nil {
		return err
	}
	in.Packages, in.Networks = append([]string{}, in.Packages...), append([]string{}, in.Networks...)
	in.Labels = append([]schema.Label{}, in.Labels...)
	return nil
}

func insert(ctx context.Context, tx *database.Tx, maker *auth.Token, in NewToken) (*ent.Token, error) {
	create := tx.Token.Create().
		SetDescription(in.Description).SetPermission(in.Permission).SetPackages(in.Packages).SetPackageRules(in.PackageRules).SetNetworks(in.Networks).
		SetNillableRateLimit(in.RateLimit).SetNillableExpiresAt(in.ExpiresAt).SetNillableExternalID(in.ExternalID).
		SetLabels(in.Labels).SetCreatedBy(audit.ActorOf(ctx).Name)
	if maker != nil {
		create.SetParentID(maker.ID)
	}
	if in.claim != nil {
		create.SetClaimHash(in.claim.hash[:]).SetClaimDays(in.claim.days).SetClaimEndsAt(in.claim.endsAt)
	}
	return create.Save(ctx)
}

// newSecret makes a secret of a token and stores its hash.
func (s *Service) newSecret(ctx context.Context, tx *database.Tx, row *ent.Token) (secret.Secret, *ent.TokenSecret, error) {
	permission := secret.ReadOnly
	if row.Permission == token.PermissionWRITE {
		permission = secret.Write
	}
	made := secret.New(s.prefix, permission)
	hash := made.Hash()
	stored, err := tx.TokenSecret.Create().SetTokenID(row.ID).SetHash(hash[:]).SetHint(made.Hint()).Save(ctx)
	return made, stored, err
}

// conflict names the live token that has an external id; to a token that did not make it, it does not.
func (s *Service) conflict(ctx context.Context, maker *auth.Token, externalID string) error {
	row, err := s.db.Client.Token.Query().Where(token.ExternalID(externalID), token.RevokedAtIsNil()).Only(ctx)
	if err != nil {
		return fmt.Errorf("find the token of an external id: %w", err)
	}
	if maker != nil && (row.ParentID == nil || *row.ParentID != maker.ID) {
		return &fault.Conflict{Message: fmt.Sprintf("Another token has the external id %q.", externalID)}
	}
	return &fault.Conflict{
		Message: fmt.Sprintf("The token %q (%s) has the external id %q. Change that one, or revoke it first.", row.Description, row.ID, externalID),
		ID:      row.ID,
	}
}

// reach are the tokens that a token reaches: those it made; all for nil.
func reach(maker *auth.Token) []predicate.Token {
	if maker == nil {
		return nil
	}
	return []predicate.Token{token.ParentID(maker.ID)}
}

// lock reads a token and holds its row until the transaction ends.
func (s *Service) lock(ctx context.Context, tx *database.Tx, maker *auth.Token, id string) (*ent.Token, error) {
	if s.db.Dialect() == dialect.Postgres { // SQLite has one writer
		if _, err := tx.ExecContext(ctx, "SELECT 1 FROM tokens WHERE id = $1 FOR UPDATE", id); err != nil {
			return nil, fmt.Errorf("lock the token %s: %w", id, err)
		}
	}
	row, err := tx.Token.Query().Where(append(reach(maker), token.ID(id))...).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, &fault.NotFound{What: "token", ID: id}
	}
	if err != nil {
		return nil, fmt.Errorf("read the token %s: %w", id, err)
	}
	return row, nil
}

// lockLive is lock for a token that is not revoked.
func (s *Service) lockLive(ctx context.Context, tx *database.Tx, maker *auth.Token, id string) (*ent.Token, error) {
	row, err := s.lock(ctx, tx, maker, id)
	if err == nil && row.RevokedAt != nil {
		return nil, &fault.Conflict{Message: fmt.Sprintf("The token %q is revoked and cannot be changed.", row.Description), ID: id}
	}
	return row, err
}

// lockUsable is lockLive for a token that has a secret.
func (s *Service) lockUsable(ctx context.Context, tx *database.Tx, maker *auth.Token, id string) (*ent.Token, error) {
	row, err := s.lockLive(ctx, tx, maker, id)
	if err == nil {
		err = unclaimed(row)
	}
	return row, err
}

// described is a token as its events tell it.
func described(row *ent.Token, hint string) map[string]any {
	details := map[string]any{"description": row.Description, "permission": row.Permission, "packages": row.Packages, "networks": row.Networks}
	if hint != "" {
		details["hint"] = hint
	}
	for name, value := range map[string]any{"rateLimit": row.RateLimit, "expiresAt": row.ExpiresAt, "externalId": row.ExternalID, "parent": row.ParentID,
		"claimEndsAt": row.ClaimEndsAt} {
		if !isNil(value) {
			details[name] = value
		}
	}
	if len(row.Labels) > 0 {
		details["labels"] = row.Labels
	}
	if len(row.PackageRules) > 0 {
		details["packageRules"] = row.PackageRules
	}
	return details
}
