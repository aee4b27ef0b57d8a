package command

import (
	"context"
	"fmt"

	"broker/ent"
	"broker/server/repository"
)

// webhookSecret makes, or removes, what a repository's host signs its deliveries with.
func webhookSecret(f *flags) work {
	remove := f.Bool("remove", false, "")
	return func(ctx context.Context, t *tools) error {
		return t.withRepository(ctx, f.words[0], func(repositories *repository.Service, row *ent.Repository) error {
			if *remove {
				if _, err := repositories.RemoveWebhookSecret(ctx, row.ID); err != nil {
					return err
				}
				fmt.Fprintf(t.Err, "%s takes no webhook any more.\n", row.Name)
				return nil
			}
			secret, err := repositories.MakeWebhookSecret(ctx, row.ID)
			if err != nil {
				return err
			}
			if row.WebhookSecretAt != nil {
				fmt.Fprintf(t.Err, "The secret that %s had no longer counts.\n", row.Name)
			}
			return t.tellWebhook(row.Name, t.config.PublicURL.String()+repository.WebhookPath(row.ID), secret, "pushes of branches and tags")
		})
	}
}

// tellWebhook prints a secret alone on standard output, and on standard error what to set at the host.
func (t *tools) tellWebhook(name, address, secret, events string) error {
	fmt.Fprintf(t.Err, "At the host of %s, add a webhook for %s:\n\n  address       %s\n  content type  application/json\n  secret        what follows; it is not shown again\n\n",
		name, events, address)
	_, err := fmt.Fprintln(t.Out, secret)
	return err
}
