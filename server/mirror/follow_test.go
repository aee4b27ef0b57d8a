package mirror_test

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"broker/ent/pkg"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/jobs"
	"broker/server/repository"
)

// unlisted has the upstream tell where its packages are and not which, as packagist.org does, and the broker know it.
func (w *world) unlisted() {
	w.Helper()
	w.on("/packages.json", body([]byte(`{"packages":[],"metadata-url":"/p2/%package%.json"}`)))
	w.run()
	w.repo = w.db.Client.Repository.GetX(w.Context(), w.repo.ID)
}

// A package of a source that does not list its packages is fetched when it is first asked for, once however many ask at
// once; later it is served from what is stored, and read again beside now and then.
func TestAnUnlistedSourceIsFollowedByName(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.has("acme/lib", "1.0.0")
		w.unlisted()
		if w.repo.Listed {
			t.Fatal("the repository is taken for listed")
		}
		if root := w.root(); strings.Contains(root, "available-package") {
			t.Errorf("packages.json: %s", root)
		}
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				for _, dev := range []bool{false, true} {
					if _, err := w.view.Document(t.Context(), "acme/lib", dev, free); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		if n, root := w.count("/p2/acme/lib.json"), w.count("/packages.json"); n != 1 || root != 2 {
			t.Errorf("the document was asked for %d times, packages.json %d times", n, root)
		}
		w.has("acme/lib", "1.0.0", "1.1.0")
		if strings.Contains(w.text("acme/lib", false), "1.1.0") || w.count("/p2/acme/lib.json") != 0 {
			t.Error("it is read again at once")
		}
		w.later.Store(int64(11 * time.Minute))
		for begun := time.Now(); !strings.Contains(w.text("acme/lib", false), "1.1.0"); time.Sleep(5 * time.Millisecond) {
			if time.Since(begun) > 20*time.Second {
				t.Fatal("it is never read again")
			}
		}
		w.on("/p2/acme/lib.json", func(answer http.ResponseWriter, _ *http.Request) { answer.WriteHeader(http.StatusServiceUnavailable) })
		w.later.Store(int64(22 * time.Minute))
		if !strings.Contains(w.text("acme/lib", false), "1.1.0") {
			t.Error("what is stored is not served while the source is down")
		}
	})
}

// What the source does not have is not found, and is not asked for again for a while; what it cannot tell just now is no
// "not found", and works as soon as it answers.
func TestWhatAFollowedSourceDoesNotHave(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	w.unlisted()
	for range 3 {
		if _, err := w.view.Document(t.Context(), "acme/none", false, free); !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("what the source does not have: %v", err)
		}
	}
	if n := w.count("/p2/acme/none.json"); n != 1 {
		t.Errorf("asked for %d times", n)
	}
	w.has("acme/none", "1.0.0")
	w.later.Store(int64(11 * time.Minute))
	if !strings.Contains(w.text("acme/none", false), "1.0.0") {
		t.Error("what came meanwhile is not found")
	}
	w.on("/p2/acme/down.json", func(answer http.ResponseWriter, _ *http.Request) { answer.WriteHeader(http.StatusServiceUnavailable) })
	var unavailable *catalog.Unavailable
	if _, err := w.view.Document(t.Context(), "acme/down", false, free); !errors.As(err, &unavailable) {
		t.Errorf("while the source is down: %v", err)
	}
	w.has("acme/down", "1.0.0")
	w.later.Add(int64(11 * time.Second))
	if !strings.Contains(w.text("acme/down", false), "1.0.0") {
		t.Error("it does not work once the source is back")
	}
}

// Only who may answer is asked: not a source that comes after the one that has the package, not one that does not own a
// claimed name, not one that is paused or whose patterns do not take it.
func TestOnlyWhoMayAnswerIsFollowed(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.lists("acme/lib")
		w.has("acme/lib", "1.0.0")
		w.run()
		private := w.repo
		// As the end of a sync does.
		private.Update().SetLastSyncedAt(time.Now()).ExecX(t.Context())
		w.repo = db.Client.Repository.Create().SetName("public").SetType("COMPOSER").SetURL(w.URL + "/public").SetPriority(200).SaveX(t.Context())
		w.on("/public/packages.json", body([]byte(`{"metadata-url":"/public/%package%.json"}`)))
		for _, name := range []string{"acme/lib", "acme/third", "other/lib"} {
			w.on("/public/"+name+".json", body([]byte(`{"packages":{"`+name+`":[{"name":"`+name+`","version":"99.0.0","dist":{"type":"zip","url":"`+w.URL+`/evil.zip","reference":"b"}}]}}`)))
		}
		w.run()
		asked := func(what, name, want string, times int) {
			t.Helper()
			if got := w.text(name, false); want == "" && got != "" || !strings.Contains(got, want) {
				t.Errorf("%s: %s is %s", what, name, got)
			}
			if n := w.count("/public/" + name + ".json"); n != times {
				t.Errorf("%s: %s was asked for %d times", what, name, n)
			}
		}
		change := func(id string, in repository.Input) {
			t.Helper()
			_, err := w.sources.Update(t.Context(), id, in)
			w.must(err)
		}
		asked("the other one has it and comes first", "acme/lib", `"1.0.0"`, 0)
		change(private.ID, repository.Input{Owns: []string{"acme/*"}})
		asked("claimed by another", "acme/third", `"acme/third":[]`, 0)
		one := 1
		change(w.repo.ID, repository.Input{Priority: &one})
		asked("claimed by another, whatever comes first", "acme/lib", `"1.0.0"`, 0)
		change(private.ID, repository.Input{Owns: []string{}})
		asked("it comes first by priority", "acme/lib", "99.0.0", 1)
		db.Client.Repository.UpdateOneID(w.repo.ID).SetPackages([]string{"acme/*"}).ExecX(t.Context())
		w.must(db.Tx(t.Context(), func(tx *database.Tx) error { tx.Announce(database.TopicRepository, w.repo.ID); return nil }))
		if root := w.root(); !strings.Contains(root, `"available-package-patterns":["acme/*"]`) {
			t.Errorf("packages.json of a narrow source: %s", root)
		}
		asked("its patterns do not take it", "other/lib", "", 0)
		asked("its patterns take it", "acme/third", "99.0.0", 1)
		if n := db.Client.Pkg.Query().Where(pkg.Name("acme/third")).CountX(t.Context()); n != 1 {
			t.Errorf("it is stored %d times", n)
		}
	})
}

// A sync of an unlisted source reads again what was asked for, and no more; what it lost at once is not believed.
func TestASyncReadsAgainWhatIsFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	w.unlisted()
	var names []string
	for _, n := range strings.Split("abcdefghijklmnopqrst", "") {
		names = append(names, "acme/"+n)
		w.has("acme/"+n, "1.0.0")
		w.text("acme/"+n, false)
	}
	w.has("acme/a", "1.0.0", "2.0.0")
	w.has("acme/unasked", "1.0.0")
	if skipped, notice := w.run(); len(skipped) > 0 || notice != "" {
		t.Errorf("skipped %v, notice %q", skipped, notice)
	}
	if !strings.Contains(w.text("acme/a", false), "2.0.0") || w.count("/p2/acme/unasked.json") != 0 {
		t.Error("it did not read again what is followed alone")
	}
	for _, name := range names {
		w.on("/p2/"+name+".json", http.NotFound)
		w.on("/p2/"+name+"~dev.json", http.NotFound)
	}
	if _, notice := w.run(); !strings.Contains(notice, "20 of 20 packages are missing") {
		t.Errorf("notice %q", notice)
	}
	if !strings.Contains(w.text("acme/a", false), "2.0.0") {
		t.Error("what the source lost for a moment is gone")
	}
}

// A followed source that is paused is asked for nothing: what is stored of it is served on, a name that it owns stays
// closed, and one that nobody owns is not here. Resumed, it is followed again at once.
func TestAPausedSourceIsNotFollowed(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		queue, err := jobs.New(db, jobs.DefaultPace, slog.New(slog.DiscardHandler)) // which takes nothing up
		w.must(err)
		w.sources.Syncs = queue
		for _, name := range []string{"acme/lib", "acme/more", "other/lib"} {
			w.has(name, "1.0.0")
		}
		w.unlisted()
		enable := func(on bool) {
			_, err := w.sources.Update(t.Context(), w.repo.ID, repository.Input{Enabled: &on, Owns: []string{"acme/*"}})
			w.must(err)
		}
		before := w.text("acme/lib", false)
		enable(false)
		w.later.Store(int64(time.Hour))
		if got := w.text("acme/lib", false); got != before {
			t.Errorf("what is stored is %s", got)
		}
		if got := w.text("acme/more", false); !strings.Contains(got, `"acme/more":[]`) {
			t.Errorf("a name that it owns is %s", got)
		}
		if _, err := w.view.Document(t.Context(), "other/lib", false, free); !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("a name that nobody owns: %v", err)
		}
		if n := w.count("/p2/acme/more.json") + w.count("/p2/other/lib.json"); n != 0 {
			t.Errorf("it was asked %d times", n)
		}
		enable(true)
		for _, name := range []string{"acme/more", "other/lib"} {
			if got := w.text(name, false); !strings.Contains(got, `"1.0.0"`) {
				t.Errorf("resumed, %s is %s", name, got)
			}
		}
	})
}
