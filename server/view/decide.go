package view

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"broker/ent"
	"broker/ent/packageversion"
	"broker/ent/pkg"
	"broker/server/auth"
	"broker/server/catalog"
	"broker/server/metadata"
	"broker/server/packagerule"
	"broker/server/pattern"
	"broker/server/repository"
)

// Outcome is what a token gets of a version.
type Outcome string

// The outcomes.
const (
	Allowed    Outcome = "ALLOWED"
	Missing    Outcome = "MISSING"     // nobody here has it
	NotAllowed Outcome = "NOT_ALLOWED" // the token does not include the package, or not the version
	BlockedNow Outcome = "BLOCKED"     // somebody blocked it
	HeldBack   Outcome = "HELD"        // its cooldown has not ended: only locks that name it get it
)

// Step is one rule that took part in a decision.
type Step struct {
	Rule    string // what kind: token, package patterns, ownership, block, cooldown, package rule, change, archive
	Allowed bool   // the rule refuses nothing
	Text    string // a sentence for people
}

// Decision is what a token gets of a version, and why.
type Decision struct {
	Package    string
	Version    string // as it was asked for
	Normalized string
	Outcome    Outcome
	Steps      []Step // every rule that took part, in the order in which they are asked

	HeldUntil  *time.Time // nil where it is not held back
	Changed    bool       // its source has something else under this version now; what was first seen is served
	Stored     bool       // its archive is here
	Repository string     // the id of the repository that answers; empty where none does
	Dist       *catalog.Dist
}

// Why is the first thing that refuses, for people; empty where nothing does.
func (d *Decision) Why() string {
	for _, step := range d.Steps {
		if !step.Allowed {
			return step.Text
		}
	}
	return ""
}

func (d *Decision) note(rule string, allowed bool, format string, args ...any) {
	d.Steps = append(d.Steps, Step{rule, allowed, fmt.Sprintf(format, args...)})
}

// refuse notes what refuses, and that it decides where nothing did before.
func (d *Decision) refuse(outcome Outcome, rule, format string, args ...any) {
	d.note(rule, false, format, args...)
	if d.Outcome == Allowed {
		d.Outcome = outcome
	}
}

// Asked is a version of a package as somebody asks for it: a lock file, a person.
type Asked struct {
	Package   string // in any case
	Version   string // as written or normalised
	Reference string // the commit, where it is known
}

// Decide tells what a token with these patterns and rules gets of versions, each with every rule that takes part. It is
// what documents and archives are decided by, for people to read; nothing is fetched.
func (v *View) Decide(ctx context.Context, visible pattern.Set, rules packagerule.Set, asked []Asked) ([]Decision, error) {
	order, err := v.owners.Order(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]Decision, len(asked))
	names := map[string]bool{}
	for i, one := range asked {
		all[i] = Decision{Package: strings.ToLower(one.Package), Version: one.Version, Normalized: normal(one.Version), Outcome: Allowed}
		names[all[i].Package] = true
	}
	packages, err := v.packagesOf(ctx, names)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if err := v.decide(ctx, order, visible, rules, packages[all[i].Package], asked[i].Reference, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Explain tells what a token gets of a version, with what of the token itself takes part.
func (v *View) Explain(ctx context.Context, t *auth.Token, asked Asked, now time.Time) (Decision, error) {
	all, err := v.Decide(ctx, t.Packages, t.Rules, []Asked{asked})
	if err != nil {
		return Decision{}, err
	}
	d := all[0]
	own := Decision{Outcome: Allowed}
	const layout = "2 January 2006 15:04 UTC"
	switch {
	case !t.RevokedAt.IsZero():
		own.refuse(NotAllowed, "token", "The token was revoked on %s.", t.RevokedAt.UTC().Format(layout))
	case !t.DisabledAt.IsZero():
		own.refuse(NotAllowed, "token", "The token was disabled on %s.", t.DisabledAt.UTC().Format(layout))
	case !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt):
		own.refuse(NotAllowed, "token", "The token expired on %s.", t.ExpiresAt.UTC().Format(layout))
	default:
		own.note("token", true, "The token is in force.")
	}
	if own.Outcome != Allowed {
		d.Outcome = own.Outcome
	}
	d.Steps = append(own.Steps, d.Steps...)
	return d, nil
}

// normal is a version as Composer normalises it; what it cannot normalise stays.
func normal(version string) string {
	if normalized, err := metadata.Normalize(version); err == nil {
		return normalized
	}
	return version
}

// packagesOf are the packages of some names, of all repositories, with their versions and archives.
func (v *View) packagesOf(ctx context.Context, names map[string]bool) (map[string][]*ent.Pkg, error) {
	list := make([]string, 0, len(names))
	for name := range names {
		list = append(list, name)
	}
	slices.Sort(list)
	found := map[string][]*ent.Pkg{}
	for some := range slices.Chunk(list, 200) {
		rows, err := v.db.Client.Pkg.Query().Where(pkg.NameIn(some...), pkg.GoneAtIsNil(), pkg.RepositoryIDNotNil()).WithRepository().All(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for packages: %w", err)
		}
		for _, row := range rows {
			found[row.Name] = append(found[row.Name], row)
		}
	}
	return found, nil
}

func (v *View) decide(ctx context.Context, order *repository.Order, visible pattern.Set, rules packagerule.Set, rows []*ent.Pkg, reference string, d *Decision) error {
	if !pattern.ValidName(d.Package) {
		d.refuse(Missing, "name", "No package can be called %s.", d.Package)
		return nil
	}
	switch {
	case visible.Empty():
		d.note("package patterns", true, "The token includes every package.")
	case visible.Match(d.Package):
		d.note("package patterns", true, "The token includes %s.", strings.Join(visible.Strings(), ", "))
	default:
		d.refuse(NotAllowed, "package patterns", "The token includes %s, and so not %s.", strings.Join(visible.Strings(), ", "), d.Package)
		return nil // whether there is such a package is not told
	}
	answers := v.answering(order, rows, d)
	if err := v.decideBlocks(ctx, d); err != nil {
		return err
	}
	if answers == nil {
		return nil
	}
	version, err := v.db.Client.PackageVersion.Query().
		Where(packageversion.PackageID(answers.ID), packageversion.NormalizedVersion(d.Normalized)).
		WithPin().WithDist().Only(ctx)
	if ent.IsNotFound(err) {
		d.refuse(Missing, "version", "%s has no version %s.", d.Package, d.Version)
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for %s %s: %w", d.Package, d.Version, err)
	}
	version.Edges.Package = answers
	return v.decideVersion(ctx, rules, version, reference, d)
}

// answering is the package of the repository that answers for a name; nil where none does.
func (v *View) answering(order *repository.Order, rows []*ent.Pkg, d *Decision) *ent.Pkg {
	has := make([]string, len(rows))
	for i, row := range rows {
		has[i] = *row.RepositoryID
	}
	first := order.First(d.Package, has...)
	_, owned := order.Owners(d.Package)
	for _, row := range rows {
		if *row.RepositoryID != first {
			continue
		}
		d.Repository = first
		why := "it is the first that has it"
		if owned {
			why = "it owns the name"
		}
		d.note("ownership", true, "The repository %s answers for %s: %s.", row.Edges.Repository.Name, d.Package, why)
		return row
	}
	switch {
	case owned && len(rows) > 0:
		d.refuse(Missing, "ownership", "The name %s is owned by a repository that does not have it; that others have it does not count.", d.Package)
	case owned:
		d.refuse(Missing, "ownership", "The name %s is owned by a repository that does not have it, or was removed.", d.Package)
	case len(order.Follows(d.Package, "")) > 0:
		d.refuse(Missing, "ownership", "Nothing of %s is here yet: it is fetched when it is first asked for.", d.Package)
	default:
		d.refuse(Missing, "ownership", "No repository has %s.", d.Package)
	}
	return nil
}

func (v *View) decideBlocks(ctx context.Context, d *Decision) error {
	some, err := v.blocks.of(ctx, d.Package)
	if err != nil {
		return err
	}
	for _, r := range some {
		if r.versions.Match(d.Normalized) {
			d.refuse(BlockedNow, "block", "Blocked: %s", (&Blocked{Reason: r.reason, Link: r.link}).reason())
		}
	}
	return nil
}

func (v *View) decideVersion(ctx context.Context, rules packagerule.Set, version *ent.PackageVersion, reference string, d *Decision) error {
	offer, err := v.Offer(ctx, version)
	if err != nil {
		return err
	}
	if version.GoneAt != nil {
		d.note("version", true, "Its source no longer has it: updates do not see it, locks that name it still get it.")
	}
	if d.HeldUntil = offer.HeldUntil; d.HeldUntil != nil {
		d.refuse(HeldBack, "cooldown", "Held back until %s: updates do not see it, locks that name it get it.", d.HeldUntil.UTC().Format("2 January 2006 15:04 UTC"))
	}
	released := time.Time{}
	switch pinned := version.Edges.Pin; {
	case version.ReleasedAt != nil:
		released = *version.ReleasedAt
	case pinned != nil && pinned.SeenAt != nil:
		released = *pinned.SeenAt
	}
	for _, verdict := range rules.For(d.Package).Verdicts(d.Normalized, released) {
		if verdict.Allowed {
			d.note("package rule", true, "The token includes of %s.", verdict.Why)
		} else {
			d.refuse(NotAllowed, "package rule", "The token includes of %s.", verdict.Why)
		}
	}
	if pinned := version.Edges.Pin; pinned != nil && pinned.ChangedAt != nil {
		d.Changed = true
		d.note("change", true, "Its source says something else of it now; what was first seen is served until a person accepts the change.")
	}
	return v.decideArchive(ctx, version, reference, d)
}

// decideArchive finds the archive that a version has, or that a lock names.
func (v *View) decideArchive(ctx context.Context, version *ent.PackageVersion, reference string, d *Decision) error {
	if version.DistID == nil {
		d.note("archive", true, "It has no archive.")
		d.Stored = true
		return nil
	}
	named := version.Edges.Dist.Reference
	if reference != "" && version.Reference != nil && *version.Reference != reference && named != reference {
		named = reference
	}
	found, err := v.readDist(ctx, d.Package, version.Edges.Dist.Version, named)
	if err != nil {
		return err
	}
	if found == nil {
		d.Changed = true
		d.refuse(Missing, "archive", "No archive of %s %s with the reference %s is or was here. It has %s now.", d.Package, d.Version, reference, *version.Reference)
		return nil
	}
	d.Dist, d.Stored = found, found.Archive != nil
	if d.Stored {
		d.note("archive", true, "Its archive is stored here.")
	} else {
		d.note("archive", true, "Its archive is not stored here yet: it is fetched when it is first asked for.")
	}
	return nil
}
