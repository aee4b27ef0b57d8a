package repository

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"broker/ent"
	"broker/ent/repository"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/jobs"
	"broker/server/text"
)

// NewWebhookSecret makes what a host signs its deliveries with: 32 random bytes. It is written as the Standard Webhooks
// specification writes secrets, so that GitLab takes it as a signing token; all other hosts take any text.
func NewWebhookSecret() string {
	key := make([]byte, 32)
	rand.Read(key)
	return "whsec_" + base64.StdEncoding.EncodeToString(key)
}

// WebhookOf is the place of a repository's sealed webhook secret.
func WebhookOf(id string) string { return "repository|" + id + "|webhook" }

// MakeWebhookSecret gives a repository a webhook secret, which is told this once. The one before it no longer fits.
func (s *Service) MakeWebhookSecret(ctx context.Context, id string) (secret string, err error) {
	secret = NewWebhookSecret()
	sealed, err := s.Sealer.Seal([]byte(secret), WebhookOf(id))
	if err != nil {
		return "", fmt.Errorf("seal the webhook secret: %w", err)
	}
	err = s.DB.Tx(ctx, func(tx *database.Tx) error {
		row, err := tx.Repository.Get(ctx, id)
		if err != nil {
			return err
		}
		if row.Type == repository.TypeARTIFACT {
			return &fault.Conflict{Message: fmt.Sprintf("The repository %q holds what is uploaded to it; no host sends word of pushes to it.", row.Name), ID: id}
		}
		err = row.Update().SetWebhookSecret(sealed).SetWebhookSecretAt(time.Now().UTC()).
			ClearWebhookReceivedAt().ClearWebhookOutcome().ClearWebhookPushAt().Exec(ctx)
		if err != nil {
			return err
		}
		tx.Announce(database.TopicRepository, id)
		return s.Audit.Write(ctx, tx, audit.Event{Action: "repository.webhook_secret", Target: id,
			Details: map[string]any{"name": row.Name, "replaced": row.WebhookSecretAt != nil}})
	})
	if err != nil {
		return "", storeError("make the webhook secret", id, err)
	}
	return secret, nil
}

// RemoveWebhookSecret has a repository take no deliveries any more.
func (s *Service) RemoveWebhookSecret(ctx context.Context, id string) (*ent.Repository, error) {
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		row, err := tx.Repository.Get(ctx, id)
		if err != nil || row.WebhookSecretAt == nil {
			return err
		}
		err = row.Update().ClearWebhookSecret().ClearWebhookSecretAt().ClearWebhookReceivedAt().ClearWebhookOutcome().ClearWebhookPushAt().Exec(ctx)
		if err != nil {
			return err
		}
		tx.Announce(database.TopicRepository, id)
		return s.Audit.Write(ctx, tx, audit.Event{Action: "repository.webhook_remove", Target: id, Details: map[string]any{"name": row.Name}})
	})
	if err != nil {
		return nil, storeError("remove the webhook secret", id, err)
	}
	return s.read(ctx, id)
}

// Delivered notes that the host of a repository sent word, and what came of it; pushed: of a push.
func (s *Service) Delivered(ctx context.Context, id, outcome string, pushed bool) error {
	now := time.Now().UTC()
	update := s.DB.Client.Repository.Update().Where(repository.ID(id), repository.WebhookSecretNotNil()).
		SetWebhookReceivedAt(now).SetWebhookOutcome(text.Line(outcome, 200))
	if pushed {
		update.SetWebhookPushAt(now)
	}
	if _, err := update.Save(ctx); err != nil {
		return fmt.Errorf("note that a webhook was received: %w", err)
	}
	return nil
}

// Pushed queues a sync of a repository whose host sent word of a push. It is one that begins after the push: one that is
// under way may have read what was there before.
func (s *Service) Pushed(ctx context.Context, id string) (run *ent.SyncRun, paused bool, err error) {
	run, err = s.Syncs.SyncAgain(ctx, id, "webhook")
	if errors.Is(err, jobs.ErrPaused) {
		return nil, true, nil
	}
	return run, false, err
}

// WebhookPath is where the host of a repository sends word of pushes. It has the id, which outlives a change of the name.
func WebhookPath(id string) string { return "/webhooks/" + id }
