package repository

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"entgo.io/ent/dialect"

	"broker/ent"
	"broker/ent/organization"
	"broker/ent/repository"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/fold"
)

// Upstream is one of the repositories of an organization.
type Upstream struct{ OrganizationID, ID string }

// ErrEnded says that an organization takes no repositories: it is paused, or was removed.
var ErrEnded = errors.New("the organization is paused, or was removed")

// takes tells whether an organization takes repositories, and keeps that so until the transaction ends: whoever pauses or
// removes it waits. SQLite has one writer.
func (s *Service) takes(ctx context.Context, tx *database.Tx, organizationID string) error {
	if s.DB.Dialect() == dialect.Postgres {
		if _, err := tx.ExecContext(ctx, "SELECT id FROM organizations WHERE id = $1 FOR SHARE", organizationID); err != nil {
			return fmt.Errorf("hold the organization: %w", err)
		}
	}
	takes, err := tx.Organization.Query().Where(organization.ID(organizationID), organization.Enabled(true)).Exist(ctx)
	if err == nil && !takes {
		err = ErrEnded
	}
	return err
}

// Adopt makes a git repository that is here already, by its address, one of an organization: ours. It keeps its name and
// its credential, and stays when the organization is removed with its repositories, unless an organization had added it.
// One of another organization is here as well, and stays what it is.
func (s *Service) Adopt(ctx context.Context, address string, of Upstream) (here, ours bool, err error) {
	plain := plainAddress(address)
	err = s.DB.Tx(ctx, func(tx *database.Tx) error {
		if err := s.takes(ctx, tx, of.OrganizationID); err != nil {
			return err
		}
		rows, err := tx.Repository.Query().
			Where(repository.TypeEQ(repository.TypeVCS), repository.URLFoldedIn(plain, plain+"/", plain+".git", plain+".git/")).
			Order(ent.Asc(repository.FieldID)).All(ctx)
		if err != nil {
			return fmt.Errorf("look for the repository: %w", err)
		}
		for _, row := range rows {
			switch here = true; {
			case row.OrganizationID == nil:
				ours = true
				return s.adopt(ctx, tx, row, of)
			case *row.OrganizationID == of.OrganizationID: // it was made anew at the host
				ours = true
				return row.Update().SetUpstreamID(of.ID).Exec(ctx)
			}
		}
		return nil
	})
	if ent.IsConstraintError(err) { // another process was first
		return true, true, nil
	}
	return here, ours, err
}

func (s *Service) adopt(ctx context.Context, tx *database.Tx, row *ent.Repository, of Upstream) error {
	update := row.Update().SetOrganizationID(of.OrganizationID).SetUpstreamID(of.ID).SetAdopted(row.UpstreamID == nil)
	if err := update.Exec(ctx); err != nil {
		return fmt.Errorf("make the repository one of the organization: %w", err)
	}
	tx.Announce(database.TopicRepository, row.ID)
	return s.Audit.Write(ctx, tx, audit.Event{Action: "repository.adopt", Target: row.ID,
		Details: map[string]any{"name": row.Name, "url": row.URL, "organization": of.OrganizationID}})
}

// SameAddress tells whether two addresses are of one repository: hosts tell no acme/lib from Acme/Lib.git.
func SameAddress(a, b string) bool { return plainAddress(a) == plainAddress(b) }

func plainAddress(address string) string {
	return strings.TrimSuffix(strings.TrimSuffix(fold.Text(address), "/"), ".git")
}

// sameHost tells whether two addresses are asked in the same way at the same place.
func sameHost(a, b string) bool {
	from, err := url.Parse(a)
	if err != nil {
		return false
	}
	to, err := url.Parse(b)
	return err == nil && from.Scheme == to.Scheme && strings.EqualFold(from.Host, to.Host)
}
