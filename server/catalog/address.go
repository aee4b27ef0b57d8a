package catalog

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"broker/ent"
	pins "broker/ent/pin"
	"broker/server/database"
)

// Addressed is a version, normalised, and a reference, as a lock file has them, in the form of the dist route.
func Addressed(normalized, reference string) (version, ref string) {
	if len(reference) > 64 || !isHex(reference) {
		reference = md5Hex(reference)
	}
	return DistVersion(normalized), reference
}

// MaybeCommit tells whether a reference may be a commit of git, or the beginning of one.
func MaybeCommit(reference string) bool {
	return len(reference) >= 7 && len(reference) <= 64 && isHex(reference)
}

// WithPins completes dists with what is pinned of their versions, as WithPin does of one.
func WithPins(ctx context.Context, client *ent.Client, dists []*Dist) error {
	var of [][]any
	for _, d := range dists {
		if d.RepositoryID != "" {
			of = append(of, []any{d.RepositoryID, d.Package, d.Normalized})
		}
	}
	type key struct{ repository, name, version string }
	found := map[key]*ent.Pin{}
	err := database.Tuples(of, func(some func(*sql.Selector)) error {
		rows, err := client.Pin.Query().Where(some).All(ctx)
		for _, row := range rows {
			found[key{row.RepositoryID, row.Package, row.NormalizedVersion}] = row
		}
		return err
	}, pins.FieldRepositoryID, pins.FieldPackage, pins.FieldNormalizedVersion)
	if err != nil {
		return fmt.Errorf("read what is pinned: %w", err)
	}
	for _, d := range dists {
		if row := found[key{d.RepositoryID, d.Package, d.Normalized}]; row != nil && d.RepositoryID != "" {
			d.pinnedAs(row)
		}
	}
	return nil
}
