package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"broker/ent"
	"broker/ent/advisory"
	"broker/ent/packageversion"
	pins "broker/ent/pin"
	"broker/ent/pkg"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/metadata"
	"broker/server/pattern"
)

// release is a release of a package while it is looked for fixes.
type release struct {
	id, version, normalized string
	pin                     string // where it is held back; else empty
}

// ReleaseFixes lets releases of a repository through before their cooldown ends that fix a known weakness: each is the
// first that an advisory does not affect, while the newest before it that is offered, of the same major version, is
// affected. Without names it looks at all packages. It costs little where nothing is held back.
func (c *Catalog) ReleaseFixes(ctx context.Context, r *ent.Repository, names ...string) error {
	if r.CooldownDays == 0 {
		return nil
	}
	query := c.db.Client.Pin.Query().Where(pins.RepositoryID(r.ID), pins.ReleasedAtIsNil(), pins.SeenAtGT(time.Now().UTC().AddDate(0, 0, -r.CooldownDays)))
	if len(names) > 0 {
		query.Where(pins.PackageIn(names...))
	}
	rows, err := query.Select(pins.FieldID, pins.FieldPackage, pins.FieldNormalizedVersion).All(ctx)
	if err != nil {
		return fmt.Errorf("read what is held back of %s: %w", r.Name, err)
	}
	held := map[string]map[string]string{} // pins, by package and version
	for _, row := range rows {
		if held[row.Package] == nil {
			held[row.Package] = map[string]string{}
		}
		held[row.Package][row.NormalizedVersion] = row.ID
	}
	if len(held) == 0 {
		return nil
	}
	advised, err := c.affected(ctx, r.ID, names, held)
	if err != nil {
		return err
	}
	for name, advisories := range advised {
		if err := c.releaseFixes(ctx, r, name, advisories, held[name]); err != nil {
			return fmt.Errorf("let fixes of %s through: %w", name, err)
		}
	}
	return nil
}

// affected are the advisories of those of a repository's packages of which something is held back, by name: those that its
// source tells, and our own. The others are not read: ten thousand constraints of a source take long.
func (c *Catalog) affected(ctx context.Context, repositoryID string, names []string, held map[string]map[string]string) (map[string][]affects, error) {
	query := c.db.Client.Advisory.Query().Where(advisory.Or(advisory.RepositoryID(repositoryID), advisory.RepositoryIDIsNil()))
	if len(names) > 0 {
		query.Where(advisory.PackageIn(names...))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read advisories: %w", err)
	}
	all := map[string][]affects{}
	for _, row := range rows {
		if held[row.Package] == nil {
			continue
		}
		versions, err := metadata.ParseConstraint(row.AffectedVersions)
		if err != nil {
			return nil, fmt.Errorf("read the advisory %s: %w", row.ID, err)
		}
		all[row.Package] = append(all[row.Package], affects{row.AdvisoryID, versions})
	}
	return all, nil
}

// affects is which versions an advisory is of.
type affects struct {
	id       string
	versions metadata.Constraint
}

func (c *Catalog) releaseFixes(ctx context.Context, r *ent.Repository, name string, advisories []affects, held map[string]string) error {
	rows, err := c.db.Client.PackageVersion.Query().
		Where(packageversion.HasPackageWith(pkg.RepositoryID(r.ID), pkg.Name(name)), packageversion.GoneAtIsNil(), packageversion.Dev(false)).All(ctx)
	if err != nil {
		return err
	}
	blocked, err := c.blocked(ctx, name)
	if err != nil {
		return err
	}
	var releases []release
	for _, row := range rows {
		if metadata.Stability(row.Version) == "stable" && !slices.ContainsFunc(blocked, func(b metadata.Constraint) bool { return b.Match(row.NormalizedVersion) }) {
			releases = append(releases, release{row.ID, row.Version, row.NormalizedVersion, held[row.NormalizedVersion]})
		}
	}
	found := fixes(releases, advisories)
	if len(found) == 0 {
		return nil
	}
	return c.db.Tx(ctx, func(tx *database.Tx) error {
		tx.Announce(database.TopicPackage, name)
		tx.Announce(database.TopicNews, name)
		now := time.Now().UTC().Truncate(time.Microsecond)
		for one, fixed := range found {
			n, err := tx.Pin.Update().Where(pins.ID(one.pin), pins.ReleasedAtIsNil()).SetReleasedAt(now).Save(ctx)
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			details := map[string]any{"package": name, "version": one.version, "repository": r.Name, "advisory": fixed}
			if err := c.events.Write(ctx, tx, audit.Event{Action: "version.release", Target: one.id, Details: details}); err != nil {
				return err
			}
		}
		return nil
	})
}

// fixes are the releases that are held back and fix what an advisory is of, with the advisory's id. A fix that is let
// through is offered: what comes after it fixes nothing more.
func fixes(releases []release, advisories []affects) map[release]string {
	slices.SortFunc(releases, func(a, b release) int { return metadata.Compare(a.normalized, b.normalized) })
	found := map[release]string{}
	offered := map[string]string{} // the newest so far, by major version
	for _, one := range releases {
		major, _, _ := strings.Cut(one.normalized, ".")
		if one.pin != "" {
			before, any := offered[major]
			i := slices.IndexFunc(advisories, func(a affects) bool { return any && a.versions.Match(before) && !a.versions.Match(one.normalized) })
			if i < 0 {
				continue
			}
			found[one] = advisories[i].id
		}
		offered[major] = one.normalized
	}
	return found
}

// blocked are the versions of a package that are blocked.
func (c *Catalog) blocked(ctx context.Context, name string) ([]metadata.Constraint, error) {
	rows, err := c.db.Client.Block.Query().All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the blocks: %w", err)
	}
	var all []metadata.Constraint
	for _, row := range rows {
		names, err := pattern.Parse([]string{row.Package})
		if err != nil {
			return nil, err
		}
		if !names.Match(name) {
			continue
		}
		versions, err := metadata.ParseConstraint(row.Versions)
		if err != nil {
			return nil, err
		}
		all = append(all, versions)
	}
	return all, nil
}
