package view

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect/sql"

	"broker/ent"
	"broker/ent/packageversion"
	"broker/ent/pin"
	"broker/ent/predicate"
	"broker/server/cached"
	"broker/server/database"
	"broker/server/packagerule"
	"broker/server/pattern"
	"broker/server/repository"
	"broker/server/text"
)

// The bounds of what is told of versions that were held back, blocked or changed.
const (
	newsFor   = 7 * 24 * time.Hour // it is news for
	newsMost  = 1000               // of each kind, the newest
	namedMost = 3                  // in a line
	newsAgain = 10 * time.Minute   // it is read again after, whatever was announced: days pass
	newsBytes = 4 << 20            // of lines, kept in memory
)

// news is what was decided of versions lately, the newest first, for all tokens.
type news struct {
	held, changed []item
	blocked       []rule
	until         time.Time
}

// item is one release.
type item struct {
	name, version, normalized string
	released                  time.Time // or first seen here; zero where neither is known
	at                        time.Time // when it was first seen, or the change was
	since                     string    // what was then: first seen, or released
	until                     time.Time // it is held back until
}

// newsKey is a token's view of them.
type newsKey struct{ patterns, rules string }

type newsLines struct {
	lines []Message
	until time.Time
}

type newsroom struct {
	all   *cached.Cache[struct{}, *news]
	lines *cached.Cache[newsKey, newsLines]
}

func newNewsroom(memory *cached.Memory) newsroom {
	topics := []database.Topic{database.TopicNews, database.TopicBlock, database.TopicRepository}
	return newsroom{
		all: cached.NewOne(memory, cached.Options[struct{}, *news]{Topics: topics, Any: true, LastKnown: true,
			Until: func(n *news) time.Time { return n.until }}),
		lines: cached.New(memory, cached.Options[newsKey, newsLines]{Topics: append(topics, database.TopicNames), Any: true, Bytes: newsBytes, LastKnown: true,
			Weigh: func(k newsKey, l newsLines) uint32 {
				return uint32(len(k.patterns)+len(k.rules)+len(l.lines)*500) + 200
			},
			Until: func(l newsLines) time.Time { return l.until }}),
	}
}

// News are lines on the versions that were held back, blocked or found changed within the last days, of those that a
// token with these patterns and rules may have: one of each kind, the most important first. What cannot be read just now
// is not told: no answer is refused for a line in it.
func (v *View) News(ctx context.Context, visible pattern.Set, rules packagerule.Set, now time.Time) []Message {
	all, err := v.newsroom.all.Get(ctx, struct{}{}, v.readNews)
	if err != nil || len(all.held)+len(all.changed)+len(all.blocked) == 0 {
		return nil
	}
	told, err := v.newsroom.lines.Get(ctx, newsKey{visible.Key(), rules.Key()}, func(ctx context.Context) (newsLines, error) {
		here, err := v.names.get(ctx)
		if err != nil {
			return newsLines{}, err
		}
		return newsLines{all.lines(visible, rules, here, now), all.until}, nil
	})
	if err != nil {
		return nil
	}
	return told.lines
}

func (v *View) readNews(ctx context.Context) (*news, error) {
	now := time.Now().UTC()
	n, since := &news{until: now.Add(newsAgain)}, now.Add(-newsFor)
	blocks, err := v.blocks.all(ctx)
	if err != nil {
		return nil, err
	}
	for _, some := range blocks.named {
		n.blocked = append(n.blocked, some...)
	}
	n.blocked = slices.DeleteFunc(append(n.blocked, blocks.patterns...), func(r rule) bool { return r.row.CreatedAt.Before(since) })
	slices.SortFunc(n.blocked, func(a, b rule) int { return strings.Compare(b.row.ID, a.row.ID) })
	n.blocked = n.blocked[:min(len(n.blocked), newsMost)]
	order, err := v.owners.Order(ctx)
	if err != nil {
		return nil, err
	}
	if cooling := order.Cooling(); len(cooling) > 0 {
		some := make([]any, len(cooling))
		for i, id := range cooling {
			some[i] = id
		}
		young := pinnedBy(sql.In(pin.FieldRepositoryID, some...), sql.IsNull(pin.FieldReleasedAt), sql.GT(pin.FieldSeenAt, since))
		if n.held, err = v.readItems(ctx, order, young, func(one *item, row *ent.PackageVersion, of *ent.Pkg) bool {
			seen := *row.Edges.Pin.SeenAt
			one.at, one.since, one.until = seen, "first seen", seen.AddDate(0, 0, order.Cooldown(*of.RepositoryID, of.Name))
			if stored := FirstSeen(row); stored != nil && seen.Before(stored.Add(-time.Minute)) {
				one.since = "released"
			}
			return one.until.After(now) && blocking(blocks.of(one.name), one.name, one.normalized) == nil
		}); err != nil {
			return nil, err
		}
		for _, one := range n.held {
			if one.until.Before(n.until) {
				n.until = one.until
			}
		}
	}
	n.changed, err = v.readItems(ctx, order, pinnedBy(sql.GT(pin.FieldChangedAt, since)), func(one *item, row *ent.PackageVersion, _ *ent.Pkg) bool {
		one.at = *row.Edges.Pin.ChangedAt
		return true
	})
	return n, err
}

// readItems reads the versions that are served and that fit, the newest first.
func (v *View) readItems(ctx context.Context, order *repository.Order, which predicate.PackageVersion, fits func(*item, *ent.PackageVersion, *ent.Pkg) bool) ([]item, error) {
	rows, err := v.db.Reports.PackageVersion.Query().Where(packageversion.GoneAtIsNil(), which).
		Order(ent.Desc(packageversion.FieldID)).Limit(newsMost).WithPin().WithPackage().All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what was decided of versions: %w", err)
	}
	var names []string
	for _, row := range rows {
		names = append(names, row.Edges.Package.Name)
	}
	slices.Sort(names)
	served := map[string]string{}
	for some := range slices.Chunk(slices.Compact(names), namesAtOnce) {
		if err := v.addServed(ctx, order, some, served); err != nil {
			return nil, err
		}
	}
	var items []item
	for _, row := range rows {
		of, pinned := row.Edges.Package, row.Edges.Pin
		if pinned == nil || served[of.ID] == "" {
			continue
		}
		one := item{name: of.Name, version: row.Version, normalized: row.NormalizedVersion}
		if row.ReleasedAt != nil {
			one.released = *row.ReleasedAt
		} else if pinned.SeenAt != nil {
			one.released = *pinned.SeenAt
		}
		if fits(&one, row, of) {
			items = append(items, one)
		}
	}
	slices.SortStableFunc(items, func(a, b item) int { return b.at.Compare(a.at) })
	return items, nil
}

// lines are what a token with these patterns and rules is told of it. Here are the names of all packages.
func (n *news) lines(visible pattern.Set, rules packagerule.Set, here []string, now time.Time) (lines []Message) {
	add := func(beginning string, names []string) {
		if len(names) > 0 {
			lines = append(lines, Message{text.Composer(beginning + listed(names)), "*"})
		}
	}
	var blocked []string
	for _, r := range n.blocked {
		if r.seen(visible, here) {
			blocked = append(blocked, r.said())
		}
	}
	add("Blocked: ", blocked)
	may := func(one item) bool {
		return visible.Match(one.name) && rules.For(one.name).Allows(one.normalized, one.released)
	}
	var changed []string
	for _, one := range n.changed {
		if may(one) {
			changed = append(changed, fmt.Sprintf("%s %s (since %s)", one.name, one.version, one.at.UTC().Format("2 January")))
		}
	}
	add("Changed by the source, and served as it was first seen: ", changed)
	beginning, held := n.heldBack(may, now)
	add(beginning, held)
	return lines
}

// heldBack is what is held back: where all of it is until one day, that is said once.
func (n *news) heldBack(may func(item) bool, now time.Time) (beginning string, held []string) {
	days := map[string]bool{}
	day := func(one item) string { return one.until.UTC().Format("2 January") }
	some := slices.DeleteFunc(slices.Clone(n.held), func(one item) bool { return !may(one) || !one.until.After(now) })
	for _, one := range some {
		days[day(one)] = true
	}
	beginning = "Held back: "
	for _, one := range some {
		until := ", until " + day(one)
		if len(days) == 1 {
			beginning, until = "Held back until "+day(one)+": ", ""
		}
		held = append(held, fmt.Sprintf("%s %s (%s %s%s)", one.name, one.version, one.since, ago(now.Sub(one.at)), until))
	}
	return beginning, held
}

// seen tells whether a token with these patterns sees a package that a block is of. Here are the names of all, sorted.
func (r rule) seen(visible pattern.Set, here []string) bool {
	if !strings.Contains(r.row.Package, "*") { // most are of one name
		_, is := slices.BinarySearch(here, r.row.Package)
		return is && visible.Match(r.row.Package)
	}
	return slices.ContainsFunc(here, func(name string) bool { return r.names.Match(name) && visible.Match(name) })
}

// said is a block for people, short.
func (r rule) said() string {
	of := r.row.Package
	if !r.whole() {
		of += " " + r.row.Versions
	}
	return text.Line(of, 120) + " (" + text.Line(r.reason, 120) + ")"
}

func ago(passed time.Duration) string {
	switch days := int(passed.Hours() / 24); days {
	case 0:
		return "less than a day ago"
	case 1:
		return "1 day ago"
	default:
		return fmt.Sprintf("%d days ago", days)
	}
}

// listed names the first few, and how many more there are.
func listed(names []string) string {
	said := strings.Join(names[:min(len(names), namedMost)], ", ")
	switch more := len(names) - namedMost; {
	case more > newsMost/2:
		return said + ", and many more"
	case more > 0:
		return fmt.Sprintf("%s, and %d more", said, more)
	}
	return said
}
