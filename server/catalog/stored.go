package catalog

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"broker/ent"
	row "broker/ent/archive"
	"broker/ent/dist"
	"broker/ent/packageversion"
	"broker/ent/pkg"
	"broker/ent/repository"
	"broker/ent/setting"
	"broker/server/archive"
	"broker/server/database"
)

// DistsOf returns the dists whose bytes a stored archive is, by its SHA-256, the newest first.
func (c *Catalog) DistsOf(ctx context.Context, sha256 string) ([]*Dist, error) {
	rows, err := c.db.Client.Dist.Query().Where(dist.HasArchiveWith(row.Sha256(sha256))).
		WithPackage().WithArchive().Order(ent.Desc(dist.FieldCreatedAt)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read whose an archive is: %w", err)
	}
	dists := make([]*Dist, len(rows))
	for i, of := range rows {
		dists[i] = DistFrom(of)
		if err := WithPin(ctx, c.db.Client, dists[i]); err != nil {
			return nil, err
		}
	}
	return dists, nil
}

// DistOf returns the archive of a version, by the version's id; nil where it has none, or is no more.
func (c *Catalog) DistOf(ctx context.Context, versionID string) (*Dist, error) {
	of, err := c.db.Client.Dist.Query().Where(dist.HasVersionsWith(packageversion.ID(versionID), packageversion.GoneAtIsNil())).
		WithPackage().WithArchive().Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the archive of the version %s: %w", versionID, err)
	}
	d := DistFrom(of)
	return d, WithPin(ctx, c.db.Client, d)
}

// Uploaded tells whether a stored archive was uploaded, and so has no source.
func (c *Catalog) Uploaded(ctx context.Context, sha256 string) (bool, error) {
	yes, err := c.db.Client.Dist.Query().Where(dist.HasArchiveWith(row.Sha256(sha256)),
		dist.HasPackageWith(pkg.HasRepositoryWith(repository.TypeEQ(repository.TypeARTIFACT)))).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("read whose an archive is: %w", err)
	}
	return yes, nil
}

// Again returns a dist as it is by now.
func (c *Catalog) Again(ctx context.Context, d *Dist) (*Dist, error) {
	now, err := c.db.Client.Dist.Query().Where(dist.ID(d.ID)).WithPackage().WithArchive().Only(ctx)
	if err != nil {
		return nil, fmt.Errorf("read a dist again: %w", err)
	}
	again := DistFrom(now)
	return again, WithPin(ctx, c.db.Client, again)
}

// CountStored tells how many archives are stored.
func (c *Catalog) CountStored(ctx context.Context) (int, error) {
	n, err := c.db.Client.Archive.Query().Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count the stored archives: %w", err)
	}
	return n, nil
}

// Stored returns the first n stored archives after one, in the order of their SHA-256.
func (c *Catalog) Stored(ctx context.Context, after string, n int) ([]archive.Info, error) {
	rows, err := c.db.Client.Archive.Query().Where(row.Sha256GT(after)).Order(ent.Asc(row.FieldSha256)).Limit(n).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read which archives are stored: %w", err)
	}
	stored := make([]archive.Info, len(rows))
	for i, r := range rows {
		stored[i] = archive.Info{SHA256: r.Sha256, SHA1: r.Sha1, Size: r.Size}
	}
	return stored, nil
}

// Unnamed returns those of some keys, each a SHA-256, of which no archive is known.
func (c *Catalog) Unnamed(ctx context.Context, keys []string) ([]string, error) {
	known, err := c.db.Client.Archive.Query().Where(row.Sha256In(keys...)).Select(row.FieldSha256).Strings(ctx)
	if err != nil {
		return nil, fmt.Errorf("read which archives are stored: %w", err)
	}
	named := map[string]bool{}
	for _, key := range known {
		named[key] = true
	}
	var unnamed []string
	for _, key := range keys {
		if !named[key] {
			unnamed = append(unnamed, key)
		}
	}
	return unnamed, nil
}

// ForgetUnnamed deletes what is known of archives that no dist has had since before a time, and returns how many.
func (c *Catalog) ForgetUnnamed(ctx context.Context, before time.Time) (int, error) {
	forgotten := 0
	for {
		n, err := c.forgetSome(ctx, before)
		if forgotten += n; err != nil || n == 0 {
			return forgotten, err
		}
	}
}

// forgetSome looks which archives a dist names only once it holds their rows: else one could get a name meanwhile, and
// lose it.
func (c *Catalog) forgetSome(ctx context.Context, before time.Time) (n int, err error) {
	err = c.db.Tx(ctx, func(tx *database.Tx) error {
		ids, err := tx.Archive.Query().Where(row.CreatedAtLT(before.UTC()), row.Not(row.HasDists()), func(s *sql.Selector) {
			if s.Dialect() == dialect.Postgres { // SQLite has one writer
				s.ForUpdate()
			}
		}).Limit(200).IDs(ctx)
		if err != nil || len(ids) == 0 {
			return err
		}
		n, err = tx.Archive.Delete().Where(row.IDIn(ids...), row.Not(row.HasDists())).Exec(ctx)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("forget archives that nothing names: %w", err)
	}
	return n, nil
}

// walked is the setting that holds how far the walk over the stored archives has come.
const walked = "storage-walk"

// Walked returns the archive at which the walk over the stored archives was last; empty at its beginning.
func (c *Catalog) Walked(ctx context.Context) (string, error) {
	rows, err := c.db.Client.Setting.Query().Where(setting.ID(walked)).All(ctx)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0].Value, nil
}

// Walk notes at which archive the walk is.
func (c *Catalog) Walk(ctx context.Context, sha256 string) error {
	return c.db.Tx(ctx, func(tx *database.Tx) error {
		return tx.Setting.Create().SetID(walked).SetValue(sha256).OnConflictColumns("id").UpdateNewValues().Exec(ctx)
	})
}
