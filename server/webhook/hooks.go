package webhook

import (
	"context"
	"fmt"

	"broker/ent/organization"
	"broker/ent/repository"
	"broker/server/cached"
	"broker/server/database"
	organizations "broker/server/organization"
	repositories "broker/server/repository"
	"broker/server/seal"
)

// Hook is a repository, or an organization, whose host may send word of pushes.
type Hook struct {
	ID, Name     string
	organization bool
	secret       []byte
}

// Hooks are the repositories and organizations that have a webhook secret. A secret that is made, replaced or removed counts as soon as it
// is announced.
type Hooks struct {
	db     *database.DB
	sealer *seal.Sealer
	kept   *cached.Cache[struct{}, map[string]*Hook]
}

// NewHooks reads the webhook secrets of a database.
func NewHooks(db *database.DB, memory *cached.Memory, sealer *seal.Sealer) *Hooks {
	return &Hooks{db: db, sealer: sealer, kept: cached.NewOne(memory, cached.Options[struct{}, map[string]*Hook]{
		Topics: []database.Topic{database.TopicRepository}, Any: true,
	})}
}

// Find returns the hook of a name or an id; nil where there is none.
func (h *Hooks) Find(ctx context.Context, word string) (*Hook, error) {
	all, err := h.kept.Get(ctx, struct{}{}, h.read)
	if err != nil {
		return nil, err
	}
	return all[word], nil
}

// read reads all hooks at once, by their names and ids: looking for one that there is not is the same work.
func (h *Hooks) read(ctx context.Context) (map[string]*Hook, error) {
	rows, err := h.db.Client.Repository.Query().Where(repository.WebhookSecretNotNil()).
		Select(repository.FieldID, repository.FieldName, repository.FieldWebhookSecret).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the webhook secrets: %w", err)
	}
	all := make(map[string]*Hook, 2*len(rows))
	for _, row := range rows {
		secret, err := h.sealer.Open(*row.WebhookSecret, repositories.WebhookOf(row.ID))
		if err != nil {
			return nil, fmt.Errorf("open the webhook secret of the repository %s: %w", row.Name, err)
		}
		hook := &Hook{ID: row.ID, Name: row.Name, secret: secret}
		all[row.ID], all[row.Name] = hook, hook
	}
	return all, h.readOrganizations(ctx, all)
}

// readOrganizations adds the hooks of organizations, by their ids.
func (h *Hooks) readOrganizations(ctx context.Context, all map[string]*Hook) error {
	rows, err := h.db.Client.Organization.Query().Where(organization.WebhookSecretNotNil()).
		Select(organization.FieldID, organization.FieldName, organization.FieldWebhookSecret).All(ctx)
	if err != nil {
		return fmt.Errorf("read the webhook secrets: %w", err)
	}
	for _, row := range rows {
		secret, err := h.sealer.Open(*row.WebhookSecret, organizations.WebhookOf(row.ID))
		if err != nil {
			return fmt.Errorf("open the webhook secret of the organization %s: %w", row.Name, err)
		}
		all[row.ID] = &Hook{ID: row.ID, Name: row.Name, organization: true, secret: secret}
	}
	return nil
}
