package usage

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"maps"
	"slices"
)

// lookUpMax is how many names one query asks for.
const lookUpMax = 500

// resolve completes what requests did not know: the source of each package, and the version that a dist's address
// has only the MD5 of. Requests for names that nobody here has are counted under no package; they could be endlessly
// many.
func (b *batch) resolve(ctx context.Context, q querier) error {
	sources, err := b.sources(ctx, q)
	if err != nil {
		return fmt.Errorf("look for packages: %w", err)
	}
	versions, err := b.versions(ctx, q)
	if err != nil {
		return fmt.Errorf("look for versions: %w", err)
	}
	b.rename(sources, versions)
	return nil
}

// sources are the repositories of the packages that were counted without one, by name.
func (b *batch) sources(ctx context.Context, q querier) (map[string]string, error) {
	names := map[string]struct{}{}
	for key := range b.hours {
		if key.repository == "" && key.package_ != "" {
			names[key.package_] = struct{}{}
		}
	}
	found := map[string]string{}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(names)), lookUpMax) {
		err := each(ctx, q, func(rows *stdsql.Rows) error {
			var name, repository string
			err := rows.Scan(&name, &repository)
			found[name] = repository
			return err
		}, "SELECT p.name, p.repository_id FROM packages p JOIN repositories r ON r.id = p.repository_id "+
			"WHERE p.gone_at IS NULL AND p.name IN "+list(0, len(some))+" ORDER BY r.priority DESC, r.id DESC", anys(some)...) // the first in order is found last
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// packageVersion is a version of a package.
type packageVersion struct{ package_, version string }

// versions are the normalised versions of those that were counted by their MD5: a branch whose name a path cannot
// hold (see the catalog's dists).
func (b *batch) versions(ctx context.Context, q querier) (map[packageVersion]string, error) {
	hashed := map[packageVersion]struct{}{}
	for key := range b.downloads {
		if isMD5(key.version) {
			hashed[packageVersion{key.package_, key.version}] = struct{}{}
		}
	}
	for key := range b.hours {
		if isMD5(key.version) {
			hashed[packageVersion{key.package_, key.version}] = struct{}{}
		}
	}
	found := map[packageVersion]string{}
	for some := range slices.Chunk(slices.Collect(maps.Keys(hashed)), lookUpMax) {
		var args []any
		for _, v := range some {
			args = append(args, v.package_)
		}
		for _, v := range some {
			args = append(args, v.version)
		}
		err := each(ctx, q, func(rows *stdsql.Rows) error {
			var v packageVersion
			var normalized string
			err := rows.Scan(&v.package_, &v.version, &normalized)
			found[v] = normalized
			return err
		}, "SELECT p.name, d.version, d.normalized_version FROM packages p JOIN dists d ON d.package_id = p.id "+
			"WHERE p.name IN "+list(0, len(some))+" AND d.version IN "+list(len(some), len(some)), args...)
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

func isMD5(version string) bool {
	if len(version) != 32 {
		return false
	}
	for _, r := range version {
		if (r < '0' || r > '9') && (r < 'a' || r > 'f') {
			return false
		}
	}
	return true
}

// rename counts under what was found.
func (b *batch) rename(sources map[string]string, versions map[packageVersion]string) {
	for key, c := range b.hours {
		renamed := key
		if key.repository == "" && key.package_ != "" {
			renamed.repository = sources[key.package_]
			if renamed.repository == "" && key.version == "" {
				renamed.package_ = ""
			}
		}
		if normalized, ok := versions[packageVersion{key.package_, key.version}]; ok {
			renamed.version = normalized
		}
		if renamed != key {
			delete(b.hours, key)
			addTo(b.hours, renamed, c)
		}
	}
	for key, c := range b.downloads {
		if normalized, ok := versions[packageVersion{key.package_, key.version}]; ok {
			delete(b.downloads, key)
			key.version = normalized
			join(b.downloads, key, c)
		}
	}
}
