package view

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/oklog/ulid/v2"

	"broker/ent"
	"broker/ent/block"
	"broker/ent/packageversion"
	"broker/ent/pin"
	"broker/ent/predicate"
	"broker/server/cached"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/metadata"
	"broker/server/pattern"
	"broker/server/repository"
)

// Blocked says that a version is offered to nobody, for the reason that somebody gave. Its text is for people.
type Blocked struct {
	Package, Version string // as it was asked for
	Reason           string
	Link             string // empty where there is none
}

func (b *Blocked) Error() string {
	return fmt.Sprintf("%s %s is blocked here: %s", b.Package, b.Version, b.reason())
}

// reason is why, with the link.
func (b *Blocked) reason() string {
	if b.Link == "" {
		return b.Reason
	}
	return b.Reason + " (" + b.Link + ")"
}

// rule is one block.
type rule struct {
	names    pattern.Set
	versions metadata.Constraint
	reason   string
	link     string
	row      *ent.Block
}

// whole tells whether it is of every version there can be.
func (r rule) whole() bool { return r.versions.String() == "*" }

// rules are all blocks: those of one name by it, and those of patterns.
type rules struct {
	named    map[string][]rule
	patterns []rule
}

// blocks keeps the blocks in memory.
type blocks struct {
	db   *database.DB
	kept *cached.Cache[struct{}, *rules]
}

func newBlocks(db *database.DB, memory *cached.Memory) *blocks {
	return &blocks{db: db, kept: cached.NewOne(memory, cached.Options[struct{}, *rules]{
		Topics: []database.Topic{database.TopicBlock}, Any: true, LastKnown: true,
	})}
}

func (b *blocks) all(ctx context.Context) (*rules, error) {
	return b.kept.Get(ctx, struct{}{}, b.read)
}

// of are the blocks of a package.
func (b *blocks) of(ctx context.Context, name string) ([]rule, error) {
	all, err := b.all(ctx)
	if err != nil {
		return nil, err
	}
	return all.of(name), nil
}

func (all *rules) none() bool { return len(all.named) == 0 && len(all.patterns) == 0 }

func (all *rules) of(name string) []rule {
	found := all.named[name]
	for _, r := range all.patterns {
		if r.names.Match(name) {
			found = append(slices.Clip(found), r)
		}
	}
	return found
}

// names are the names and patterns of all blocks.
func (b *blocks) names(ctx context.Context) ([]string, error) {
	all, err := b.kept.Get(ctx, struct{}{}, b.read)
	if err != nil {
		return nil, err
	}
	names := slices.Collect(maps.Keys(all.named))
	for _, r := range all.patterns {
		names = append(names, r.row.Package)
	}
	return names, nil
}

func (b *blocks) read(ctx context.Context) (*rules, error) {
	rows, err := b.db.Client.Block.Query().Order(ent.Asc(block.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the blocks: %w", err)
	}
	all := &rules{named: map[string][]rule{}}
	for _, row := range rows {
		one, err := newRule(row)
		if err != nil {
			return nil, fmt.Errorf("read the block %s: %w", row.ID, err)
		}
		if strings.Contains(row.Package, "*") {
			all.patterns = append(all.patterns, one)
		} else {
			all.named[row.Package] = append(all.named[row.Package], one)
		}
	}
	return all, nil
}

func newRule(row *ent.Block) (one rule, err error) {
	if one.names, err = pattern.Parse([]string{row.Package}); err != nil {
		return one, err
	}
	if one.versions, err = metadata.ParseConstraint(row.Versions); err != nil {
		return one, err
	}
	one.reason, one.row = row.Reason, row
	if row.Link != nil {
		one.link = *row.Link
	}
	return one, nil
}

// blocking is the first of some blocks that a version is of; nil where there is none.
func blocking(some []rule, name, version string) *Blocked {
	for _, r := range some {
		if r.versions.Match(version) {
			return &Blocked{name, version, r.reason, r.link}
		}
	}
	return nil
}

// offers is what is decided of the versions of a package, beside what is stored of them.
type offers struct {
	name    string
	dev     bool
	blocked []rule
	held    map[string]time.Time // releases by normalised version, with when their cooldown ends
}

// offers reads what is in force for a repository's package. Where nothing is, it costs no look-up.
func (v *View) offers(ctx context.Context, order *repository.Order, repositoryID, name string, dev bool) (o offers, err error) {
	o.name, o.dev = name, dev
	if o.blocked, err = v.blocks.of(ctx, name); err != nil || dev {
		return o, err
	}
	days := order.Cooldown(repositoryID, name)
	if days == 0 {
		return o, nil
	}
	rows, err := v.db.Client.Pin.Query().
		Where(pin.RepositoryID(repositoryID), pin.Package(name), pin.SeenAtGT(time.Now().UTC().AddDate(0, 0, -days)), pin.ReleasedAtIsNil()).
		Select(pin.FieldNormalizedVersion, pin.FieldSeenAt).All(ctx)
	if err != nil {
		return o, fmt.Errorf("read what is held back of %s: %w", name, err)
	}
	o.held = make(map[string]time.Time, len(rows))
	for _, row := range rows {
		o.held[row.NormalizedVersion] = row.SeenAt.AddDate(0, 0, days)
	}
	return o, nil
}

func (o *offers) any() bool { return len(o.blocked) > 0 || len(o.held) > 0 }

// apply leaves what is held back or blocked out of a stored document, and tells when that will be another.
func (o *offers) apply(d *Document, body []byte) ([]byte, error) {
	versions, _, err := metadata.NewReader().Read(o.name, body)
	if err != nil {
		return nil, fmt.Errorf("read the document of %s: %w", o.name, err)
	}
	stored := len(versions)
	versions = slices.DeleteFunc(versions, func(one metadata.Version) bool {
		until, held := o.held[one.Normalized]
		blocked := blocking(o.blocked, o.name, one.Normalized) != nil
		if held && !blocked && (d.until.IsZero() || until.Before(d.until)) {
			d.until = until
		}
		return held || blocked
	})
	if len(versions) == stored {
		return body, nil
	}
	return metadata.Render(o.name, versions, metadata.RenderOptions{KeepSource: true, Dev: o.dev, Dist: func(one *metadata.Version) metadata.Dist {
		offered, _ := one.Dist()
		return offered
	}})
}

// complete makes of a stored document what is served: without what is held back or blocked, and with what is known of
// the package. Where that is nothing, it stays as it is stored.
func (v *View) complete(ctx context.Context, d *Document, o offers) error {
	var advisories, filter []byte
	if !o.dev {
		var err error
		if advisories, filter, err = v.notices(ctx, o.name, d.RepositoryID); err != nil {
			return err
		}
	}
	if !o.any() && advisories == nil && filter == nil {
		return nil
	}
	body, err := catalog.Decompress(d.Body, d.Size)
	if err != nil {
		return fmt.Errorf("read the document of %s: %w", o.name, err)
	}
	if o.any() {
		if body, err = o.apply(d, body); err != nil {
			return err
		}
	}
	if advisories != nil || filter != nil {
		body = metadata.WithNotices(body, advisories, filter)
	}
	digest := sha256.Sum256(body)
	d.Body, d.Size, d.LastModified = catalog.Compress(body), len(body), validator(digest[:])
	return nil
}

// IsBlocked tells whether a version of a package, normalised, is offered to nobody.
func (v *View) IsBlocked(ctx context.Context, name, version string) (bool, error) {
	some, err := v.blocks.of(ctx, name)
	return err == nil && blocking(some, name, version) != nil, err
}

// Offer is what is decided of one version.
type Offer struct {
	HeldUntil *time.Time // nil where it is not held back
	Withheld  *string    // why it is not offered, or not as its source has it now, for people: all of it, what keeps it longest first; nil where it is
}

// Offer tells what is decided of a version.
func (v *View) Offer(ctx context.Context, version *ent.PackageVersion) (offer Offer, err error) {
	of, err := version.Edges.PackageOrErr()
	if err != nil {
		if of, err = version.QueryPackage().Only(ctx); err != nil {
			return offer, fmt.Errorf("read the package of %s: %w", version.ID, err)
		}
	}
	var said []string
	defer func() {
		if why := strings.Join(said, " "); err == nil && why != "" {
			offer.Withheld = &why
		}
	}()
	say := func(why string) { said = append(said, why) }
	some, err := v.blocks.of(ctx, of.Name)
	if err != nil {
		return offer, err
	}
	if blocked := blocking(some, of.Name, version.NormalizedVersion); blocked != nil {
		say("Blocked: " + sentence(blocked.Reason))
	}
	if version.GoneAt != nil || of.GoneAt != nil || of.RepositoryID == nil {
		say("Its source no longer has it.")
		return offer, nil
	}
	pinned, err := PinOf(ctx, version)
	if err != nil || pinned == nil {
		return offer, err
	}
	order, err := v.owners.Order(ctx)
	if err != nil {
		return offer, err
	}
	if days := order.Cooldown(*of.RepositoryID, of.Name); days > 0 && pinned.SeenAt != nil && pinned.ReleasedAt == nil {
		if until := pinned.SeenAt.AddDate(0, 0, days); until.After(time.Now()) {
			offer.HeldUntil = &until
			since := "first seen"
			if seen := FirstSeen(version); seen != nil && pinned.SeenAt.Before(seen.Add(-time.Minute)) { // it was there when the first sync came
				since = "released"
			}
			say("Held back: it was " + since + " " + pinned.SeenAt.UTC().Format("2 January 2006 15:04 UTC") + ".")
		}
	}
	otherwise := "; what was first seen is served."
	if len(said) > 0 {
		otherwise = " than when it was first seen."
	}
	switch {
	case len(pinned.Change) == 0:
	case version.DistID == nil && pinned.Address != "":
		say("Its source had removed it, and has something else under this version now.")
	case pinned.ChangedAt != nil && pinned.ChangedSha256 != "":
		say("Its source delivers other bytes now" + otherwise)
	case pinned.ChangedAt != nil:
		say("Its source says something else of it now" + otherwise)
	}
	return offer, nil
}

// sentence is a text that ends as one does.
func sentence(text string) string {
	if strings.HasSuffix(text, ".") || strings.HasSuffix(text, "!") || strings.HasSuffix(text, "?") {
		return text
	}
	return text + "."
}

// FirstSeen is when this server first stored a version; nil where its ids do not tell. An id begins with when it was made
// (see ent/schema/id.go): that of a release's pin outlives a version that was gone for long, and that of a version is
// older than its pin where it was stored before there were pins.
func FirstSeen(version *ent.PackageVersion) (first *time.Time) {
	ids := []string{version.ID}
	if version.PinID != nil {
		ids = append(ids, *version.PinID)
	}
	for _, id := range ids {
		_, made, _ := strings.Cut(id, "_")
		read, err := ulid.ParseStrict(strings.ToUpper(made))
		if err != nil {
			continue
		}
		if at := read.Timestamp().UTC(); first == nil || at.Before(*first) {
			first = &at
		}
	}
	return first
}

// PinOf is what a release was when it was first seen; nil of a branch.
func PinOf(ctx context.Context, version *ent.PackageVersion) (*ent.Pin, error) {
	if version.PinID == nil {
		return nil, nil
	}
	found, err := version.Edges.PinOrErr()
	if err != nil {
		found, err = version.QueryPin().Only(ctx)
	}
	if ent.IsNotFound(err) { // its repository was removed
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what is pinned of %s: %w", version.ID, err)
	}
	return found, nil
}

// Held selects the versions that are held back now.
func (v *View) Held(ctx context.Context, client *ent.Client) (*ent.PackageVersionQuery, error) {
	rows, err := client.Repository.Query().All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the repositories: %w", err)
	}
	held := packageversion.IDEQ("") // none
	for _, row := range rows {
		cooldown, err := repository.CooldownOf(row)
		if err != nil {
			return nil, err
		}
		if cooldown.Days == 0 {
			continue
		}
		young := pinnedBy(sql.EQ(pin.FieldRepositoryID, row.ID), sql.IsNull(pin.FieldReleasedAt), sql.GT(pin.FieldSeenAt, time.Now().UTC().AddDate(0, 0, -cooldown.Days)))
		if !cooldown.Excepts.Empty() {
			young = packageversion.And(young, packageversion.Not(packageversion.HasPackageWith(Within(cooldown.Excepts))))
		}
		held = packageversion.Or(held, young)
	}
	return client.PackageVersion.Query().Where(packageversion.GoneAtIsNil(), held), nil
}

// Changed selects the versions of which their source says something else than what is served, and nobody decided.
func (v *View) Changed(client *ent.Client) *ent.PackageVersionQuery {
	return client.PackageVersion.Query().Where(packageversion.GoneAtIsNil(), pinnedBy(sql.NotNull(pin.FieldChangedAt)))
}

// pinnedBy selects the versions that pins of some kind are of. The pins are found first: there are few of them, and a
// million versions.
func pinnedBy(which ...*sql.Predicate) predicate.PackageVersion {
	return func(s *sql.Selector) {
		pins := sql.Dialect(s.Dialect()).Table(pin.Table)
		s.Where(sql.In(s.C(packageversion.FieldPinID), sql.Dialect(s.Dialect()).Select(pins.C(pin.FieldID)).From(pins).Where(sql.And(which...))))
	}
}
