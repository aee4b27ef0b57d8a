package catalog

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"broker/ent"
	"broker/server/database"
	"broker/server/source"
)

// Has is what is stored of a package, as far as a sync must know it.
type Has struct {
	source.Known
	ID       string
	Versions int
	Gone     bool
}

// HasOf returns what is stored of all packages of a repository, by name, with one query.
func (c *Catalog) HasOf(ctx context.Context, r *ent.Repository) (map[string]Has, error) {
	return c.has(ctx, r, "")
}

// has reads what is stored of the packages of a repository that a condition narrows to.
func (c *Catalog) has(ctx context.Context, r *ent.Repository, narrow string, args ...any) (map[string]Has, error) {
	rows, err := c.db.SQL.QueryContext(ctx, "SELECT id, name, version_count, gone_at IS NOT NULL, stable_validator, dev_validator, digest "+
		"FROM packages WHERE repository_id = $1"+narrow, append([]any{r.ID}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("read what is stored of %s: %w", r.Name, err)
	}
	defer rows.Close()
	madeBy := c.madeBy(r)
	all := map[string]Has{}
	for rows.Next() {
		var h Has
		var name string
		var digest []byte
		if err := rows.Scan(&h.ID, &name, &h.Versions, &h.Gone, &h.Stable, &h.Dev, &digest); err != nil {
			return nil, fmt.Errorf("read what is stored of %s: %w", r.Name, err)
		}
		// What is gone, or was made otherwise than it would be now, is read anew whatever the source says.
		if of, ok := bytes.CutPrefix(digest, madeBy); ok && !h.Gone {
			h.Digest = of
		} else {
			h.Known = source.Known{}
		}
		all[name] = h
	}
	return all, rows.Err()
}

// HasOne returns what is stored of one package of a repository; nothing where it never was.
func (c *Catalog) HasOne(ctx context.Context, repositoryID, name string) (Has, error) {
	row, err := c.db.Client.Repository.Get(ctx, repositoryID)
	if err != nil {
		return Has{}, fmt.Errorf("read the repository of %s: %w", name, err)
	}
	all, err := c.has(ctx, row, " AND name = $2", name)
	return all[name], err
}

// Recognise keeps new validators of packages that are otherwise unchanged, by the packages' ids.
func (c *Catalog) Recognise(ctx context.Context, validators map[string]source.Validators) error {
	if len(validators) == 0 {
		return nil
	}
	return c.db.Tx(ctx, func(tx *database.Tx) error {
		for id, v := range validators {
			const query = "UPDATE packages SET stable_validator = $1, dev_validator = $2 WHERE id = $3"
			if _, err := tx.ExecContext(ctx, query, v.Stable, v.Dev, id); err != nil {
				return fmt.Errorf("keep validators: %w", err)
			}
		}
		return nil
	})
}

// goneAtATime is how many packages one transaction notes as gone.
const goneAtATime = 100

// Leave notes that a repository's source no longer has packages, by their names and ids, and returns how many versions
// they had. They are no longer served; archives that lock files name are, until Sweep.
func (c *Catalog) Leave(ctx context.Context, packages map[string]string) (versions int, err error) {
	var names []string
	var ids []any
	flush := func() error {
		n, err := c.leave(ctx, names, ids)
		versions += n
		names, ids = nil, nil
		return err
	}
	for name, id := range packages {
		names, ids = append(names, name), append(ids, id)
		if len(ids) == goneAtATime {
			if err := flush(); err != nil {
				return versions, err
			}
		}
	}
	return versions, flush()
}

func (c *Catalog) leave(ctx context.Context, names []string, ids []any) (versions int, err error) {
	if len(ids) == 0 {
		return 0, nil
	}
	err = c.db.Tx(ctx, func(tx *database.Tx) error {
		count := "SELECT count(*) FROM package_versions WHERE gone_at IS NULL AND package_id IN (" + marks(1, len(ids)) + ")"
		if versions, err = countRows(ctx, tx, count, ids...); err != nil {
			return err
		}
		for _, name := range names {
			tx.Announce(database.TopicPackage, name)
			tx.Announce(database.TopicNews, name)
			tx.Announce(database.TopicNames, name)
		}
		return leaveRows(ctx, tx, ids)
	})
	if err != nil {
		return 0, fmt.Errorf("note packages as gone: %w", err)
	}
	return versions, nil
}

func countRows(ctx context.Context, tx *database.Tx, query string, args ...any) (n int, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, err
		}
	}
	return n, rows.Err()
}

func leaveRows(ctx context.Context, tx *database.Tx, ids []any) error {
	now := time.Now().UTC().Truncate(time.Microsecond)
	for _, of := range []struct{ table, column string }{{"packages", "id"}, {"package_versions", "package_id"}, {"dists", "package_id"}} {
		if err := markGone(ctx, tx, of.table, of.column, now, ids); err != nil {
			return err
		}
	}
	return nil
}

// LeaveAll notes, in the transaction that removes a repository, that all it had is gone. Its packages outlive it without
// a repository, so that what lock files name of the stored archives goes on being served until Sweep.
func LeaveAll(ctx context.Context, tx *database.Tx, repositoryID string) error {
	now := time.Now().UTC().Truncate(time.Microsecond)
	const of = " WHERE gone_at IS NULL AND package_id IN (SELECT id FROM packages WHERE repository_id = $2)"
	for _, query := range []string{
		"UPDATE package_versions SET gone_at = $1" + of, "UPDATE dists SET gone_at = $1" + of,
		"UPDATE packages SET gone_at = $1 WHERE gone_at IS NULL AND repository_id = $2",
	} {
		if _, err := tx.ExecContext(ctx, query, now, repositoryID); err != nil {
			return fmt.Errorf("note the repository's packages as gone: %w", err)
		}
	}
	if _, err := tx.ExecContext(ctx, "UPDATE packages SET removed_repository_id = repository_id WHERE repository_id = $1", repositoryID); err != nil {
		return fmt.Errorf("note whose the packages were: %w", err)
	}
	return nil
}

// Sweep deletes what has been gone since before a time, and returns how many rows.
func (c *Catalog) Sweep(ctx context.Context, before time.Time) (int, error) {
	swept := 0
	for _, table := range []string{"package_versions", "dists", "packages"} {
		for {
			n, err := c.sweepSome(ctx, table, before)
			swept += n
			if err != nil {
				return swept, fmt.Errorf("delete what is long gone of %s: %w", table, err)
			}
			if n == 0 {
				break
			}
		}
	}
	return swept, nil
}

// sweepSome deletes a few rows, so that nobody waits long for the database. A package goes once nothing of it is left
// that is not long gone.
func (c *Catalog) sweepSome(ctx context.Context, table string, before time.Time) (int, error) {
	var n int64
	err := c.db.Tx(ctx, func(tx *database.Tx) error {
		result, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE id IN (SELECT id FROM "+table+" WHERE gone_at < $1 LIMIT 200)", before.UTC())
		if err != nil {
			return err
		}
		if n, err = result.RowsAffected(); n > 0 && table == "dists" {
			tx.Announce(database.TopicDist, "")
		}
		return err
	})
	return int(n), err
}
