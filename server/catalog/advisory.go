package catalog

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"broker/ent"
	"broker/ent/advisory"
	"broker/ent/predicate"
	"broker/server/database"
	"broker/server/metadata"
)

// The bounds of what is stored of advisories.
const (
	advisoriesMax     = 10_000 // of a repository
	advisoriesAtATime = 500    // of one statement
	announcedMax      = 200    // packages that are announced one by one
)

// advised names an advisory of a repository.
type advised struct{ name, id string }

// AdviseAll makes the advisories of a repository what its source says, by the names of packages: there are no others.
func (c *Catalog) AdviseAll(ctx context.Context, r *ent.Repository, all map[string][]metadata.Advisory) error {
	return c.advise(ctx, r, all)
}

// Advise makes the advisories of some packages of a repository what its source says.
func (c *Catalog) Advise(ctx context.Context, r *ent.Repository, names []string, all map[string][]metadata.Advisory) error {
	for some := range slices.Chunk(names, advisoriesAtATime) {
		of := map[string][]metadata.Advisory{}
		for _, name := range some {
			of[name] = all[name]
		}
		if err := c.advise(ctx, r, of, advisory.PackageIn(some...)); err != nil {
			return err
		}
	}
	return nil
}

// advise writes what changed of the advisories of a repository that narrow selects, mostly nothing.
func (c *Catalog) advise(ctx context.Context, r *ent.Repository, all map[string][]metadata.Advisory, narrow ...predicate.Advisory) error {
	rows, err := c.db.Client.Advisory.Query().Where(advisory.RepositoryID(r.ID)).Where(narrow...).All(ctx)
	if err != nil {
		return fmt.Errorf("read the advisories of %s: %w", r.Name, err)
	}
	stored := make(map[advised]*ent.Advisory, len(rows))
	for _, row := range rows {
		stored[advised{row.Package, row.AdvisoryID}] = row
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	var added, changed []*ent.Advisory
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for i := range all[name] {
			is := &all[name][i]
			was := stored[advised{name, is.ID}]
			delete(stored, advised{name, is.ID})
			switch row := advisoryRow(r, name, is, was, now); {
			case was == nil:
				added = append(added, row)
			case !sameAdvisory(was, row):
				changed = append(changed, row)
			}
		}
	}
	gone := slices.Collect(maps.Values(stored))
	if len(added)+len(changed)+len(gone) == 0 {
		return nil
	}
	err = c.db.Tx(ctx, func(tx *database.Tx) error {
		tx.Announce(database.TopicAdvisory, r.ID)
		announceAdvised(tx, added, changed, gone)
		for some := range slices.Chunk(gone, advisoriesAtATime) {
			ids := make([]string, len(some))
			for i, row := range some {
				ids[i] = row.ID
			}
			if _, err := tx.Advisory.Delete().Where(advisory.IDIn(ids...)).Exec(ctx); err != nil {
				return err
			}
		}
		has, err := tx.Advisory.Query().Where(advisory.RepositoryID(r.ID)).Count(ctx)
		if err != nil {
			return err
		}
		if err := addAdvisories(ctx, tx, added[:min(len(added), max(0, advisoriesMax-has))]); err != nil {
			return err
		}
		for _, row := range changed {
			if err := changeAdvisory(ctx, tx, row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store the advisories of %s: %w", r.Name, err)
	}
	return nil
}

// announceAdvised has the documents read again of packages of which advisories changed.
func announceAdvised(tx *database.Tx, some ...[]*ent.Advisory) {
	names := map[string]bool{}
	for _, row := range slices.Concat(some...) {
		names[row.Package] = true
	}
	if len(names) > announcedMax {
		tx.Announce(database.TopicPackage, "")
		return
	}
	for name := range names {
		tx.Announce(database.TopicPackage, name)
	}
}

// advisoryRow is an advisory as it is stored. One that does not say when it was reported was when it was first seen, and
// one that does not say who told of it is the repository's.
func advisoryRow(r *ent.Repository, name string, is *metadata.Advisory, was *ent.Advisory, now time.Time) *ent.Advisory {
	row := &ent.Advisory{RepositoryID: &r.ID, Package: name, AdvisoryID: is.ID, AffectedVersions: is.Affected, Title: is.Title,
		Cve: orNil(is.CVE), Link: orNil(is.Link), Severity: orNil(is.Severity), ReportedAt: is.ReportedAt, Source: cmp.Or(is.Source, r.Name), RemoteID: cmp.Or(is.RemoteID, is.ID), UpdatedAt: now}
	if was != nil {
		row.ID = was.ID
	}
	if row.ReportedAt.IsZero() {
		row.ReportedAt = now
		if was != nil {
			row.ReportedAt = was.ReportedAt
		}
	}
	return row
}

func sameAdvisory(a, b *ent.Advisory) bool {
	same := func(a, b *string) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }
	return a.AffectedVersions == b.AffectedVersions && a.Title == b.Title && same(a.Cve, b.Cve) && same(a.Link, b.Link) && same(a.Severity, b.Severity) &&
		a.ReportedAt.Equal(b.ReportedAt) && a.Source == b.Source && a.RemoteID == b.RemoteID
}

func addAdvisories(ctx context.Context, tx *database.Tx, rows []*ent.Advisory) error {
	for some := range slices.Chunk(rows, advisoriesAtATime) {
		creates := make([]*ent.AdvisoryCreate, len(some))
		for i, row := range some {
			creates[i] = tx.Advisory.Create().SetNillableRepositoryID(row.RepositoryID).SetPackage(row.Package).SetAdvisoryID(row.AdvisoryID).
				SetAffectedVersions(row.AffectedVersions).SetTitle(row.Title).SetNillableCve(row.Cve).SetNillableLink(row.Link).
				SetNillableSeverity(row.Severity).SetReportedAt(row.ReportedAt).SetSource(row.Source).SetRemoteID(row.RemoteID).SetUpdatedAt(row.UpdatedAt)
		}
		// Whoever adds the same at once has it of the same source.
		err := tx.Advisory.CreateBulk(creates...).OnConflictColumns(advisory.FieldRepositoryID, advisory.FieldPackage, advisory.FieldAdvisoryID).Ignore().Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

func changeAdvisory(ctx context.Context, tx *database.Tx, row *ent.Advisory) error {
	update := tx.Advisory.Update().Where(advisory.ID(row.ID)).SetAffectedVersions(row.AffectedVersions).SetTitle(row.Title).
		SetReportedAt(row.ReportedAt).SetSource(row.Source).SetRemoteID(row.RemoteID).SetUpdatedAt(row.UpdatedAt)
	describe(update.Mutation(), row.Cve, row.Link, row.Severity)
	return update.Exec(ctx)
}

// describe sets what an advisory may have, or clears it where it is nil; PostgreSQL refuses both of one column.
func describe(m *ent.AdvisoryMutation, cve, link, severity *string) {
	for _, one := range []struct {
		to    *string
		set   func(string)
		clear func()
	}{{cve, m.SetCve, m.ClearCve}, {link, m.SetLink, m.ClearLink}, {severity, m.SetSeverity, m.ClearSeverity}} {
		if one.to == nil {
			one.clear()
		} else {
			one.set(*one.to)
		}
	}
}
