package mirror_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"entgo.io/ent/dialect"

	"broker/ent"
	"broker/ent/dist"
	"broker/ent/packageversion"
	"broker/ent/pkg"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/jobs"
	"broker/server/mirror"
	"broker/server/pattern"
	"broker/server/view"
)

// lists has the root list these names.
func (u *upstream) lists(names ...string) {
	u.on("/packages.json", body(marshal(fields{"packages": []any{}, "metadata-url": "/p2/%package%.json", "available-packages": names})))
}

// has gives a package these versions, and no ~dev document.
func (u *upstream) has(name string, versions ...string) {
	list := []fields{}
	for _, v := range versions {
		list = append(list, fields{"name": name, "version": v, "dist": fields{"type": "zip", "url": u.URL + "/" + v + ".zip", "reference": commit}})
	}
	u.on("/p2/"+name+".json", body(marshal(fields{"packages": fields{name: list}})))
}

// names are vendor/NUMBER.
func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("vendor/p%03d", i)
	}
	return all
}

// text is a document's JSON; empty where there is none.
func (w *world) text(name string, dev bool) string {
	w.Helper()
	document, err := w.view.Document(w.Context(), name, dev, free)
	if errors.Is(err, catalog.ErrNotFound) {
		return ""
	}
	w.must(err)
	r, err := gzip.NewReader(bytes.NewReader(document.Body))
	w.must(err)
	text, err := io.ReadAll(r)
	w.must(err)
	return string(text)
}

// run is what a sync said: what it left out, and its notice.
func (w *world) run() (skipped []string, notice string) {
	w.Helper()
	repo := w.db.Client.Repository.GetX(w.Context(), w.repo.ID)
	run := jobs.Alone(repo)
	w.must(w.syncer.Sync(w.Context(), run))
	for _, s := range run.Skipped() {
		skipped = append(skipped, s.Package+": "+s.Reason)
	}
	return skipped, run.Notice()
}

func (w *world) present() []string {
	w.Helper()
	return w.db.Client.Pkg.Query().Where(pkg.GoneAtIsNil()).Order(ent.Asc(pkg.FieldName)).Select(pkg.FieldName).StringsX(w.Context())
}

// Versions and fields that no database takes cost themselves alone: the rest of the package, and all packages after it,
// are stored and served, on both databases.
func TestOddVersionsCostThemselvesAlone(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		odd := []string{
			`"shasum64":1`, `"description":"a\u0000b"`, `"type":"` + strings.Repeat("t", 12<<10) + `"`, `"type":"a\u0000"`, `"license":["a\u0000b","` + strings.Repeat("l", 1000) + `"]`,
			`"time":"9999-12-31T23:59:59-23:59"`, `"abandoned":"a\u0000` + strings.Repeat("b", 500) + `"`, `"description":"` + strings.Repeat("ä", 5000) + `"`,
			`"source":{"type":"git","url":"x","reference":"r\u0000` + strings.Repeat("r", 400) + `"}`, `"license":"\ud800"`,
		}
		all := names(len(odd))
		for i, field := range odd {
			dist := `{"type":"zip","url":"` + w.URL + `/a.zip","reference":"a\u0000b","shasum":"` + strings.Repeat("f", 64) + `"}`
			list := fmt.Sprintf(`{"name":%[1]q,"version":"1.0.0","dist":%[2]s,%[3]s},{"name":%[1]q,"version":"2.0\u0000","dist":%[2]s},{"name":%[1]q,"version":"dev-%[4]s","dist":%[2]s}`,
				all[i], dist, field, strings.Repeat("v", 255))
			w.on("/p2/"+all[i]+".json", body([]byte(`{"packages":{"`+all[i]+`":[`+list+`]}}`)))
		}
		w.lists(append([]string{"a\x00/b", "vendor/a\x00"}, all...)...)
		skipped, err := w.sync()
		w.must(err)
		for i, name := range all {
			if !strings.Contains(w.text(name, false), `"version":"1.0.0"`) {
				t.Errorf("%s is not served", odd[i])
			}
		}
		for _, reason := range skipped {
			if strings.Contains(reason, "\x00") || len(reason) > 1500 {
				t.Errorf("told %q", reason)
			}
		}
		if len(skipped) < 4*len(odd) {
			t.Errorf("%d are told: %v", len(skipped), skipped[:3])
		}
	})
}

// A package that the source refuses, cannot deliver or breaks keeps what it had, and the others are synced.
func TestOnePackageFailsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	w.lists("acme/lib", "acme/other")
	w.has("acme/lib", "1.0.0")
	w.has("acme/other", "1.0.0")
	w.run()
	for code, reason := range map[int]string{401: "credential", 403: "credential", 500: "500", 503: "503"} {
		w.on("/p2/acme/lib.json", status(code).of(nil))
		w.has("acme/other", "1.0.0", fmt.Sprintf("2.0.%d", code))
		skipped, _ := w.run()
		if len(skipped) != 1 || !strings.Contains(skipped[0], "acme/lib") || !strings.Contains(skipped[0], reason) {
			t.Errorf("%d: told %v", code, skipped)
		}
		if !strings.Contains(w.text("acme/lib", false), "1.0.0") || !strings.Contains(w.text("acme/other", false), fmt.Sprintf("2.0.%d", code)) {
			t.Errorf("%d: what is served is not what there was, and the other's new", code)
		}
	}
	w.on("/p2/acme/other.json", status(403).of(nil))
	w.on("/p2/acme/lib.json", status(403).of(nil))
	if _, err := w.sync(); err == nil || !strings.Contains(err.Error(), "refuses every package") {
		t.Errorf("all are refused: %v", err)
	}
}

// A source that loses more than a tenth and more than ten packages at once is not believed at first, in whichever way it
// loses them: nothing is removed, and the run and the repository say so. An hour later it is believed, or when a person
// says so; when the packages are back the doubt is over.
func TestALossIsNotBelievedAtFirst(t *testing.T) {
	t.Parallel()
	all := names(40)
	for name, lose := range map[string]func(w *world){
		"the root is empty":       func(w *world) { w.lists("vendor/other"); w.has("vendor/other", "1.0.0") },
		"the root has no package": func(w *world) { w.on("/packages.json", body([]byte(`{"packages":[]}`))) },
		"404 for each": func(w *world) {
			for _, name := range all {
				w.on("/p2/"+name+".json", http.NotFound)
			}
		},
		"no versions": func(w *world) {
			for _, name := range all[:20] {
				w.has(name)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, databasetest.New(t))
			restore := func() {
				w.lists(all...)
				for _, name := range all {
					w.has(name, "1.0.0", "1.1.0")
				}
			}
			served := func() (n int) {
				for _, name := range all {
					if strings.Contains(w.text(name, false), "1.1.0") {
						n++
					}
				}
				return n
			}
			row := func() *ent.Repository { return w.db.Client.Repository.GetX(t.Context(), w.repo.ID) }
			restore()
			w.run()
			lose(w)
			for range 2 {
				if _, notice := w.run(); !strings.Contains(notice, "missing") || row().Notice == nil || *row().Notice != notice {
					t.Errorf("told %q, and the repository %v", notice, row().Notice)
				}
				if n := served(); n != 40 {
					t.Fatalf("%d are served on", n)
				}
			}
			restore()
			if _, notice := w.run(); notice != "" || row().Notice != nil || row().DoubtedAt != nil {
				t.Errorf("back, and told %q", notice)
			}
			lose(w)
			w.run()
			w.db.Client.Repository.UpdateOneID(w.repo.ID).SetDoubtedAt(time.Now().Add(-61 * time.Minute)).ExecX(t.Context())
			if _, notice := w.run(); notice != "" || row().DoubtedAt != nil || row().Notice != nil {
				t.Errorf("an hour later: %q", notice)
			}
			if n := served(); n > 20 {
				t.Errorf("an hour later %d are served", n)
			}
			restore()
			w.run()
			lose(w)
			w.run()
			if n := served(); n != 40 {
				t.Errorf("after the return %d are served", n)
			}
			w.db.Client.Repository.UpdateOneID(w.repo.ID).SetRemovalsConfirmed(true).ExecX(t.Context())
			w.run()
			if n := served(); n > 20 || row().RemovalsConfirmed {
				t.Errorf("confirmed, and %d are served", n)
			}
		})
	}
}

// Few packages, or a small part, are believed gone at once; so is what a person no longer wants of a source.
func TestASmallLossIsBelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	all := names(200)
	for _, name := range all {
		w.has(name, "1.0.0")
	}
	w.lists(all...)
	w.run()
	w.lists(all[20:]...) // a tenth
	if _, notice := w.run(); notice != "" || len(w.present()) != 180 {
		t.Errorf("%d of 180 are there: %q", len(w.present()), notice)
	}
	w.db.Client.Repository.UpdateOneID(w.repo.ID).SetPackages([]string{"vendor/p19*"}).ExecX(t.Context())
	if _, notice := w.run(); notice != "" || len(w.present()) != 10 {
		t.Errorf("%d of 10 are there: %q", len(w.present()), notice)
	}
	w.lists(all[195:]...) // five of ten
	if _, notice := w.run(); notice != "" || len(w.present()) != 5 {
		t.Errorf("%d of 5 are there: %q", len(w.present()), notice)
	}
}

// changes notes what is announced.
type changes struct {
	mu  sync.Mutex
	all []string
}

func follow(db *database.DB) *changes {
	c := &changes{}
	for _, topic := range []database.Topic{database.TopicPackage, database.TopicDist, database.TopicNames} {
		db.Changes.Subscribe(topic, func(subject string) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.all = append(c.all, string(topic)+" "+subject)
		})
	}
	return c
}

func (c *changes) since() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.all
	c.all = nil
	slices.Sort(all)
	return all
}

// A sync announces exactly what changed, and what did not change is not written: not its row, nor a validator of it.
func TestOnlyWhatChangedIsWrittenAndAnnounced(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		all := names(30)
		for _, name := range all {
			w.has(name, "1.0.0", "1.1.0")
		}
		w.lists(all...)
		announced := follow(db)
		w.run()
		if got := announced.since(); len(got) != 60 || got[0] != "names vendor/p000" || got[30] != "package vendor/p000" {
			t.Errorf("the first sync announced %v", got)
		}
		if db.Dialect() == "sqlite3" {
			before := writesOf(t, db)
			w.run()
			if wrote := writesOf(t, db) - before; wrote != 0 {
				t.Errorf("an unchanged sync wrote %d rows", wrote)
			}
		} else {
			w.run()
		}
		if got := announced.since(); len(got) != 0 {
			t.Errorf("an unchanged sync announced %v", got)
		}
		w.has(all[7], "1.0.0", "1.1.0", "1.2.0")
		w.run()
		if got := announced.since(); !slices.Equal(got, []string{"package " + all[7]}) {
			t.Errorf("a new version announced %v", got)
		}
		w.lists(all[:29]...)
		w.run()
		if got := announced.since(); !slices.Equal(got, []string{"names " + all[29], "package " + all[29]}) {
			t.Errorf("a package that went announced %v", got)
		}
	})
}

// writesOf counts the rows that were written to a SQLite database by its pool.
func writesOf(t *testing.T, db *database.DB) (n int) {
	t.Helper()
	db.SQL.SetMaxOpenConns(1) // the count is the connection's
	if err := db.SQL.QueryRow("SELECT total_changes()").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// What a source, or a person, took away is kept for a while: a stored archive is served to old locks until the clean-up
// deletes what has been gone for long, and nothing else.
func TestWhatIsGoneIsKeptForAWhile(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		content := zipOf("x")
		w.publish(fields{"version": "1.0.0", "dist": w.dist("/a.zip", content, commit)}, fields{"version": "2.0.0", "dist": w.dist("/b.zip", content, commit)})
		w.mustSync()
		old := w.offers(false)["1.0.0"]
		w.opens("before", old, content)
		w.publish(fields{"version": "2.0.0", "dist": w.dist("/b.zip", content, commit)})
		w.mustSync()
		version := db.Client.PackageVersion.Query().Where(packageversion.Version("1.0.0")).OnlyX(t.Context())
		if version.GoneAt == nil || db.Client.Dist.Query().Where(dist.GoneAtNotNil()).CountX(t.Context()) != 1 {
			t.Errorf("the version is %+v", version)
		}
		w.opens("the version is gone", old, content)
		w.lists()
		w.on("/packages.json", body([]byte(`{"packages":[]}`)))
		w.run()
		if w.text("acme/lib", false) != "" {
			t.Error("a package that is gone is offered")
		}
		w.opens("the package is gone", old, content)
		w.must(w.sources.Delete(t.Context(), w.repo.ID))
		w.opens("the repository is gone", old, content)
		if n, err := w.catalog.Sweep(t.Context(), time.Now().Add(-time.Hour)); n != 0 || err != nil {
			t.Errorf("%d rows were deleted, %v", n, err)
		}
		w.opens("swept too early", old, content)
		if n, err := w.catalog.Sweep(t.Context(), time.Now().Add(time.Second)); n != 5 || err != nil {
			t.Errorf("%d rows were deleted, %v", n, err)
		}
		if _, err := w.open(old); !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("long gone: %v", err)
		}
	})
}

// A version that comes back is the one that there was, with its downloads; metadata is read from the document.
func TestWhatComesBackIsWhatThereWas(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.lists("acme/lib", "acme/other")
		w.has("acme/other", "1.0.0")
		w.has("acme/lib", "1.0.0", "1.1.0")
		w.run()
		row := func() *ent.PackageVersion {
			return db.Client.PackageVersion.Query().Where(packageversion.Version("1.0.0"), packageversion.HasPackageWith(pkg.Name("acme/lib"))).OnlyX(t.Context())
		}
		before := row()
		before.Update().SetDownloads(7).ExecX(t.Context())
		w.lists("acme/other")
		w.run()
		if row().GoneAt == nil {
			t.Error("it is not gone")
		}
		w.lists("acme/lib", "acme/other")
		w.run()
		after := row()
		if after.ID != before.ID || after.Downloads != 7 || after.GoneAt != nil {
			t.Errorf("it is %+v, and was %+v", after, before)
		}
		metadata, err := view.Metadata(t.Context(), after)
		if err != nil || !strings.Contains(metadata, `"version":"1.0.0"`) || strings.Contains(metadata, "dist") {
			t.Errorf("metadata %s, %v", metadata, err)
		}
	})
}

// A field that a thousand versions inherit is on disk once, packed.
func TestInheritedFieldsAreStoredOnce(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		var list []fields
		for i := range 1000 {
			list = append(list, fields{"version": fmt.Sprintf("1.0.%d", i)})
		}
		list[0]["name"], list[0]["dist"] = "acme/lib", fields{"type": "zip", "url": w.URL + "/a.zip", "reference": commit}
		list[0]["extra"] = strings.Repeat("x", 1<<20)
		w.on("/p2/acme/lib.json", body(marshal(fields{"minified": "composer/2.0", "packages": fields{"acme/lib": list}})))
		w.mustSync()
		if n := db.Client.PackageVersion.Query().CountX(t.Context()); n != 1000 {
			t.Fatalf("%d versions", n)
		}
		var stored int
		if err := db.SQL.QueryRow("SELECT sum(length(body)) FROM documents").Scan(&stored); err != nil || stored > 100<<10 {
			t.Errorf("%d bytes are stored, %v", stored, err)
		}
		size := "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
		if db.Dialect() != "sqlite3" {
			size = "SELECT pg_total_relation_size('package_versions') + pg_total_relation_size('dists') + pg_total_relation_size('documents')"
		}
		var disk int
		if err := db.SQL.QueryRow(size).Scan(&disk); err != nil || disk > 4<<20 {
			t.Errorf("%d bytes of disk, %v", disk, err)
		}
	})
}

// What documents depend on beside the source changes them at the next sync, although the source says that nothing
// changed.
func TestAnotherWayToRenderIsRendered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	w.many(3, document)
	w.run()
	if strings.Contains(w.text("vendor1/package-1", false), `"source"`) {
		t.Error("the source is told")
	}
	w.db.Client.Repository.UpdateOneID(w.repo.ID).SetDistMode("MIRROR").ExecX(t.Context())
	w.run()
	if !strings.Contains(w.text("vendor1/package-1", false), `"source"`) {
		t.Error("the source is not told")
	}
}

// A source whose documents are larger than a run may store ends the run with the reason. What was stored stays.
func TestWhatARunStoresIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	w.syncer = mirror.NewSyncer(w.catalog, w.sources, mirror.Bounds{Stored: 20 << 10})
	w.many(3, document)
	w.run()
	before := w.present()
	w.many(200, document)
	if _, err := w.sync(); err == nil || !strings.Contains(err.Error(), "more than one sync may store") {
		t.Errorf("a sync beyond its bound: %v", err)
	}
	if now := w.present(); len(before) != 3 || len(now) < 3 || len(now) >= 200 {
		t.Errorf("%d packages before and %d after", len(before), len(now))
	}
}

// A sync that stores packages while their repository is removed leaves nothing behind that is taken for present, or for
// whose the names were.
func TestNothingIsStoredOfARepositoryThatIsBeingRemoved(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		if db.Dialect() != dialect.Postgres {
			return // it has one writer at a time
		}
		w := newWorld(t, db)
		tx, err := db.SQL.BeginTx(t.Context(), nil) // as a sync has that is storing
		w.must(err)
		defer tx.Rollback()
		_, err = tx.ExecContext(t.Context(), "INSERT INTO packages (id, name, repository_id, created_at) VALUES ('pkg_late', 'acme/late', $1, now())", w.repo.ID)
		w.must(err)
		removed := make(chan error, 1)
		go func() { removed <- w.sources.Delete(t.Context(), w.repo.ID) }()
		for waiting := 0; waiting == 0; time.Sleep(time.Millisecond) {
			select {
			case err := <-removed:
				t.Fatalf("it is removed before what is being stored is: %v", err)
			default:
			}
			w.must(db.SQL.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waiting))
		}
		w.must(tx.Commit())
		w.must(<-removed)
		late := db.Client.Pkg.GetX(t.Context(), "pkg_late")
		if late.RepositoryID != nil || late.GoneAt == nil || late.RemovedRepositoryID == nil || *late.RemovedRepositoryID != w.repo.ID {
			t.Errorf("what was stored meanwhile is %+v", late)
		}
	})
}

// A loss that was doubted for an hour is believed; another one, much larger, is doubted anew, and nobody's word for the
// first is taken for the second.
func TestAnotherLossIsDoubtedAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	all := names(100)
	for _, name := range all {
		w.has(name, "1.0.0")
	}
	w.lists(all...)
	w.run()
	w.lists(all[12:]...)
	if _, notice := w.run(); !strings.Contains(notice, "12 of 100") {
		t.Errorf("notice %q", notice)
	}
	hourAgo := func() {
		w.db.Client.Repository.UpdateOneID(w.repo.ID).SetDoubtedAt(time.Now().Add(-61 * time.Minute)).SetRemovalsConfirmed(true).ExecX(t.Context())
	}
	hourAgo()
	w.lists(all[60:]...)
	if _, notice := w.run(); !strings.Contains(notice, "60 of 100") || len(w.present()) != 100 {
		t.Errorf("another loss: notice %q, %d packages", notice, len(w.present()))
	}
	hourAgo()
	w.lists(all[61:]...)
	if _, notice := w.run(); notice != "" || len(w.present()) != 39 {
		t.Errorf("the same and one more: notice %q, %d packages", notice, len(w.present()))
	}
}

// Who asks what provides a name is told of the packages of which a version provides or replaces it, within what the token
// may see, and no longer when none does.
func TestProvidersAreFound(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.publish(fields{"version": "1.0.0", "description": "Logs", "type": "symfony-bundle", "dist": w.dist("/1.zip", zipOf("1"), commit), "require": fields{"psr/http-client": "^1.0"},
			"provide": fields{"Psr/Log-Implementation": "1.0", "ext-log": "*"}, "replace": fields{"acme/old": "self.version"}})
		w.mustSync()
		told := func(name string, patterns ...string) []view.Provider {
			t.Helper()
			visible, err := pattern.Parse(patterns)
			w.must(err)
			found, err := w.view.Providers(t.Context(), name, visible)
			w.must(err)
			return found
		}
		want := []view.Provider{{Name: "acme/lib", Description: "Logs", Type: "symfony-bundle"}}
		for _, name := range []string{"psr/log-implementation", "acme/old"} {
			if got := told(name); !slices.Equal(got, want) {
				t.Errorf("%s: %+v", name, got)
			}
			if got := told(name, "other/*"); len(got) != 0 {
				t.Errorf("%s to a token of others: %+v", name, got)
			}
		}
		if got := told("psr/http-client"); len(got) != 0 {
			t.Errorf("what requires it is told to provide it: %+v", got)
		}
		w.publish(fields{"version": "2.0.0", "description": "Logs", "type": "symfony-bundle", "dist": w.dist("/2.zip", zipOf("2"), commit), "provide": fields{"psr/log-implementation": "1.0"}})
		w.mustSync()
		if got := told("psr/log-implementation"); !slices.Equal(got, want) {
			t.Errorf("after a change: %+v", got)
		}
		if got := told("acme/old"); len(got) != 0 {
			t.Errorf("what no version replaces any more: %+v", got)
		}
	})
}
