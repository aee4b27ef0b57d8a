package repository

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"broker/ent"
	"broker/ent/claim"
	"broker/ent/repository"
	"broker/server/cached"
	"broker/server/database"
	"broker/server/pattern"
	"broker/server/safehttp"
)

// Owners knows in which order repositories are asked for a name, and who owns it. Whatever is said of a repository is
// in force here as soon as it is announced, whatever was synced before.
type Owners struct {
	db         *database.DB
	kept       *cached.Cache[struct{}, *Order]
	outOfReach func() map[string]safehttp.Outage // by origin; nil: nobody tells
}

// NewOwners reads the order of a database's repositories.
func NewOwners(db *database.DB, memory *cached.Memory) *Owners {
	return &Owners{db: db, kept: cached.NewOne(memory, cached.Options[struct{}, *Order]{
		Topics: []database.Topic{database.TopicRepository}, Any: true, LastKnown: true,
	})}
}

// Order returns the order as it is now. It must not be changed.
func (o *Owners) Order(ctx context.Context) (*Order, error) {
	return o.kept.Get(ctx, struct{}{}, func(ctx context.Context) (*Order, error) { return readOrder(ctx, o.db.Client) })
}

// Order is the repositories by priority, and the claims. It decides which of the repositories that have a package
// answers for it.
type Order struct {
	repositories []asked
	failing      bool // the last sync of one of them failed
	mirrors      bool // one of them tells clients the addresses of its source
	claims       []claimed
}

type asked struct {
	id          string
	unreachable bool
	outage      outage
	followed    bool        // its packages are fetched when they are asked for
	takes       pattern.Set // the names that are taken from it; empty: all
	cooldown    Cooldown
}

// Cooldown is how long a repository holds releases back.
type Cooldown struct {
	Days    int         // 0: not at all
	Excepts pattern.Set // names of which none is
}

// Of is how many days the releases of a package are held back.
func (c Cooldown) Of(name string) int {
	if c.Days > 0 && !c.Excepts.Empty() && c.Excepts.Match(name) {
		return 0
	}
	return c.Days
}

// CooldownOf is how long a repository holds releases back.
func CooldownOf(row *ent.Repository) (Cooldown, error) {
	excepts, err := pattern.Parse(row.CooldownExceptions)
	if err != nil {
		return Cooldown{}, fmt.Errorf("read what the repository %s does not hold back: %w", row.ID, err)
	}
	return Cooldown{row.CooldownDays, excepts}, nil
}

// Cooldown is how many days the releases of a repository's package are held back.
func (o *Order) Cooldown(id, name string) int {
	for _, r := range o.repositories {
		if r.id == id {
			return r.cooldown.Of(name)
		}
	}
	return 0
}

// Cooling are the repositories that hold releases back.
func (o *Order) Cooling() (ids []string) {
	for _, r := range o.repositories {
		if r.cooldown.Days > 0 {
			ids = append(ids, r.id)
		}
	}
	return ids
}

type claimed struct {
	names   pattern.Set
	owner   string // empty once the owner was removed
	removed string // the owner that was removed last; empty where none was
}

func readOrder(ctx context.Context, client *ent.Client) (*Order, error) {
	rows, err := client.Repository.Query().
		Select(repository.FieldID, repository.FieldName, repository.FieldType, repository.FieldURL, repository.FieldEnabled, repository.FieldListed, repository.FieldPackages,
			repository.FieldLastSyncedAt, repository.FieldLastError, repository.FieldCooldownDays, repository.FieldCooldownExceptions, repository.FieldDistMode).
		Order(ent.Asc(repository.FieldPriority, repository.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the repositories: %w", err)
	}
	o := &Order{}
	for _, row := range rows {
		takes, err := pattern.Parse(row.Packages)
		if err != nil {
			return nil, fmt.Errorf("read what is taken from the repository %s: %w", row.ID, err)
		}
		cooldown, err := CooldownOf(row)
		if err != nil {
			return nil, err
		}
		down, err := readOutage(ctx, client, row)
		if err != nil {
			return nil, err
		}
		o.mirrors = o.mirrors || row.DistMode == repository.DistModeMIRROR
		o.failing = o.failing || !down.failedSince.IsZero()
		o.repositories = append(o.repositories, asked{
			cooldown: cooldown, id: row.ID, outage: down, unreachable: row.Enabled && row.Type != repository.TypeARTIFACT && (row.LastSyncedAt == nil || row.LastError != nil), followed: row.Enabled && !row.Listed, takes: takes,
		})
	}
	claims, err := client.Claim.Query().Order(ent.Asc(claim.FieldPattern, claim.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read who owns names: %w", err)
	}
	for _, row := range claims {
		names, err := pattern.Parse([]string{row.Pattern})
		if err != nil {
			return nil, fmt.Errorf("read who owns %q: %w", row.Pattern, err)
		}
		c := claimed{names: names}
		if row.RepositoryID != nil {
			c.owner = *row.RepositoryID
		}
		if row.RemovedRepositoryID != nil {
			c.removed = *row.RemovedRepositoryID
		}
		o.claims = append(o.claims, c)
	}
	return o, nil
}

// Mirrors tells whether a repository has its clients go to its source where an archive cannot be had from here.
func (o *Order) Mirrors() bool { return o.mirrors }

// First is the repository that answers for a name, lower case, among those that have it; empty where none may.
func (o *Order) First(name string, has ...string) string {
	owners, owned := o.owners(name)
	for _, r := range o.repositories {
		for _, id := range has {
			if id == r.id && (!owned || owners[id]) {
				return id
			}
		}
	}
	return ""
}

// Answering are those of some repositories that may answer for a name, lower case, in their order.
func (o *Order) Answering(name string, some ...string) []string {
	owners, owned := o.owners(name)
	var ids []string
	for _, r := range o.repositories {
		if slices.Contains(some, r.id) && (!owned || owners[r.id]) {
			ids = append(ids, r.id)
		}
	}
	return ids
}

// Follows are the repositories that may have a name although nothing of it is stored, as they are followed by name, and
// that come before the one that answers for it; answers is empty where none does.
func (o *Order) Follows(name, answers string) []string {
	owners, owned := o.owners(name)
	var ids []string
	for _, r := range o.repositories {
		if r.id == answers {
			break
		}
		if r.followed && (!owned || owners[r.id]) && (r.takes.Empty() || r.takes.Match(name)) {
			ids = append(ids, r.id)
		}
	}
	return ids
}

// Followed tells whether a repository is followed by name.
func (o *Order) Followed(id string) bool {
	for _, r := range o.repositories {
		if r.id == id {
			return r.followed
		}
	}
	return false
}

// FollowedNames are the patterns of what may be had beside what is stored: of the repositories that are followed by name.
// all tells that it may be anything.
func (o *Order) FollowedNames() (patterns []string, all bool) {
	for _, r := range o.repositories {
		if !r.followed {
			continue
		}
		if r.takes.Empty() {
			return nil, true
		}
		patterns = append(patterns, r.takes.Strings()...)
	}
	return patterns, false
}

// owners are the repositories that own a name; owned tells that it is claimed, also by nobody who is left.
func (o *Order) owners(name string) (owners map[string]bool, owned bool) {
	for _, c := range o.claims {
		if !c.names.Match(name) {
			continue
		}
		owned = true
		if c.owner != "" {
			if owners == nil {
				owners = map[string]bool{}
			}
			owners[c.owner] = true
		}
	}
	return owners, owned
}

// Owners are the repositories that own a name; owned tells that it is claimed, also by nobody who is left.
func (o *Order) Owners(name string) (ids []string, owned bool) {
	owners, owned := o.owners(name)
	return slices.Sorted(maps.Keys(owners)), owned
}

// Closed tells whether a name that no repository answers for is claimed: then no other server may be asked for it. While
// an owner of it is unreachable, nobody knows whether there is such a package.
func (o *Order) Closed(name string) (closed, unreachable bool) {
	owners, owned := o.owners(name)
	for _, r := range o.repositories {
		unreachable = unreachable || r.unreachable && owners[r.id]
	}
	return owned, unreachable
}

// Outlives tells whether what locks name of a repository that was removed may still be served under a name: unless
// somebody else owns it.
func (o *Order) Outlives(name, removed string) bool {
	owned := false
	for _, c := range o.claims {
		if !c.names.Match(name) {
			continue
		}
		if removed != "" && c.removed == removed {
			return true
		}
		owned = true
	}
	return !owned
}

// Patterns are the patterns of all claims, each once, sorted.
func (o *Order) Patterns() []string {
	var patterns []string
	for _, c := range o.claims {
		p := c.names.Strings()[0]
		if len(patterns) == 0 || patterns[len(patterns)-1] != p {
			patterns = append(patterns, p)
		}
	}
	return patterns
}
