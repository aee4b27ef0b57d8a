package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"broker/ent"
	entorganization "broker/ent/organization"
	"broker/server/fault"
	"broker/server/organization"
	"broker/server/repository"
)

// organizations opens the organizations. A running server looks through them.
func (t *tools) organizations() (*organization.Service, error) {
	repositories, err := t.repositories()
	if err != nil {
		return nil, err
	}
	return &organization.Service{DB: t.db, Audit: t.events, Sealer: repositories.Sealer, Repositories: repositories, Log: t.config.Log, Now: time.Now}, nil
}

func addOrganization(f *flags) work {
	host, url, tokenFile := f.String("host", "github", ""), f.String("url", "", ""), f.String("token-file", "", "")
	var include, exclude many
	f.Var(&include, "include", "")
	f.Var(&exclude, "exclude", "")
	forks, archived := f.Bool("forks", false, ""), f.Bool("archived", false, "")
	return func(ctx context.Context, t *tools) error {
		in := organization.Input{Host: entorganization.Host(strings.ToUpper(*host)), Name: f.words[0], Include: include, Exclude: exclude, Forks: forks, Archived: archived}
		if entorganization.HostValidator(in.Host) != nil {
			return &usageError{fmt.Sprintf("organization add: --host is github, gitlab or gitea; %q is not", *host)}
		}
		if f.given("url") {
			in.URL = url
		}
		if f.given("token-file") {
			token, err := os.ReadFile(*tokenFile)
			if err != nil {
				return fmt.Errorf("read the token: %w", err)
			}
			said := string(token)
			in.Token = &said
		}
		organizations, err := t.organizations()
		if err != nil {
			return err
		}
		row, err := organizations.Add(ctx, in)
		if err := errors.Join(err, organizations.Repositories.Syncs.Stop(ctx)); err != nil {
			return err
		}
		fmt.Fprintf(t.Err, "Organization %s (%s) is added; a running server adds its repositories.\n", row.Name, row.ID)
		return nil
	}
}

func listOrganizations(f *flags) work {
	asJSON := f.Bool("json", false, "")
	return func(ctx context.Context, t *tools) error {
		rows, err := t.db.Client.Organization.Query().Order(ent.Asc(entorganization.FieldName, entorganization.FieldID)).All(ctx)
		if err != nil {
			return fmt.Errorf("read the organizations: %w", err)
		}
		type listed struct {
			ID              string     `json:"id"`
			Host            string     `json:"host"`
			URL             string     `json:"url"`
			Name            string     `json:"name"`
			Include         []string   `json:"include"`
			Exclude         []string   `json:"exclude"`
			Forks           bool       `json:"forks"`
			Archived        bool       `json:"archived"`
			Status          string     `json:"status"`
			RepositoryCount int        `json:"repositoryCount"`
			LastSyncedAt    *time.Time `json:"lastSyncedAt"`
			LastError       *string    `json:"lastError"`
			Notice          *string    `json:"notice"`
		}
		all := make([]listed, len(rows))
		for i, row := range rows {
			n, err := row.QueryRepositories().Count(ctx)
			if err != nil {
				return fmt.Errorf("count the repositories of %s: %w", row.Name, err)
			}
			all[i] = listed{row.ID, string(row.Host), row.URL, row.Name, append([]string{}, row.Include...), append([]string{}, row.Exclude...), row.Forks, row.Archived,
				string(organization.Status(row, t.now)), n, row.LastSyncedAt, row.LastError, row.Notice}
		}
		if *asJSON {
			return printJSON(t.Out, all)
		}
		table := t.table(0)
		fmt.Fprintln(table, "NAME\tID\tHOST\tSTATUS\tREPOSITORIES\tLAST SYNCED\tSAYS")
		for _, one := range all {
			says := one.LastError
			if says == nil {
				says = one.Notice
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", one.Name, one.ID, one.URL, one.Status, one.RepositoryCount, date(one.LastSyncedAt, "never"), orDash(says))
		}
		return table.Flush()
	}
}

// findOrganization reads an organization by its id, or by a name that only one has.
func (t *tools) findOrganization(ctx context.Context, word string) (*ent.Organization, error) {
	rows, err := t.db.Client.Organization.Query().Where(entorganization.Or(entorganization.Name(word), entorganization.ID(word))).All(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the organization: %w", err)
	case len(rows) == 0:
		return nil, &fault.NotFound{What: "organization", ID: word}
	case len(rows) > 1:
		return nil, &fault.Conflict{Message: fmt.Sprintf("%d organizations are called %q. Name one by its id, as broker organization list shows it.", len(rows), word)}
	}
	return rows[0], nil
}

func syncOrganization(f *flags) work {
	return func(ctx context.Context, t *tools) error {
		row, organizations, err := t.oneOrganization(ctx, f.words[0])
		if err != nil {
			return err
		}
		_, err = organizations.Sync(ctx, row.ID)
		if err := errors.Join(err, organizations.Repositories.Syncs.Stop(ctx)); err != nil {
			return err
		}
		fmt.Fprintf(t.Err, "A running server looks through %s for new repositories.\n", row.Name)
		return nil
	}
}

func (t *tools) oneOrganization(ctx context.Context, word string) (*ent.Organization, *organization.Service, error) {
	row, err := t.findOrganization(ctx, word)
	if err != nil {
		return nil, nil, err
	}
	organizations, err := t.organizations()
	return row, organizations, err
}

func removeOrganization(f *flags) work {
	repositories := f.Bool("repositories", false, "")
	return func(ctx context.Context, t *tools) error {
		row, organizations, err := t.oneOrganization(ctx, f.words[0])
		if err != nil {
			return err
		}
		err = organizations.Remove(ctx, row.ID, *repositories)
		if err := errors.Join(err, organizations.Repositories.Syncs.Stop(ctx)); err != nil {
			return err
		}
		said := "Its repositories stay."
		if *repositories {
			said = "So are its repositories; names that they owned stay closed."
		}
		fmt.Fprintf(t.Err, "Organization %s is removed. %s\n", row.Name, said)
		return nil
	}
}

// organizationWebhook makes, or removes, what an organization's host signs its deliveries with.
func organizationWebhook(f *flags) work {
	remove := f.Bool("remove", false, "")
	return func(ctx context.Context, t *tools) error {
		row, organizations, err := t.oneOrganization(ctx, f.words[0])
		if err != nil {
			return err
		}
		if *remove {
			_, err := organizations.RemoveWebhookSecret(ctx, row.ID)
			if err := errors.Join(err, organizations.Repositories.Syncs.Stop(ctx)); err != nil {
				return err
			}
			fmt.Fprintf(t.Err, "%s takes no webhook any more.\n", row.Name)
			return nil
		}
		secret, err := organizations.MakeWebhookSecret(ctx, row.ID)
		if err := errors.Join(err, organizations.Repositories.Syncs.Stop(ctx)); err != nil {
			return err
		}
		return t.tellWebhook(row.Name, t.config.PublicURL.String()+repository.WebhookPath(row.ID), secret, "pushes, tags and new repositories")
	}
}
