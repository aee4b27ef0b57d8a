package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	"github.com/oklog/ulid/v2"

	"broker/server/database"
	"broker/server/fold"
	"broker/server/metadata"
	"broker/server/text"
)

// writes are the rows that a Put changes. They are written with few statements: each row of a table in the same form,
// whether it is new or not.
type writes struct {
	dialect   string
	between   func() // called after each statement: others may be waiting for the processor
	now       time.Time
	packages  []packageRow
	newPins   []any // columns of row after row
	pins      []any
	dists     []any
	versions  []any
	documents []any
	gone      map[string][]any // ids, by table
	requires  []any            // columns of row after row
	dropped   []dropped        // requirements that no version has any more
}

type packageRow struct {
	id, name, repository string
	kind, description    string
	abandoned            *string
	latest               *string
	versions             int
	releasedAt           *time.Time
	stable, dev          string // validators
	digest               []byte
}

// versionRow is what is stored of a version beside its names.
type versionRow struct {
	version    string
	dev        bool
	position   int
	reference  string
	releasedAt time.Time
	licenses   []string
	dist       string // id; empty without one
	pin        string // the same
}

// distRow is an archive as its address names it. One without a version is none.
type distRow struct {
	version, reference string // as the dist route writes them
	normalized         string
	kind, url, shasum  string
	mirror             string // the reference in a mirror's address; empty where it is reference
	onlyHere           bool   // its source has, or may have, other bytes at the address by now
}

func (d *distRow) key() distKey { return distKey{version: d.version, reference: d.reference} }

// newDist is the archive of a version as its address names it.
func newDist(v *metadata.Version) distRow {
	d, ok := v.Dist()
	if !ok {
		return distRow{}
	}
	row := distRow{version: DistVersion(v.Normalized), reference: distReference(v, d), normalized: v.Normalized, kind: d.Type, url: d.URL, shasum: d.Shasum}
	if reference := sourceReference(v, d); v.Dev && reference != row.reference && len(reference) >= commitMin && isHex(reference) {
		row.mirror = reference
	}
	return row
}

func newID(prefix string) string { return prefix + strings.ToLower(ulid.Make().String()) }

// addDists adds the archives that are new or changed, and notes those that no version names any more. Their rows stay,
// for lock files that ask for them. It tells whether anything changed.
func (w *writes) addDists(of string, old *oldPackage, u *Update) (changed bool) {
	named := map[distKey]bool{}
	for i := range u.dists {
		d := &u.dists[i]
		if d.version == "" || named[d.key()] {
			continue
		}
		named[d.key()] = true
		was := old.dists[d.key()]
		if was != nil && !was.gone && was.kind == d.kind && was.url == d.url && was.mirror == d.mirror && (was.shasum == d.shasum || was.sha1 != "") {
			continue
		}
		id := newID("dist_")
		if was != nil {
			id = was.id
		} else {
			if old.dists == nil {
				old.dists = map[distKey]*oldDist{}
			}
			old.dists[d.key()] = &oldDist{id: id}
		}
		w.dists = append(w.dists, id, of, d.version, d.normalized, d.reference, w.now, d.kind, d.url, d.shasum, d.mirror)
		changed = true
	}
	for key, was := range old.dists {
		if !was.gone && !named[key] {
			w.leave("dists", was.id)
			changed = true
		}
	}
	return changed
}

// leave notes that a row's thing is gone.
func (w *writes) leave(table, id string) {
	if w.gone == nil {
		w.gone = map[string][]any{}
	}
	w.gone[table] = append(w.gone[table], id)
}

// addVersions adds the versions that are new or changed, and returns the id of the one that people are shown first.
func (w *writes) addVersions(of string, old *oldPackage, u *Update) (outcome Outcome, latest *string) {
	present := make(map[string]bool, len(u.Versions))
	first := u.first()
	for i := range u.Versions {
		v := &u.Versions[i]
		present[v.Normalized] = true
		row := versionRow{v.Version, v.Dev, i, text.Line(v.Reference(), 255), v.ReleasedAt(), v.Licenses(), "", u.pins[i]}
		if d := &u.dists[i]; d.version != "" {
			row.dist = old.dists[d.key()].id
		}
		was := old.versions[v.Normalized]
		id := ""
		if was != nil {
			id = was.id
		} else {
			id = newID("ver_")
		}
		if i == first {
			latest = &id
		}
		if was == nil || was.gone {
			outcome.Added++
		}
		if was != nil && !was.gone && was.same(row) {
			continue
		}
		w.versions = append(w.versions, id, of, row.version, v.Normalized, row.dev, row.position, orNil(row.reference), timeOrNil(row.releasedAt),
			encoded(row.licenses), orNil(row.dist), orNil(row.pin))
	}
	for normalized, was := range old.versions {
		if !was.gone && !present[normalized] {
			w.leave("package_versions", was.id)
			outcome.Removed++
		}
	}
	return outcome, latest
}

func encoded(texts []string) string {
	if len(texts) == 0 {
		return "[]"
	}
	b, err := json.Marshal(texts)
	if err != nil { // texts always encode
		panic(err)
	}
	return string(b)
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func timeOrNil(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// addDocuments adds the documents that changed, and tells whether one did.
func (w *writes) addDocuments(of string, old *oldPackage, u *Update) (changed bool) {
	for i, d := range u.documents {
		was := old.documents[i]
		if was.digest == string(d.digest[:]) {
			continue
		}
		id := was.id
		if id == "" {
			id = newID("doc_")
		}
		w.documents = append(w.documents, id, of, i == 1, d.body, d.size, d.digest[:])
		changed = true
	}
	return changed
}

// first is the place of the version that people are shown first, as long as it is offered: the highest stable one, else
// the highest pre-release, else the default branch.
func (u *Update) first() int {
	stable := slices.IndexFunc(u.Versions, func(v metadata.Version) bool { return !v.Dev && metadata.Stability(v.Normalized) == "stable" })
	release := slices.IndexFunc(u.Versions, func(v metadata.Version) bool { return !v.Dev })
	branch := slices.IndexFunc(u.Versions, func(v metadata.Version) bool { return v.DefaultBranch() })
	for _, place := range []int{stable, release, branch} {
		if place >= 0 {
			return place
		}
	}
	return 0
}

// describe keeps what lists show of the package: what the version says that people are shown first.
func (r *packageRow) describe(u *Update, latest *string, madeOf []byte) {
	r.kind, r.versions, r.latest = "library", len(u.Versions), latest
	r.stable, r.dev, r.digest = u.Validators.Stable, u.Validators.Dev, madeOf
	if len(u.Versions) == 0 {
		return
	}
	shown := &u.Versions[u.first()]
	r.kind, r.description, r.abandoned, r.releasedAt = shown.Type(), shown.Description(), shown.Abandoned(), timeOrNil(shown.ReleasedAt())
}

// table is how rows of one table are written.
type table struct {
	name    string
	columns []string
	kept    int // the first columns, which a row that is there keeps; all of them: there is none
}

var (
	packagesTable = table{"packages", []string{"id", "name", "repository_id", "created_at", "type", "description", "description_folded", "abandoned", "latest_version_id",
		"version_count", "released_at", "stable_validator", "dev_validator", "digest"}, 4}
	distsTable     = table{"dists", []string{"id", "package_id", "version", "normalized_version", "reference", "created_at", "type", "url", "shasum", "mirror_reference"}, 6}
	versionsTable  = table{"package_versions", []string{"id", "package_id", "version", "normalized_version", "dev", "position", "reference", "released_at", "licenses", "dist_id", "pin_id"}, 2}
	documentsTable = table{"documents", []string{"id", "package_id", "dev", "body", "size", "digest"}, 3}
)

// run writes everything: a package before what refers to it, in the order in which others lock rows as well.
func (w *writes) run(ctx context.Context, tx *database.Tx) error {
	var packages []any
	for _, r := range w.packages {
		packages = append(packages, r.id, r.name, r.repository, w.now, r.kind, r.description, fold.Text(r.description), r.abandoned, r.latest, r.versions, r.releasedAt,
			r.stable, r.dev, r.digest)
	}
	for _, some := range []struct {
		table
		values []any
		gone   bool // the rows have a gone_at, which ends when they are written
	}{{packagesTable, packages, true}, {newPinsTable, w.newPins, false}, {pinsTable, w.pins, false}, {distsTable, w.dists, true}, {versionsTable, w.versions, true}, {documentsTable, w.documents, false}} {
		err := w.inPieces(ctx, tx, len(some.columns), some.values, func(rows int) string { return some.statement(w.dialect, rows, some.gone) })
		if err != nil {
			return fmt.Errorf("write %s: %w", some.name, err)
		}
	}
	for _, name := range []string{"package_versions", "dists"} {
		if err := markGone(ctx, tx, name, "id", w.now, w.gone[name]); err != nil {
			return err
		}
	}
	return w.runRequirements(ctx, tx)
}

// atATime are how many rows a statement writes: many, so that a row is cheap, and few numbers, so that statements are
// known already.
var atATime = []int{25, 5, 1}

// inPieces runs statements over rows of so many columns. It calls between after each.
func (w *writes) inPieces(ctx context.Context, tx *database.Tx, columns int, values []any, statement func(rows int) string) error {
	for _, rows := range atATime {
		n := rows * columns
		if len(values) < n {
			continue
		}
		for text := statement(rows); len(values) >= n; values = values[n:] {
			if _, err := tx.ExecContext(ctx, text, values[:n]...); err != nil {
				return err
			}
			w.between()
		}
	}
	return nil
}

func (t table) statement(d string, rows int, gone bool) string {
	var b strings.Builder
	b.WriteString("INSERT INTO " + t.name + " (" + strings.Join(t.columns, ", ") + ") VALUES ")
	n := 0
	for row := range rows {
		if row > 0 {
			b.WriteByte(',')
		}
		for i := range t.columns {
			b.WriteByte("(,"[min(i, 1)])
			if n++; d == dialect.Postgres {
				b.WriteString("$" + strconv.Itoa(n))
			} else {
				b.WriteByte('?')
			}
		}
		b.WriteByte(')')
	}
	if t.kept == len(t.columns) {
		return b.String()
	}
	b.WriteString(" ON CONFLICT (id) DO UPDATE SET ")
	for i, column := range t.columns[t.kept:] {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(column + " = excluded." + column)
	}
	if gone {
		b.WriteString(", gone_at = NULL")
	}
	return b.String()
}

// markGone notes since when rows' things are gone; those that are gone already stay as they are.
func markGone(ctx context.Context, tx *database.Tx, table, column string, at time.Time, ids []any) error {
	for len(ids) > 0 {
		some := ids[:min(len(ids), 500)]
		query := "UPDATE " + table + " SET gone_at = $1 WHERE gone_at IS NULL AND " + column + " IN (" + marks(2, len(some)) + ")"
		if _, err := tx.ExecContext(ctx, query, append([]any{at}, some...)...); err != nil {
			return fmt.Errorf("note what of %s is gone: %w", table, err)
		}
		ids = ids[len(some):]
	}
	return nil
}
