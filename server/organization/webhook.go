package organization

import (
	"context"
	"errors"
	"fmt"

	"broker/ent"
	"broker/ent/organization"
	entrepository "broker/ent/repository"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/repository"
	"broker/server/text"
)

// WebhookOf is the place of an organization's sealed webhook secret.
func WebhookOf(id string) string { return "organization|" + id + "|webhook" }

// MakeWebhookSecret gives an organization a webhook secret, which is told this once. The one before it no longer fits.
func (s *Service) MakeWebhookSecret(ctx context.Context, id string) (secret string, err error) {
	secret = repository.NewWebhookSecret()
	sealed, err := s.Sealer.Seal([]byte(secret), WebhookOf(id))
	if err != nil {
		return "", fmt.Errorf("seal the webhook secret: %w", err)
	}
	err = s.DB.Tx(ctx, func(tx *database.Tx) error {
		row, err := tx.Organization.Get(ctx, id)
		if err != nil {
			return err
		}
		if err := row.Update().SetWebhookSecret(sealed).SetWebhookSecretAt(s.Now().UTC()).ClearWebhookReceivedAt().ClearWebhookOutcome().Exec(ctx); err != nil {
			return err
		}
		if err := untold(ctx, tx, id); err != nil {
			return err
		}
		tx.Announce(database.TopicRepository, id)
		return s.Audit.Write(ctx, tx, audit.Event{Action: "organization.webhook_secret", Target: id,
			Details: map[string]any{"name": row.Name, "replaced": row.WebhookSecretAt != nil}})
	})
	if err != nil {
		return "", storeError("make the webhook secret", id, err)
	}
	return secret, nil
}

// RemoveWebhookSecret has an organization take no deliveries any more.
func (s *Service) RemoveWebhookSecret(ctx context.Context, id string) (*ent.Organization, error) {
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		row, err := tx.Organization.Get(ctx, id)
		if err != nil || row.WebhookSecretAt == nil {
			return err
		}
		if err := row.Update().ClearWebhookSecret().ClearWebhookSecretAt().ClearWebhookReceivedAt().ClearWebhookOutcome().Exec(ctx); err != nil {
			return err
		}
		if err := untold(ctx, tx, id); err != nil {
			return err
		}
		tx.Announce(database.TopicRepository, id)
		return s.Audit.Write(ctx, tx, audit.Event{Action: "organization.webhook_remove", Target: id, Details: map[string]any{"name": row.Name}})
	})
	if err != nil {
		return nil, storeError("remove the webhook secret", id, err)
	}
	return s.read(ctx, id)
}

// untold has the host be asked for changes of an organization's repositories again, until it tells of one anew. Those
// that have a webhook of their own are none of it.
func untold(ctx context.Context, tx *database.Tx, id string) error {
	_, err := tx.Repository.Update().Where(entrepository.OrganizationID(id), entrepository.WebhookSecretAtIsNil(), entrepository.WebhookPushAtNotNil()).
		ClearWebhookPushAt().Save(ctx)
	if err != nil {
		return fmt.Errorf("have the repositories be asked for: %w", err)
	}
	return nil
}

// Delivered notes that the host of an organization sent word, and what came of it.
func (s *Service) Delivered(ctx context.Context, id, outcome string) error {
	_, err := s.DB.Client.Organization.Update().Where(organization.ID(id), organization.WebhookSecretNotNil()).
		SetWebhookReceivedAt(s.Now().UTC()).SetWebhookOutcome(text.Line(outcome, 200)).Save(ctx)
	if err != nil {
		return fmt.Errorf("note that a webhook was received: %w", err)
	}
	return nil
}

// Pushed queues a sync of the repository that a push of an organization was to, by its id at the host. One that is not
// here may be new: then run is nil, and the organization is looked through.
func (s *Service) Pushed(ctx context.Context, id, upstream string) (run *ent.SyncRun, name string, paused bool, err error) {
	row, err := s.DB.Client.Repository.Query().Where(entrepository.OrganizationID(id), entrepository.UpstreamID(upstream)).Only(ctx)
	if ent.IsNotFound(err) {
		paused, err = s.Changed(ctx, id)
		return nil, "", paused, err
	}
	if err != nil {
		return nil, "", false, fmt.Errorf("read the repository of a push: %w", err)
	}
	if run, paused, err = s.Repositories.Pushed(ctx, row.ID); err != nil || paused {
		return nil, row.Name, paused, err
	}
	if err := row.Update().SetWebhookPushAt(s.Now().UTC()).Exec(ctx); err != nil {
		return nil, "", false, fmt.Errorf("note that a push was told of: %w", err)
	}
	return run, row.Name, false, nil
}

// PushedSomewhere has the host be asked for changes of all repositories of an organization, within minutes, as it told of
// a push and not of which repository it was: one to a repository that is named behind a very long list of files.
func (s *Service) PushedSomewhere(ctx context.Context, id string) (paused bool, err error) {
	if err := s.DB.Tx(ctx, func(tx *database.Tx) error { return untold(ctx, tx, id) }); err != nil {
		return false, err
	}
	return s.Changed(ctx, id)
}

// Changed has an organization be looked through, as its host told of a change of its repositories.
func (s *Service) Changed(ctx context.Context, id string) (paused bool, err error) {
	_, err = s.soon(ctx, id, nil)
	if _, conflict := errors.AsType[*fault.Conflict](err); conflict {
		return true, nil
	}
	return false, err
}
