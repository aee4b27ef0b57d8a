package view

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/dialect/sql"

	"broker/ent"
	"broker/ent/packageversion"
	"broker/ent/pkg"
	"broker/server/pattern"
)

// Affected is a version that has a known weakness, or is blocked.
type Affected struct {
	Package    string
	Version    string // as the package writes it
	Normalized string
	Advisories []*ent.Advisory
	Blocks     []*ent.Block
}

// AffectedFilter narrows affected versions; an empty field does not.
type AffectedFilter struct {
	Package  string
	Severity string      // of an advisory; what is only blocked has none
	Visible  pattern.Set // of a token
	From     string      // the first package
}

// packagesAtATime is how many packages are looked through together.
const packagesAtATime = 100

// EachAffected hands versions to the function that are affected and were downloaded ever, those of some packages at a
// time, in the order of packages and normalised versions by their bytes, until it returns false.
func (v *View) EachAffected(ctx context.Context, client *ent.Client, f AffectedFilter, do func([]Affected) (bool, error)) error {
	names, err := v.suspects(ctx, client, f)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(names, packagesAtATime) {
		found, err := v.affected(ctx, client, some, f.Severity)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			continue
		}
		if more, err := do(found); err != nil || !more {
			return err
		}
	}
	return nil
}

// suspects are the packages that an advisory or a block is of, sorted.
func (v *View) suspects(ctx context.Context, client *ent.Client, f AffectedFilter) ([]string, error) {
	if f.Package != "" {
		return []string{f.Package}, nil
	}
	names, err := v.Advised(ctx)
	if err != nil {
		return nil, err
	}
	all, err := v.blocks.kept.Get(ctx, struct{}{}, v.blocks.read)
	if err != nil {
		return nil, err
	}
	if f.Severity == "" {
		for name := range all.named {
			names = append(names, name)
		}
		for _, r := range all.patterns {
			more, err := client.Pkg.Query().Where(pkg.DownloadsGT(0), Within(r.names)).Unique(true).Select(pkg.FieldName).Strings(ctx)
			if err != nil {
				return nil, fmt.Errorf("read what is blocked: %w", err)
			}
			names = append(names, more...)
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		return name < f.From || !f.Visible.Empty() && !f.Visible.Match(name)
	})
	slices.Sort(names)
	return slices.Compact(names), nil
}

// affected are the affected versions of some packages. Several repositories may have had a version.
func (v *View) affected(ctx context.Context, client *ent.Client, names []string, severity string) ([]Affected, error) {
	rows, err := client.PackageVersion.Query().Where(packageversion.DownloadsGT(0), func(s *sql.Selector) {
		packages := sql.Dialect(s.Dialect()).Table(pkg.Table)
		of := sql.Dialect(s.Dialect()).Select(packages.C(pkg.FieldID)).From(packages).Where(sql.In(packages.C(pkg.FieldName), anys(names)...))
		s.Where(sql.In(s.C(packageversion.FieldPackageID), of))
	}).WithPackage().All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the versions that may be affected: %w", err)
	}
	var found []Affected
	known := map[string][]*Known{} // of packages by their ids
	for _, row := range rows {
		of := row.Edges.Package
		if _, read := known[of.ID]; !read {
			if known[of.ID], err = v.knownOf(ctx, of); err != nil {
				return nil, err
			}
		}
		one, err := v.why(ctx, row, known[of.ID], severity)
		if err != nil {
			return nil, err
		}
		if len(one.Advisories)+len(one.Blocks) > 0 {
			found = append(found, one)
		}
	}
	compare := func(a, b Affected) int {
		if order := strings.Compare(a.Package, b.Package); order != 0 {
			return order
		}
		return strings.Compare(a.Normalized, b.Normalized)
	}
	slices.SortStableFunc(found, compare)
	return slices.CompactFunc(found, func(a, b Affected) bool { return compare(a, b) == 0 }), nil
}

// why are the advisories and blocks that a version is affected by; of a severity where one is given.
func (v *View) why(ctx context.Context, row *ent.PackageVersion, known []*Known, severity string) (Affected, error) {
	a := Affected{Package: row.Edges.Package.Name, Version: row.Version, Normalized: row.NormalizedVersion, Advisories: []*ent.Advisory{}, Blocks: []*ent.Block{}}
	for _, one := range affecting(known, row) {
		if severity == "" || one.Severity != nil && strings.EqualFold(*one.Severity, severity) {
			a.Advisories = append(a.Advisories, one)
		}
	}
	if severity != "" {
		return a, nil
	}
	some, err := v.blocks.of(ctx, a.Package)
	for _, r := range some {
		if r.versions.Match(row.NormalizedVersion) {
			a.Blocks = append(a.Blocks, r.row)
		}
	}
	return a, err
}

func anys(names []string) []any {
	all := make([]any, len(names))
	for i, name := range names {
		all[i] = name
	}
	return all
}
