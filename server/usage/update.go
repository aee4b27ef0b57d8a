package usage

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"entgo.io/ent/dialect"
)

// writeDownloads adds to the downloads that packages and versions show in lists.
func (b *batch) writeDownloads(ctx context.Context, tx execer, d string) error {
	packages, versions := map[packageOf]int64{}, map[versionOf]int64{}
	for key, c := range b.hours {
		if n := c[downloads]; n > 0 && key.package_ != "" {
			of := packageOf{key.package_, key.repository}
			packages[of] += n
			versions[versionOf{of, key.version}] += n
		}
	}
	var ofPackages, ofVersions rows
	for _, p := range sorted(packages, packageOf.compare) {
		ofPackages.add(p.name, p.repository, packages[p])
	}
	for _, v := range sorted(versions, versionOf.compare) {
		ofVersions.add(v.name, v.repository, v.version, versions[v])
	}
	if err := packageUpdate().run(ctx, tx, d, ofPackages); err != nil {
		return err
	}
	return versionUpdate().run(ctx, tx, d, ofVersions) // whose packages are locked by now
}

// packageOf is a package as one repository has it.
type packageOf struct{ name, repository string }

func (p packageOf) compare(other packageOf) int {
	return cmp.Or(cmp.Compare(p.name, other.name), cmp.Compare(p.repository, other.repository))
}

// versionOf is a version of such a package, normalised.
type versionOf struct {
	packageOf
	version string
}

func (v versionOf) compare(other versionOf) int {
	return cmp.Or(v.packageOf.compare(other.packageOf), cmp.Compare(v.version, other.version))
}

// writeLastUse notes when, from where and by what each secret and its token were last used.
func (b *batch) writeLastUse(ctx context.Context, tx execer, d string) error {
	secrets, tokens := map[string]lastUse{}, map[string]lastUse{}
	for key, c := range b.uses {
		use := lastUse{c.last, written(key.address), c.client}
		if use.at > secrets[key.secret].at {
			secrets[key.secret] = use
		}
		if use.at > tokens[key.token].at {
			tokens[key.token] = use
		}
	}
	// A token before its secrets, as those lock them who change both.
	if err := lastUseUpdate("tokens").run(ctx, tx, d, lastUseRows(tokens)); err != nil {
		return err
	}
	return lastUseUpdate("token_secrets").run(ctx, tx, d, lastUseRows(secrets))
}

type lastUse struct {
	at              int64 // Unix milliseconds
	address, client string
}

func lastUseRows(all map[string]lastUse) rows {
	var r rows
	for _, id := range slices.Sorted(maps.Keys(all)) {
		r.add(id, milli(all[id].at), all[id].address, all[id].client)
	}
	return r
}

// update changes the rows of a table, many with a statement, by a table v of values.
type update struct {
	table      string
	key        string // by which the rows are locked first, in order; it is v's first column
	width      int    // of v
	set, where string
}

func packageUpdate() update {
	return update{table: "packages", key: "name", width: 3,
		set: "downloads = packages.downloads + v.column3", where: "packages.name = v.column1 AND packages.repository_id = v.column2"}
}

func versionUpdate() update {
	return update{table: "package_versions", width: 4,
		set: "downloads = package_versions.downloads + v.column4",
		where: "package_versions.normalized_version = v.column3 " +
			"AND package_versions.package_id = (SELECT id FROM packages WHERE name = v.column1 AND repository_id = v.column2)"}
}

// lastUseUpdate leaves what another instance wrote of a later use.
func lastUseUpdate(table string) update {
	return update{table: table, key: "id", width: 4,
		set:   "last_used_at = v.column2, last_used_address = v.column3, last_used_client = v.column4",
		where: fmt.Sprintf("%[1]s.id = v.column1 AND (%[1]s.last_used_at IS NULL OR %[1]s.last_used_at < v.column2)", table)}
}

func (u update) run(ctx context.Context, tx execer, d string, all rows) error {
	for some := range slices.Chunk(all, rowsMax*u.width) {
		source, args := some.source(d, u.width)
		if err := u.lock(ctx, tx, d, source, args); err != nil {
			return fmt.Errorf("lock %s: %w", u.table, err)
		}
		query := fmt.Sprintf("UPDATE %s SET %s FROM (%s) AS v WHERE %s", u.table, u.set, source, u.where)
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			return fmt.Errorf("%s: %w", u.table, err)
		}
	}
	return nil
}

// lock takes the rows in the order of their keys, so that two instances do not wait for each other: an UPDATE takes
// them in any order. SQLite has one writer.
func (u update) lock(ctx context.Context, tx execer, d, source string, args []any) error {
	if d != dialect.Postgres || u.key == "" {
		return nil
	}
	query := fmt.Sprintf("SELECT 1 FROM %[1]s WHERE %[2]s IN (SELECT column1 FROM (%[3]s) AS v) ORDER BY %[2]s FOR NO KEY UPDATE", u.table, u.key, source)
	_, err := tx.ExecContext(ctx, query, args...)
	return err
}
