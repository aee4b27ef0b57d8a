package catalog

import (
	"context"
	stdsql "database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect"

	"broker/server/metadata"
)

// stored is what the database has of the packages of a Put.
type stored struct {
	packages map[string]*oldPackage
	pins     map[string]map[string]*pin // by package and normalised version
}

type oldPackage struct {
	id        string
	gone      bool
	versions  map[string]*oldVersion // by normalised version
	dists     map[distKey]*oldDist
	documents [2]oldDocument // stable, dev
	names     map[metadata.Named]bool
}

type oldVersion struct {
	id string
	versionRow
	gone bool
}

type oldDist struct {
	id string
	distRow
	blob // of the stored archive; none while there is none
	gone bool
}

type oldDocument struct {
	id     string
	digest string
}

// read reads what is stored of the packages, with few queries however many they are.
func (p *put) read(ctx context.Context) error {
	p.stored.packages = map[string]*oldPackage{}
	byID := map[string]*oldPackage{}
	names := make([]any, len(p.updates))
	for i, u := range p.updates {
		names[i] = u.Name
	}
	err := p.each(ctx, func(rows *stdsql.Rows) error {
		old := &oldPackage{versions: map[string]*oldVersion{}, dists: map[distKey]*oldDist{}, names: map[metadata.Named]bool{}}
		var name string
		err := rows.Scan(&old.id, &name, &old.gone)
		p.stored.packages[name], byID[old.id] = old, old
		return err
	}, "SELECT id, name, gone_at IS NOT NULL FROM packages WHERE repository_id = $1 AND name IN ("+marks(2, len(names))+")",
		append([]any{p.updates[0].Repository.ID}, names...)...)
	if err != nil {
		return err
	}
	if len(byID) == 0 {
		return p.readPins(ctx, names)
	}
	ids := make([]any, 0, len(byID))
	for _, old := range p.stored.packages {
		ids = append(ids, old.id)
	}
	for _, read := range []func(context.Context, map[string]*oldPackage, []any) error{p.readVersions, p.readDists, p.readDocuments, p.readRequirements} {
		if err := read(ctx, byID, ids); err != nil {
			return err
		}
	}
	return p.readPins(ctx, names) // after the dists, which whoever changes a pin locks first
}

func (p *put) readVersions(ctx context.Context, byID map[string]*oldPackage, ids []any) error {
	return p.each(ctx, func(rows *stdsql.Rows) error {
		v := &oldVersion{}
		var of, normalized string
		var licenses []byte
		var reference, dist, pinned stdsql.NullString
		var at stdsql.NullTime
		if err := rows.Scan(&v.id, &of, &normalized, &v.version, &v.dev, &v.position, &reference, &at, &licenses, &dist, &pinned, &v.gone); err != nil {
			return err
		}
		v.reference, v.dist, v.pin = reference.String, dist.String, pinned.String
		if at.Valid {
			v.releasedAt = at.Time.UTC()
		}
		byID[of].versions[normalized] = v
		return json.Unmarshal(licenses, &v.licenses)
	}, "SELECT id, package_id, normalized_version, version, dev, position, reference, released_at, licenses, dist_id, pin_id, gone_at IS NOT NULL "+
		"FROM package_versions WHERE package_id IN ("+marks(1, len(ids))+")", ids...)
}

func (p *put) readDists(ctx context.Context, byID map[string]*oldPackage, ids []any) error {
	return p.each(ctx, func(rows *stdsql.Rows) error {
		d := &oldDist{}
		var of string
		if err := rows.Scan(&d.id, &of, &d.version, &d.reference, &d.kind, &d.url, &d.shasum, &d.mirror, &d.sha1, &d.sha256, &d.size, &d.gone); err != nil {
			return err
		}
		byID[of].dists[d.key()] = d
		return nil
	}, "SELECT d.id, d.package_id, d.version, d.reference, d.type, d.url, d.shasum, d.mirror_reference, coalesce(a.sha1, ''), coalesce(a.sha256, ''), coalesce(a.size, 0), d.gone_at IS NOT NULL "+
		"FROM dists d LEFT JOIN archives a ON a.id = d.archive_id WHERE d.package_id IN ("+marks(1, len(ids))+")"+p.locked("d"), ids...)
}

// locked ends a query whose rows nobody may change before the transaction ends. SQLite has one writer.
func (p *put) locked(table string) string {
	if p.db.Dialect() == dialect.Postgres {
		return " FOR UPDATE OF " + table
	}
	return ""
}

func (p *put) readDocuments(ctx context.Context, byID map[string]*oldPackage, ids []any) error {
	return p.each(ctx, func(rows *stdsql.Rows) error {
		var of, id string
		var dev bool
		var digest []byte
		if err := rows.Scan(&id, &of, &dev, &digest); err != nil {
			return err
		}
		byID[of].documents[place(dev)] = oldDocument{id, string(digest)}
		return nil
	}, "SELECT id, package_id, dev, digest FROM documents WHERE package_id IN ("+marks(1, len(ids))+")", ids...)
}

func (p *put) readRequirements(ctx context.Context, byID map[string]*oldPackage, ids []any) error {
	return p.each(ctx, func(rows *stdsql.Rows) error {
		var of string
		var one metadata.Named
		if err := rows.Scan(&of, &one.Name, &one.Provided); err != nil {
			return err
		}
		byID[of].names[one] = true
		return nil
	}, "SELECT package_id, name, provided FROM requirements WHERE package_id IN ("+marks(1, len(ids))+")", ids...)
}

func place(dev bool) int {
	if dev {
		return 1
	}
	return 0
}

// each calls do with every row of a query.
func (p *put) each(ctx context.Context, do func(*stdsql.Rows) error, query string, args ...any) error {
	rows, err := p.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read what is stored: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := do(rows); err != nil {
			return fmt.Errorf("read what is stored: %w", err)
		}
	}
	return rows.Err()
}

// marks are n placeholders from $first on.
func marks(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", first+i)
	}
	return b.String()
}

// same tells whether two versions are stored the same way.
func (v versionRow) same(other versionRow) bool {
	return v.version == other.version && v.dev == other.dev && v.position == other.position && v.reference == other.reference &&
		v.releasedAt.Truncate(time.Microsecond).Equal(other.releasedAt.Truncate(time.Microsecond)) &&
		slices.Equal(v.licenses, other.licenses) && v.dist == other.dist && v.pin == other.pin
}
