package graph_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/syncrun"
	"broker/ent/user"
	"broker/server/database/databasetest"
)

// How many rows the benchmark of lists has.
const (
	manyTokens   = 10_000
	manyPackages = 10_000
	manyEvents   = 100_000
	manyVersions = 2_000
	manySyncs    = 1_000
	manySources  = 100
	manyPulls    = 20_000 // of one package
)

// inBulk makes rows, a thousand in a statement less than SQLite's bound of arguments.
func inBulk(n int, some func(from, to int)) {
	for from := 0; from < n; from += 200 {
		some(from, min(from+200, n))
	}
}

// fillLists fills a world with what a large installation has: of tokens 60 % were never used and half have no expiry, a
// tenth each is revoked, disabled and expired, and all have one prefix of their external ids.
func fillLists(w *world) {
	w.Helper()
	ctx, c := w.Context(), w.db.Client
	begin := time.Now().UTC().Truncate(time.Microsecond).Add(-time.Hour)
	inBulk(manySources, func(from, to int) {
		c.Repository.MapCreateBulk(make([]struct{}, to-from), func(r *ent.RepositoryCreate, i int) {
			i += from
			r.SetName(fmt.Sprintf("source-%d", i)).SetType("COMPOSER").SetURL(fmt.Sprintf("https://source-%d.example", i))
			if i%3 > 0 {
				r.SetLastSyncedAt(begin.Add(time.Duration(i) * time.Second))
			}
		}).ExecX(ctx)
	})
	inBulk(manyTokens, func(from, to int) {
		rows := c.Token.MapCreateBulk(make([]struct{}, to-from), func(t *ent.TokenCreate, i int) {
			i += from
			t.SetDescription(fmt.Sprintf("Customer %d of %d", i*7919%manyTokens, i%50)).SetCreatedBy("owner@example.org").SetExternalID(fmt.Sprintf("order-%d", i)).
				SetPackages([]string{fmt.Sprintf("acme/p%d", i%100)}).SetCreatedAt(begin.Add(time.Duration(i) * time.Millisecond))
			if i%10 >= 6 {
				t.SetLastUsedAt(begin.Add(time.Duration(i*31%manyTokens) * time.Second))
			}
			switch {
			case i%20 == 1:
				t.SetExpiresAt(begin)
			case i%2 == 1:
				t.SetExpiresAt(begin.Add(time.Duration(i%365) * 24 * time.Hour))
			}
			switch i % 10 {
			case 2:
				t.SetRevokedAt(begin)
			case 3:
				t.SetDisabledAt(begin)
			}
		}).SaveX(ctx)
		c.TokenSecret.MapCreateBulk(rows, func(s *ent.TokenSecretCreate, i int) {
			s.SetTokenID(rows[i].ID).SetHash(fmt.Appendf(nil, "%032d", from+i)).SetHint(fmt.Sprintf("pkb_ro_…%04d", from+i))
		}).ExecX(ctx)
	})
	inBulk(manyPackages, func(from, to int) {
		c.Pkg.MapCreateBulk(make([]struct{}, to-from), func(p *ent.PkgCreate, i int) {
			i += from
			p.SetName(fmt.Sprintf("acme/p%d", i)).SetRepositoryID(w.repo.ID).SetLatestVersionID(w.version.ID).SetDescription(fmt.Sprintf("What package %d is for", i)).SetDownloads(int64(i % 3 * i))
			if i%3 > 0 {
				p.SetReleasedAt(begin.Add(-time.Duration(i*31%manyPackages) * time.Hour))
			}
		}).ExecX(ctx)
	})
	inBulk(manyVersions, func(from, to int) {
		c.PackageVersion.MapCreateBulk(make([]struct{}, to-from), func(v *ent.PackageVersionCreate, i int) {
			i += from
			v.SetPackageID(w.pkg.ID).SetVersion(fmt.Sprintf("2.%d.0", i)).SetNormalizedVersion(fmt.Sprintf("2.%d.0.0", i)).SetPosition(i)
		}).ExecX(ctx)
	})
	for i := range manySyncs {
		c.SyncRun.Update().Where(syncrun.ActiveNotNil()).ClearActive().ExecX(ctx) // a repository has one active run at most
		c.SyncRun.Create().SetRepositoryID(w.repo.ID).SetTrigger("manual").SetCreatedAt(begin.Add(time.Duration(i) * time.Second)).ExecX(ctx)
	}
	inBulk(manyEvents, func(from, to int) {
		c.AuditEvent.MapCreateBulk(make([]struct{}, to-from), func(e *ent.AuditEventCreate, i int) {
			n := int64(from + i + 1000)
			e.SetID(fmt.Sprintf("evt_%016d", n)).SetNumber(n).SetAt(begin).SetActor(fmt.Sprintf("person-%d@example.org", i%7)).
				SetAction([]string{"token.create", "token.revoke", "session.create"}[i%3]).SetTarget(fmt.Sprintf("tok_%026d", n)).
				SetDetails(fmt.Sprintf(`{"description":"Customer %d","packages":["acme/*"]}`, n)).SetHash(make([]byte, 32))
		}).ExecX(ctx)
	})
	inBulk(manyPulls, func(from, to int) {
		c.DownloadDay.MapCreateBulk(make([]struct{}, to-from), func(d *ent.DownloadDayCreate, i int) {
			i += from
			d.SetID(int64(i)).SetDay(begin.Truncate(24 * time.Hour)).SetTokenID(fmt.Sprintf("tok_%d", i%5000)).SetPackage("acme/lib").SetVersion("1.0.0.0").
				SetAddress(fmt.Sprintf("10.0.%d.%d", i/250, i%250)).SetFirstAt(begin).SetLastAt(begin.Add(time.Duration(i) * time.Millisecond)).SetDownloads(1)
		}).ExecX(ctx)
	})
	if w.db.Dialect() == "postgres" { // as its autovacuum does, a minute later
		_, err := w.db.SQL.Exec("ANALYZE")
		w.must(err)
	}
}

// asked are the fields that the dashboard asks of a list's rows, and the usual filters.
var askedOf = map[string]struct {
	fields  string
	filters map[string]string
}{
	"Query.tokens": {"id description permission status hint packages externalId expiresAt lastUsedAt createdAt", map[string]string{
		"active": "where:{status:[ACTIVE]}", "ended": "where:{status:[EXPIRED,REVOKED]}", "search": `where:{search:"customer 99"}`,
		"prefix": `where:{search:"order-"}`, "none": `where:{search:"nobody"}`, "unused": `where:{neverUsed:true,status:[ACTIVE],search:"of 4"}`,
	}},
	"Query.packages": {"id name type description downloads latest{version releasedAt} repository{name}", map[string]string{
		"search": `where:{search:"package 99"}`, "none": `where:{search:"nobody"}`, "type": `where:{type:"library"}`,
	}},
	"Query.repositories": {"id name status lastSyncedAt", map[string]string{"search": `where:{search:"source-9"}`}},
	"Query.auditEvents": {"id at actor action target details", map[string]string{
		"action": `where:{action:"session"}`, "actor": `where:{actor:"person-3@example.org"}`, "search": `where:{search:"customer 99"}`, "none": `where:{search:"nobody"}`,
	}},
	"Query.downloads":  {"address version downloads lastAt", nil},
	"Package.versions": {"id version releasedAt", nil},
	"Repository.syncs": {"id trigger", nil},
}

// BenchmarkLists reads a page of fifty rows of every list, in every order and direction: the first, one in the middle,
// the one before it, and with totalCount; and with the usual filters.
func BenchmarkLists(b *testing.B) {
	for name, url := range databasetest.URLs() {
		b.Run(name, func(b *testing.B) {
			db := databasetest.Open(b, url(b))
			w := newWorld(b, db)
			fillLists(w)
			shelves := w.shelves(nil)
			for _, l := range connections(b) {
				for _, order := range l.orders {
					for _, direction := range directions(order) {
						benchList(b, w, l, shelves[l.path], sortedAs(order, direction), strings.TrimSpace(order+" "+direction))
					}
				}
			}
		})
	}
}

func benchList(b *testing.B, w *world, l listed, s shelf, sorted, name string) {
	ask := func(w *world, fields, arguments string) {
		if s.arguments != "" {
			arguments += "," + s.arguments
		}
		if a := w.ask(person(user.RoleOWNER), s.inside("("+arguments+sorted+"){"+fields+"}"), nil); len(a.Errors) > 0 {
			w.Fatal(a.body)
		}
	}
	rows := "edges{node{" + askedOf[l.path].fields + "}} pageInfo{hasNextPage hasPreviousPage startCursor endCursor}"
	middle := w.middle(s, sorted)
	pages := map[string][2]string{
		"first": {"first:50", rows}, "deep": {fmt.Sprintf("first:50,after:%q", middle), rows}, "first+total": {"first:50", "totalCount " + rows},
	}
	if l.both {
		pages["back"] = [2]string{fmt.Sprintf("last:50,before:%q", middle), rows}
		pages["last"] = [2]string{"last:50", rows}
	}
	for filter, where := range askedOf[l.path].filters {
		pages[filter] = [2]string{"first:50," + where, rows}
		pages[filter+"+total"] = [2]string{"first:50," + where, "totalCount " + rows}
		pages[filter+"+deep"] = [2]string{fmt.Sprintf("first:50,after:%q,", middle) + where, rows}
	}
	for _, page := range slices.Sorted(maps.Keys(pages)) {
		b.Run(strings.Join([]string{l.path, name, page}, "/"), func(b *testing.B) {
			asking := *w
			asking.TB = b
			for b.Loop() {
				ask(&asking, pages[page][1], pages[page][0])
			}
		})
	}
}

// middle is a cursor in the middle of a list, which is read to there.
func (w *world) middle(s shelf, sorted string) string {
	w.Helper()
	cursor, total := "", 0
	for read := 0; ; read += 100 {
		arguments := "first:100" + sorted
		if s.arguments != "" {
			arguments += "," + s.arguments
		}
		fields := "totalCount"
		if cursor != "" {
			arguments += fmt.Sprintf(",after:%q", cursor)
			fields = ""
		}
		a := w.ask(person(user.RoleOWNER), s.inside("("+arguments+"){"+fields+" pageInfo{endCursor}}"), nil)
		var page struct {
			TotalCount int
			PageInfo   struct{ EndCursor string }
		}
		w.must(json.Unmarshal(s.outside(a.Data), &page))
		if cursor == "" {
			total = page.TotalCount
		}
		if cursor = page.PageInfo.EndCursor; read+100 >= total/2 {
			return cursor
		}
	}
}
