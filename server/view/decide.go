package view

import (
	"context"
	"fmt"
	"strings"
	"time"

	"broker/server/auth"
	"broker/server/catalog"
	"broker/server/metadata"
	"broker/server/packagerule"
	"broker/server/pattern"
	"broker/server/repository"
)

// Outcome is what a token gets of a version.
type Outcome string

// The outcomes. Where several things refuse, what refuses the archive too decides.
const (
	Allowed    Outcome = "ALLOWED"     // it is offered, and its archive is served; where a lock asks, its archive is
	Missing    Outcome = "MISSING"     // nobody here has it
	NotAllowed Outcome = "NOT_ALLOWED" // the token does not include the package, or not the version
	BlockedNow Outcome = "BLOCKED"     // somebody blocked it
	HeldBack   Outcome = "HELD"        // it is not offered, and only locks that name it get it: its cooldown has not ended, or its source lost it
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
	Changed    bool       // its source, or this server, has something else under this version now than what is asked for, or served
	Stored     bool       // its archive is here, or it has none
	Gone       bool       // it was offered once: only locks that name it get it
	Repository string     // the id of the repository that answers; empty where none does
	Dist       *catalog.Dist
	// Branch has the archive of what a branch is at, where a lock names another commit of it, Commit, that would be packed
	// from the same git repository; nil otherwise.
	Branch *catalog.Dist
	Commit string

	why string // what the step says that decided
}

// Why is what decided that it is not allowed, for people; empty where it is.
func (d *Decision) Why() string { return d.why }

func (d *Decision) note(rule string, allowed bool, format string, args ...any) {
	d.Steps = append(d.Steps, Step{rule, allowed, fmt.Sprintf(format, args...)})
}

// refuse notes what refuses. It decides where nothing did before, or what only keeps it from being offered.
func (d *Decision) refuse(outcome Outcome, rule, format string, args ...any) {
	d.note(rule, false, format, args...)
	if d.Outcome == Allowed || d.Outcome == HeldBack && outcome != HeldBack {
		d.Outcome, d.why = outcome, d.Steps[len(d.Steps)-1].Text
	}
}

// Asked is a version of a package as somebody asks for it.
type Asked struct {
	Package string  // in any case
	Version string  // as written or normalised
	Lock    *Locked // what a lock file names; nil where a person asks
}

// Locked is which archive a lock file names.
type Locked struct {
	Reference  string   // as the address says it that the version is locked to, where that is one of this server; else empty
	References []string // what it says of the archive and of its source otherwise, such as a commit; the best first
}

// Decide tells what a token with these patterns and rules gets of versions, each with every rule that takes part. It is
// what documents and archives are decided by, for people to read; nothing is fetched.
func (v *View) Decide(ctx context.Context, visible pattern.Set, rules packagerule.Set, asked []Asked) ([]Decision, error) {
	order, err := v.owners.Order(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]decision, len(asked))
	for i, one := range asked {
		d := &all[i]
		d.Decision = Decision{Package: strings.ToLower(one.Package), Version: one.Version, Normalized: normal(one.Version), Outcome: Allowed}
		d.lock = one.Lock
		if err := v.begin(ctx, visible, d); err != nil {
			return nil, err
		}
	}
	if err := v.evidence(ctx, order, all); err != nil {
		return nil, err
	}
	found := make([]Decision, len(all))
	for i := range all {
		if d := &all[i]; !d.ended {
			if err := v.decide(ctx, order, rules, d); err != nil {
				return nil, err
			}
		}
		found[i] = all[i].Decision
	}
	return found, nil
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
		d.Outcome, d.why = own.Outcome, own.why
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

// begin decides what needs nothing that is stored of packages: their names, the token's patterns, and blocks, which
// refuse what nobody has, too. A name that the token does not include ends it: whether there is such a package is not told.
func (v *View) begin(ctx context.Context, visible pattern.Set, d *decision) error {
	if d.ended = !pattern.ValidName(d.Package); d.ended {
		d.refuse(Missing, "name", "No package can be called %s.", d.Package)
		return nil
	}
	switch {
	case visible.Empty():
		d.note("package patterns", true, "The token includes every package.")
	case visible.Match(d.Package):
		d.note("package patterns", true, "The token includes %s.", included(visible))
	default:
		d.ended = true
		d.refuse(NotAllowed, "package patterns", "The token includes %s, and so not %s.", included(visible), d.Package)
		return nil
	}
	some, err := v.blocks.of(ctx, d.Package)
	if err != nil {
		return err
	}
	for _, r := range some {
		if r.versions.Match(d.Normalized) {
			d.refuse(BlockedNow, "block", "Blocked: %s", sentence((&Blocked{Reason: r.reason, Link: r.link}).reason()))
		}
	}
	return nil
}

// includedMost is how many patterns a decision names: it is told of each package of a lock file.
const includedMost = 5

// included are a token's patterns, for people.
func included(visible pattern.Set) string {
	all := visible.Strings()
	said := strings.Join(all[:min(len(all), includedMost)], ", ")
	if more := len(all) - includedMost; more > 0 {
		said += fmt.Sprintf(" and %d more", more)
	}
	return said
}

// decide decides by what is stored of a package.
func (v *View) decide(ctx context.Context, order *repository.Order, rules packagerule.Set, d *decision) error {
	unoffered := d.unoffered(order)
	if unoffered == nil {
		offer, err := v.Offer(ctx, d.version)
		if err != nil {
			return err
		}
		if d.HeldUntil = offer.HeldUntil; d.HeldUntil != nil {
			d.refuse(HeldBack, "cooldown", "Held back until %s: updates do not see it, locks that name it get it.", d.HeldUntil.UTC().Format("2 January 2006 15:04 UTC"))
		}
	}
	switch {
	case unoffered == nil:
	case d.Dist == nil:
		d.refuse(Missing, unoffered.Rule, "%s", unoffered.Text)
		return nil
	case d.lock == nil:
		d.Gone = true
		d.refuse(HeldBack, unoffered.Rule, "%s Updates do not see it, locks that name it still get it.", unoffered.Text)
	default:
		d.Gone = true
		d.note(unoffered.Rule, true, "%s Updates do not see it, locks that name it still get it.", unoffered.Text)
	}
	for _, verdict := range rules.For(d.Package).Verdicts(d.Normalized, d.released()) {
		if verdict.Allowed {
			d.note("package rule", true, "The token includes of %s.", verdict.Why)
		} else {
			d.refuse(NotAllowed, "package rule", "The token includes of %s.", verdict.Why)
		}
	}
	if d.version != nil && d.version.Edges.Pin != nil && d.version.Edges.Pin.ChangedAt != nil {
		d.Changed = true
		d.note("change", true, "Its source says something else of it now; what was first seen is served until a person accepts the change.")
	}
	d.archive()
	return nil
}

// released is when what is asked for was released, or first seen here; zero where nobody knows.
func (d *decision) released() time.Time {
	switch {
	case d.Dist != nil:
		return d.Dist.Released
	case d.Branch != nil:
		return time.Now()
	}
	return releaseOf(d.version)
}

// unoffered is why no document has the version; nil where one does.
func (d *decision) unoffered(order *repository.Order) *Step {
	if d.answers == nil {
		return &Step{Rule: "ownership", Text: d.unanswered(order)}
	}
	why := "it is the first that has it"
	if _, owned := order.Owners(d.Package); owned {
		why = "it owns the name"
	}
	d.Repository = *d.answers.RepositoryID
	d.note("ownership", true, "The repository %s answers for %s: %s.", d.answers.Edges.Repository.Name, d.Package, why)
	switch {
	case d.version == nil:
		return &Step{Rule: "version", Text: fmt.Sprintf("%s has no version %s.", d.Package, d.Version)}
	case d.version.GoneAt != nil:
		return &Step{Rule: "version", Text: "Its source no longer has it."}
	}
	return nil
}

// unanswered is why no repository answers for a name.
func (d *decision) unanswered(order *repository.Order) string {
	closed, unreachable := order.Closed(d.Package)
	switch {
	case closed && unreachable:
		return fmt.Sprintf("The source that owns %s cannot be reached, and nothing is stored of it yet.", d.Package)
	case closed && d.elsewhere:
		return fmt.Sprintf("The name %s is owned by a repository that does not have it; that others have it does not count.", d.Package)
	case closed:
		return fmt.Sprintf("The name %s is owned by a repository that does not have it, or was removed.", d.Package)
	case len(order.Follows(d.Package, "")) > 0:
		return fmt.Sprintf("Nothing of %s is here yet: it is fetched when it is first asked for.", d.Package)
	case len(d.rows) > 0:
		return fmt.Sprintf("No repository has %s any more.", d.Package)
	}
	return fmt.Sprintf("No repository of this server has %s.", d.Package)
}

// archive tells of the archive that the version has, or that a lock names.
func (d *decision) archive() {
	switch offered := d.version != nil && d.version.GoneAt == nil; {
	case d.Dist == nil && d.Branch != nil:
		d.Changed = true
		d.note("archive", true, "The branch is at another commit than %s, of which no archive is here yet: it is packed when it is first asked for.", d.Commit)
		return
	case d.Dist == nil && d.version.DistID == nil:
		d.Stored = true
		d.note("archive", true, "It has no archive.")
		return
	case d.Dist == nil:
		d.Changed = true
		now := "has another now"
		if d.version.Reference != nil {
			now = "has " + *d.version.Reference + " now"
		}
		d.refuse(Missing, "archive", "No archive of %s %s with the reference %s is or was here: it %s. Run composer update %s.", d.Package, d.Version, d.named(), now, d.Package)
		return
	case offered && (d.version.DistID == nil || *d.version.DistID != d.Dist.ID):
		d.Changed = true
		d.note("change", true, "An update gets another archive of it by now; a lock gets the one that it names.")
	}
	switch d.Stored = d.Dist.Archive != nil; {
	case d.Stored:
		d.note("archive", true, "Its archive is stored here.")
	case d.Dist.Overwritten:
		d.Changed = true
		d.refuse(Missing, "archive", "Its archive is not stored here, and its source has something else at the same address than when this version was first seen.")
	default:
		d.note("archive", true, "Its archive is not stored here yet: it is fetched when it is first asked for.")
	}
}
