package graph_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"broker/ent/downloadday"
	"broker/ent/packageversion"
	"broker/server/fold"
	"broker/server/notice"
)

// row is a row of a list as the tests see it: what tells it from others, and the keys by which a plain sort orders it.
type row struct {
	is   string
	keys map[string]key // by the order; the empty one where nothing is asked for
}

// key is a value that rows are ordered by: what has none is before or after all others by its class.
type key struct {
	class  int
	number int64
	text   string
	desc   bool // always, whatever is asked for
}

func at(t time.Time) key { return key{number: t.UnixMicro()} }

func maybe(t *time.Time, without int) key {
	if t == nil {
		return key{class: without}
	}
	return at(*t)
}

func (a key) compare(b key) int {
	c := cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.number, b.number), cmp.Compare(a.text, b.text))
	if a.desc {
		return -c
	}
	return c
}

// Without a date, a row is later than every date, or earlier.
const (
	late  = 1
	early = -1
)

// shelf is a connection over a database: how it is asked for, what its rows are, and how rows come.
type shelf struct {
	arguments string // beside those of a page
	inside    func(connection string) string
	outside   func(data map[string]json.RawMessage) json.RawMessage
	node      string // what tells a row from others
	desc      bool   // the last key, the id, runs backward
	rows      func() []row
	add       func() (is string)
	remove    func(is string)
}

// moment is one of few, so that rows tie; now and then nil.
func moment(random *rand.Rand) *time.Time {
	if random.IntN(3) == 0 {
		return nil
	}
	t := time.Date(2026, 11, 1+random.IntN(3), 0, 0, 0, []int{0, 1000, 500_000_000, 999_999_000}[random.IntN(4)], time.UTC)
	if random.IntN(5) == 0 {
		t = time.Date([]int{1, 9999}[random.IntN(2)], 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	}
	return &t
}

var someTexts = []string{"apple", "Apple", "Zebra", "zebra", "Ärzte", "ärzte", "äpfel", "МОСКВА", "москва", "100 %", "a_b", "a-b", "a b", "東京", "\U0001F600",
	"", "\U0001F600\U0001F600", strings.Repeat("\uFDFA", 200), squares()}

// squares are as many letters as a description may have, which fold to five times as many: an index takes that.
func squares() string {
	var b strings.Builder
	for i := range 200 {
		b.WriteRune(rune(0x3300 + i*i*7%88))
	}
	return b.String()
}

func one[T any](random *rand.Rand, all []T) T { return all[random.IntN(len(all))] }

// plainly asks for a connection of the root.
func plainly(name string) shelf {
	return shelf{
		inside:  func(connection string) string { return "{" + name + connection + "}" },
		outside: func(data map[string]json.RawMessage) json.RawMessage { return data[name] },
		node:    "id",
	}
}

// within asks for a connection of a node.
func within(id, kind, name string) shelf {
	return shelf{
		inside: func(connection string) string {
			return fmt.Sprintf("{node(id:%q){...on %s{%s%s}}}", id, kind, name, connection)
		},
		outside: func(data map[string]json.RawMessage) json.RawMessage {
			var node map[string]json.RawMessage
			_ = json.Unmarshal(data["node"], &node) // empty where the answer is an error
			return node[name]
		},
		node: "id",
	}
}

// shelves are the connections over a world, by their path. Each order of the schema has its key here, and so its plain
// sort.
func (w *world) shelves(random *rand.Rand) map[string]shelf {
	ctx, c := w.Context(), w.db.Client
	n := 100
	next := func() int { n++; return n }
	tokens := plainly("tokens")
	tokens.rows = func() []row {
		var all []row
		for _, t := range c.Token.Query().AllX(ctx) {
			all = append(all, row{t.ID, map[string]key{
				"": at(t.CreatedAt), "CREATED_AT": at(t.CreatedAt), "DESCRIPTION": {text: fold.Text(t.Description)},
				"LAST_USED_AT": maybe(t.LastUsedAt, early), "EXPIRES_AT": maybe(t.ExpiresAt, late),
			}})
		}
		return all
	}
	tokens.add = func() string {
		create := c.Token.Create().SetDescription(one(random, someTexts)).SetCreatedBy("x").SetNillableExpiresAt(moment(random)).SetNillableLastUsedAt(moment(random))
		return create.SetNillableCreatedAt(moment(random)).SaveX(ctx).ID
	}
	tokens.remove = func(id string) { c.Token.DeleteOneID(id).ExecX(ctx) }

	repositories := plainly("repositories")
	repositories.rows = func() []row {
		var all []row
		for _, r := range c.Repository.Query().AllX(ctx) {
			all = append(all, row{r.ID, map[string]key{
				"": {}, "NAME": {text: r.Name}, "PRIORITY": {number: int64(r.Priority)}, "LAST_SYNCED_AT": maybe(r.LastSyncedAt, early),
			}})
		}
		return all
	}
	repositories.add = func() string {
		return c.Repository.Create().SetName(fmt.Sprintf("%s%d", one(random, []string{"a-", "a", "b", "z0"}), next())).SetType("COMPOSER").SetURL("https://example.org").
			SetPriority(random.IntN(3)).SetNillableLastSyncedAt(moment(random)).SaveX(ctx).ID
	}
	repositories.remove = func(id string) { c.Repository.DeleteOneID(id).ExecX(ctx) }

	packages := plainly("packages")
	packages.rows = func() []row {
		var all []row
		for _, p := range c.Pkg.Query().AllX(ctx) {
			all = append(all, row{p.ID, map[string]key{
				"": {}, "NAME": {text: p.Name}, "DOWNLOADS": {number: p.Downloads}, "RELEASED_AT": maybe(p.ReleasedAt, early),
			}})
		}
		return all
	}
	packages.add = func() string {
		return c.Pkg.Create().SetName(fmt.Sprintf("%s%d", one(random, []string{"acme/a-", "acme/a_", "acme/ab", "acme-x/a", "acme.x/a"}), next())).SetRepositoryID(w.repo.ID).
			SetDownloads(one(random, []int64{0, 0, 7, 1 << 53, 1<<63 - 1})).SetNillableReleasedAt(moment(random)).SaveX(ctx).ID
	}
	packages.remove = func(id string) { c.Pkg.DeleteOneID(id).ExecX(ctx) }

	versions := within(w.pkg.ID, "Package", "versions")
	versions.rows = func() []row {
		var all []row
		for _, v := range w.pkg.QueryVersions().AllX(ctx) {
			all = append(all, row{v.ID, map[string]key{"": {number: int64(v.Position)}}})
		}
		return all
	}
	versions.add = func() string {
		i := next()
		return c.PackageVersion.Create().SetPackageID(w.pkg.ID).SetVersion(fmt.Sprint(i)).SetNormalizedVersion(fmt.Sprintf("%d.0.0.0", i)).
			SetPosition(random.IntN(4)).SaveX(ctx).ID
	}
	versions.remove = func(id string) { c.PackageVersion.DeleteOneID(id).ExecX(ctx) }

	syncs := within(w.repo.ID, "Repository", "syncs")
	syncs.desc = true
	syncs.rows = func() []row {
		var all []row
		for _, s := range w.repo.QuerySyncs().AllX(ctx) {
			k := at(s.CreatedAt)
			k.desc = true
			all = append(all, row{s.ID, map[string]key{"": k}})
		}
		return all
	}
	syncs.add = func() string {
		c.SyncRun.Update().ClearActive().ExecX(ctx) // a repository has one active run at most
		return c.SyncRun.Create().SetRepositoryID(w.repo.ID).SetTrigger("manual").SetNillableCreatedAt(moment(random)).SaveX(ctx).ID
	}
	syncs.remove = func(id string) { c.SyncRun.DeleteOneID(id).ExecX(ctx) }

	claims := plainly("claims")
	claims.rows = func() []row {
		var all []row
		for _, claimed := range c.Claim.Query().AllX(ctx) {
			all = append(all, row{claimed.ID, map[string]key{"": {text: claimed.Pattern}}})
		}
		return all
	}
	claims.add = func() string { // several closed ones may be of one pattern
		return c.Claim.Create().SetPattern(one(random, []string{"acme/*", "acme/a-*", "acme-x/*", "a*/b"})).SaveX(ctx).ID
	}
	claims.remove = func(id string) { c.Claim.DeleteOneID(id).ExecX(ctx) }

	blocks := plainly("blocks")
	blocks.rows = func() []row {
		var all []row
		for _, b := range c.Block.Query().AllX(ctx) {
			all = append(all, row{b.ID, map[string]key{"": {text: b.Package}}})
		}
		return all
	}
	blocks.add = func() string {
		return c.Block.Create().SetPackage(one(random, []string{"acme/*", "acme/lib", "b/c"})).SetVersions("*").SetReason("x").SetCreatedBy("x").SaveX(ctx).ID
	}
	blocks.remove = func(id string) { c.Block.DeleteOneID(id).ExecX(ctx) }

	advisories := plainly("advisories")
	advisories.rows = func() []row {
		var all []row
		for _, a := range c.Advisory.Query().AllX(ctx) {
			all = append(all, row{a.ID, map[string]key{"": {text: a.Package}}})
		}
		return all
	}
	advisories.add = func() string {
		return c.Advisory.Create().SetPackage(one(random, []string{"acme/a", "acme/lib-x", "b/c"})).SetAdvisoryID(fmt.Sprint("BROKER-", next())).SetAffectedVersions("*").
			SetTitle("x").SetReportedAt(time.Now()).SetSource("x").SetRemoteID("x").SetCreatedBy("x").SaveX(ctx).ID
	}
	advisories.remove = func(id string) { c.Advisory.DeleteOneID(id).ExecX(ctx) }

	// What tokens installed of versions that a block is of, by package, version and token; each of another token.
	installs := plainly("affectedInstalls")
	installs.node = "lastAt" // each is another
	affected := c.Repository.Create().SetName("affected").SetType("COMPOSER").SaveX(ctx)
	names, versionNames := []string{"acme-x/a", "acme-x/a-b", "acme-x/b"}, []string{"1.0.0.0", "dev-B", "dev-a", "dev-é"}
	for _, name := range names {
		p := c.Pkg.Create().SetName(name).SetRepositoryID(affected.ID).SetDownloads(1).SaveX(ctx)
		for _, version := range versionNames {
			c.PackageVersion.Create().SetPackageID(p.ID).SetVersion(version).SetNormalizedVersion(version).SetDownloads(1).SaveX(ctx)
		}
	}
	c.Block.Create().SetPackage("acme-x/*").SetVersions("*").SetReason("x").SetCreatedBy("x").ExecX(ctx)
	installs.rows = func() []row {
		var all []row
		for _, d := range c.DownloadDay.Query().Where(downloadday.PackageIn(names...)).AllX(ctx) {
			all = append(all, row{d.LastAt.UTC().Format(time.RFC3339), map[string]key{"": {text: d.Package + "\n" + d.Version + "\n" + d.TokenID}}})
		}
		return all
	}
	now := time.Now().UTC().Truncate(time.Second)
	installs.add = func() string {
		i := next()
		last := now.Add(-time.Duration(i) * time.Second) // from one instant, or two rows may have one
		return c.DownloadDay.Create().SetID(int64(100_000 + i)).SetDay(last.Truncate(24 * time.Hour)).SetTokenID(one(random, []string{"tok_a", "tok_A", "tok_-"}) + fmt.Sprint(i)).
			SetPackage(one(random, names)).SetVersion(one(random, versionNames)).SetFirstAt(last).SetLastAt(last).SetDownloads(1).SaveX(ctx).LastAt.Format(time.RFC3339)
	}
	installs.remove = func(lastAt string) {
		for _, d := range c.DownloadDay.Query().AllX(ctx) {
			if d.LastAt.UTC().Format(time.RFC3339) == lastAt {
				c.DownloadDay.DeleteOne(d).ExecX(ctx)
			}
		}
	}

	organizations := plainly("organizations")
	organizations.rows = func() []row {
		var all []row
		for _, o := range c.Organization.Query().AllX(ctx) {
			all = append(all, row{o.ID, map[string]key{"": {text: o.Name}}})
		}
		return all
	}
	organizations.add = func() string { // of several hosts
		return c.Organization.Create().SetHost("GITEA").SetURL(fmt.Sprintf("https://git-%d.example.org", next())).SetName(one(random, []string{"acme", "Acme", "a-b", "é"})).SaveX(ctx).ID
	}
	organizations.remove = func(id string) { c.Organization.DeleteOneID(id).ExecX(ctx) }

	decided := func(name string) shelf {
		s := plainly(name)
		of := c.Repository.Create().SetName(strings.ToLower(name)).SetType("COMPOSER").SetCooldownDays(30).SaveX(ctx)
		in := c.Pkg.Create().SetName("acme/" + strings.ToLower(name)).SetRepositoryID(of.ID).SaveX(ctx)
		s.rows = func() []row {
			var all []row
			for _, v := range c.PackageVersion.Query().Where(packageversion.PackageID(in.ID)).AllX(ctx) {
				all = append(all, row{v.ID, map[string]key{"": {}}})
			}
			return all
		}
		s.add = func() string {
			version := fmt.Sprintf("%d.0.0.0", next())
			create := c.Pin.Create().SetRepositoryID(of.ID).SetPackage(in.Name).SetNormalizedVersion(version)
			if name == "changedVersions" {
				create.SetChangedAt(time.Now())
			} else {
				create.SetSeenAt(time.Now())
			}
			return c.PackageVersion.Create().SetPackageID(in.ID).SetVersion(version).SetNormalizedVersion(version).SetPin(create.SaveX(ctx)).SaveX(ctx).ID
		}
		s.remove = func(id string) { c.PackageVersion.DeleteOneID(id).ExecX(ctx) }
		return s
	}

	dependents := within(w.version.ID, "PackageVersion", "dependents")
	requiring := c.Repository.Create().SetName("requiring").SetType("COMPOSER").SaveX(ctx)
	dependents.rows = func() []row {
		var all []row
		for _, p := range requiring.QueryPackageRows().AllX(ctx) {
			all = append(all, row{p.ID, map[string]key{"": {text: p.Name}}})
		}
		return all
	}
	dependents.add = func() string {
		p := c.Pkg.Create().SetName(fmt.Sprintf("%s/%d", one(random, []string{"a", "b-c", "b"}), next())).SetRepositoryID(requiring.ID).SaveX(ctx)
		c.Requirement.Create().SetPackageID(p.ID).SetName("acme/lib").SaveX(ctx)
		return p.ID
	}
	dependents.remove = func(id string) { c.Pkg.DeleteOneID(id).ExecX(ctx) }

	users := plainly("users")
	users.rows = func() []row {
		var all []row
		for _, u := range c.User.Query().AllX(ctx) {
			all = append(all, row{u.ID, map[string]key{"": {text: u.Email}}})
		}
		return all
	}
	users.add = func() string {
		email := fmt.Sprintf("%s%d@example.org", one(random, []string{"a", "a.b", "a-b", "ab", "z"}), next())
		return c.User.Create().SetEmail(email).SetRole("VIEWER").SetPasswordHash("x").SaveX(ctx).ID
	}
	users.remove = func(id string) { c.User.DeleteOneID(id).ExecX(ctx) }

	deliveries := shelf{
		inside: func(connection string) string { return "{noticeEndpoints{deliveries" + connection + "}}" },
		outside: func(data map[string]json.RawMessage) json.RawMessage {
			var all []map[string]json.RawMessage
			if json.Unmarshal(data["noticeEndpoints"], &all) != nil || len(all) == 0 { // the answer is an error
				return nil
			}
			return all[0]["deliveries"]
		},
		node: "id", desc: true,
	}
	endpoint, _, err := w.notices.CreateEndpoint(ctx, notice.NewEndpoint{URL: "http://127.0.0.1:1"})
	w.must(err)
	deliveries.rows = func() []row {
		var all []row
		for _, d := range c.NoticeDelivery.Query().AllX(ctx) {
			k := at(d.CreatedAt)
			k.desc = true
			all = append(all, row{d.ID, map[string]key{"": k}})
		}
		return all
	}
	deliveries.add = func() string {
		return c.NoticeDelivery.Create().SetEndpointID(endpoint.ID).SetNoticeID("ntc_1").SetKind("token.created").SetNextAt(time.Now()).SetGivesUpAt(time.Now()).
			SetNillableCreatedAt(moment(random)).SaveX(ctx).ID
	}
	deliveries.remove = func(id string) { c.NoticeDelivery.DeleteOneID(id).ExecX(ctx) }

	events := plainly("auditEvents")
	events.desc = true
	events.rows = func() []row {
		var all []row
		for _, e := range c.AuditEvent.Query().AllX(ctx) {
			all = append(all, row{e.ID, map[string]key{"": {number: e.Number, desc: true}}})
		}
		return all
	}
	events.add = func() string { // after those there are
		n := int64(1000 + next())
		return c.AuditEvent.Create().SetID(fmt.Sprintf("evt_%016d", n)).SetNumber(n).SetAt(time.Now().UTC()).SetActor("x").
			SetAction("token.create").SetHash([]byte("h")).SaveX(ctx).ID
	}
	events.remove = func(id string) { c.AuditEvent.DeleteOneID(id).ExecX(ctx) }

	downloads := plainly("downloads")
	downloads.arguments = `where:{package:"acme/lib"}`
	downloads.node = "address"
	downloads.rows = func() []row {
		var all []row
		for _, d := range c.DownloadDay.Query().Where(downloadday.Package("acme/lib")).AllX(ctx) {
			all = append(all, row{d.Address, map[string]key{"": {number: -d.LastAt.UnixMilli(), text: d.TokenID + "\n" + d.Version}}})
		}
		return all
	}
	downloads.add = func() string {
		last := time.Date(2026, 11, 1, 0, 0, random.IntN(3), random.IntN(2)*1_000_000, time.UTC)
		i := next()
		return c.DownloadDay.Create().SetID(int64(i)).SetDay(last.Truncate(24 * time.Hour)).SetTokenID(w.token.ID).SetPackage("acme/lib").
			SetVersion(one(random, []string{"1.0.0.0", "dev-B", "dev-a", "dev-_", "dev-é"})).
			SetAddress(fmt.Sprintf("10.0.%d.%d", i/250, i%250)).SetFirstAt(last).SetLastAt(last).SetDownloads(1).SaveX(ctx).Address
	}
	downloads.remove = func(address string) {
		for _, d := range c.DownloadDay.Query().AllX(ctx) {
			if d.Address == address {
				c.DownloadDay.DeleteOne(d).ExecX(ctx)
			}
		}
	}
	return map[string]shelf{
		"Query.tokens": tokens, "Query.repositories": repositories, "Query.packages": packages, "Package.versions": versions,
		"Repository.syncs": syncs, "Query.claims": claims, "Query.auditEvents": events, "Query.downloads": downloads,
		"Query.advisories": advisories, "Query.affectedInstalls": installs,
		"PackageVersion.dependents": dependents, "Query.users": users, "NoticeEndpoint.deliveries": deliveries, "Query.blocks": blocks, "Query.organizations": organizations, "Query.changedVersions": decided("changedVersions"), "Query.heldVersions": decided("heldVersions"),
	}
}
