package catalog

import (
	"context"
	"fmt"
	"slices"

	"broker/ent"
	"broker/ent/filterentry"
	"broker/server/database"
	"broker/server/metadata"
)

// filteredMax is how many entries of filter lists are stored of a repository.
const filteredMax = 10_000

// Filter makes what filter lists say of a package of a repository what its source says, mostly nothing.
func (c *Catalog) Filter(ctx context.Context, r *ent.Repository, name string, said []metadata.Filtered) error {
	rows, err := c.db.Client.FilterEntry.Query().Where(filterentry.RepositoryID(r.ID), filterentry.Package(name)).All(ctx)
	if err != nil {
		return fmt.Errorf("read the filter lists of %s: %w", name, err)
	}
	added := slices.Clone(said)
	var gone []string
	for _, row := range rows {
		if i := slices.Index(added, filtered(row)); i >= 0 {
			added = slices.Delete(added, i, i+1)
		} else {
			gone = append(gone, row.ID)
		}
	}
	if len(added)+len(gone) == 0 {
		return nil
	}
	err = c.db.Tx(ctx, func(tx *database.Tx) error {
		tx.Announce(database.TopicFilter, r.ID)
		tx.Announce(database.TopicPackage, name)
		if _, err := tx.FilterEntry.Delete().Where(filterentry.IDIn(gone...)).Exec(ctx); err != nil {
			return err
		}
		has, err := tx.FilterEntry.Query().Where(filterentry.RepositoryID(r.ID)).Count(ctx)
		if err != nil {
			return err
		}
		added = added[:min(len(added), max(0, filteredMax-has))]
		creates := make([]*ent.FilterEntryCreate, len(added))
		for i, one := range added {
			creates[i] = tx.FilterEntry.Create().SetRepositoryID(r.ID).SetPackage(name).SetList(one.List).SetVersions(one.Versions).
				SetReason(one.Reason).SetLink(one.Link).SetEntryID(one.ID).SetSource(one.Source)
		}
		return tx.FilterEntry.CreateBulk(creates...).Exec(ctx)
	})
	if err != nil {
		return fmt.Errorf("store the filter lists of %s: %w", name, err)
	}
	return nil
}

// FilterNone forgets what filter lists said of the packages of a repository, whose source has none any more.
func (c *Catalog) FilterNone(ctx context.Context, r *ent.Repository) error {
	any, err := c.db.Client.FilterEntry.Query().Where(filterentry.RepositoryID(r.ID)).Exist(ctx)
	if err != nil {
		return fmt.Errorf("read the filter lists of %s: %w", r.Name, err)
	}
	if !any {
		return nil
	}
	err = c.db.Tx(ctx, func(tx *database.Tx) error {
		tx.Announce(database.TopicFilter, r.ID)
		tx.Announce(database.TopicPackage, "")
		_, err := tx.FilterEntry.Delete().Where(filterentry.RepositoryID(r.ID)).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("forget the filter lists of %s: %w", r.Name, err)
	}
	return nil
}

func filtered(row *ent.FilterEntry) metadata.Filtered {
	return metadata.Filtered{List: row.List, Versions: row.Versions, Reason: row.Reason, Link: row.Link, ID: row.EntryID, Source: row.Source}
}
