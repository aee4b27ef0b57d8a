package mirror_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	entrepository "broker/ent/repository"
	"broker/server/cached"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/mirror"
	"broker/server/repository"
	"broker/server/servicetest"
	"broker/server/settings"
)

// ahead has the world tell of new archives, and returns what fetches them and the packages that were told of.
func (w *world) ahead() (*mirror.Ahead, *settings.Service, func() []string) {
	w.Helper()
	var mu sync.Mutex
	var told []string
	note := func(_ context.Context, _, _ string, names []string) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, names...)
	}
	w.syncer.Ahead, w.follower.Ahead = note, note
	rules := databasetest.Settings(w.db)
	a := mirror.NewAhead(mirror.AheadConfig{DB: w.db, Archives: w.archives, Owners: repository.NewOwners(w.db, cached.NewMemory(w.db.Changes)), Settings: rules,
		Log: slog.New(slog.DiscardHandler), Blocked: w.view.IsBlocked})
	return a, rules, func() []string {
		mu.Lock()
		defer mu.Unlock()
		now := told
		told = nil
		return now
	}
}

// downloaded notes a download of acme/lib some days ago.
func (w *world) downloaded(version string, days int) {
	at := time.Now().UTC().AddDate(0, 0, -days)
	w.db.Client.DownloadDay.Create().SetDay(at.Truncate(24 * time.Hour)).SetTokenID("tok_1").SetPackage("acme/lib").SetVersion(version).
		SetFirstAt(at).SetLastAt(at).SetDownloads(1).SaveX(w.Context())
}

func (w *world) release(version string) fields {
	return fields{"version": version, "dist": w.dist("/"+version+".zip", zipOf(version), "")}
}

// fetched is how often each archive was asked for since the last time.
func (w *world) fetched(versions ...string) string {
	var counts []string
	for _, version := range versions {
		counts = append(counts, fmt.Sprint(w.count("/"+version+".zip")))
	}
	return strings.Join(counts, " ")
}

// What a sync brings of a package that is in use is stored before anybody asks, at most the five newest releases; not
// what was there from the beginning, what is blocked, or what is stored. With the setting off nothing is.
func TestNewVersionsAreFetchedAhead(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		a, rules, told := w.ahead()
		fetch := func(names ...string) []string {
			t.Helper()
			_, again, err := a.Fetch(t.Context(), w.repo.ID, names)
			w.must(err)
			return again
		}
		w.publish(w.release("1.0"), w.release("1.1"))
		w.mustSync()
		if names := told(); len(names) != 0 {
			t.Errorf("a first sync tells of %v", names)
		}
		w.opens("1.0", w.offers(false)["1.0"], zipOf("1.0"))
		w.fetched("1.0")
		w.publish(w.release("1.0"), w.release("1.1"), w.release("1.2"))
		w.mustSync()
		if names := told(); !slices.Equal(names, []string{"acme/lib"}) {
			t.Errorf("a sync of a new version tells of %v", names)
		}
		if fetch("acme/lib"); w.fetched("1.0", "1.1", "1.2") != "0 0 0" {
			t.Error("a package that nobody downloaded is fetched")
		}
		w.downloaded("1.0.0.0", 31)
		if fetch("acme/lib"); w.fetched("1.0", "1.1", "1.2") != "0 0 0" {
			t.Error("a package that nobody downloaded lately is fetched")
		}
		w.downloaded("1.0.0.0", 29)
		off, on := false, true
		if _, err := rules.Update(t.Context(), settings.Changes{Prefetch: &off}); err != nil {
			t.Fatal(err)
		}
		if fetch("acme/lib"); w.fetched("1.0", "1.1", "1.2") != "0 0 0" {
			t.Error("it is fetched with the setting off")
		}
		if _, err := rules.Update(t.Context(), settings.Changes{Prefetch: &on}); err != nil {
			t.Fatal(err)
		}
		block, err := w.catalog.BlockVersions(t.Context(), catalog.NewBlock{Package: "acme/lib", Versions: "1.2", Reason: "x"})
		w.must(err)
		if fetch("acme/lib"); w.fetched("1.0", "1.1", "1.2") != "0 0 0" {
			t.Error("a blocked version is fetched")
		}
		w.must(w.catalog.Unblock(t.Context(), block.ID))
		w.repo.Update().SetEnabled(false).ExecX(t.Context())
		if fetch("acme/lib"); w.fetched("1.2") != "0" {
			t.Error("it is fetched of a paused repository")
		}
		w.repo.Update().SetEnabled(true).ExecX(t.Context())
		if fetch("acme/lib", "acme/none"); w.fetched("1.0", "1.1", "1.2") != "0 0 1" {
			t.Error("the new version alone is fetched, once")
		}
		if fetch("acme/lib"); w.fetched("1.0", "1.1", "1.2") != "0 0 0" {
			t.Error("what is stored is fetched again")
		}
		versions := []fields{w.release("1.0")}
		for i := 10; i < 20; i++ {
			versions = append(versions, w.release(fmt.Sprintf("2.%d", i)))
		}
		w.publish(versions...)
		w.mustSync()
		fetch("acme/lib")
		if got := w.fetched("2.10", "2.11", "2.12", "2.13", "2.14", "2.15", "2.16", "2.17", "2.18", "2.19"); got != "0 0 0 0 0 1 1 1 1 1" {
			t.Errorf("of ten new versions there are fetched %s", got)
		}
	})
}

// A branch is fetched ahead when it moves, if it is what is installed.
func TestBranchesInUseAreFetchedAhead(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	repo := servicetest.NewGitHost(t).Repo("lib")
	for _, branch := range []string{"main", "other"} {
		repo.Commit("refs/heads/"+branch, 1700000000, servicetest.Files("composer.json", `{"name":"acme/lib"}`, "n.txt", branch))
	}
	w := gitWorld(t, db, repo.URL)
	a, _, told := w.ahead()
	w.mustSync()
	w.downloaded("dev-main", 1)
	for _, branch := range []string{"main", "other"} {
		repo.Commit("refs/heads/"+branch, 1700000001, servicetest.Files("composer.json", `{"name":"acme/lib"}`, "n.txt", branch+" moved"))
	}
	w.mustSync()
	if _, _, err := a.Fetch(t.Context(), w.repo.ID, told()); err != nil {
		t.Fatal(err)
	}
	if files, _ := w.stored(); len(files) != 1 {
		t.Errorf("%d archives are stored", len(files))
	}
	if n := db.Client.Archive.Query().CountX(t.Context()); n != 1 {
		t.Errorf("%d archives are known", n)
	}
}

// A source that does not deliver leaves nothing wrong: the package is told to be tried again, and whoever asks fetches.
// Bytes that are wrong are not tried again.
func TestAFailureAheadLeavesNothingWrong(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	w := newWorld(t, db)
	a, _, _ := w.ahead()
	w.publish(w.release("1.0"))
	w.mustSync()
	w.downloaded("1.0.0.0", 0)
	w.publish(w.release("1.0"), w.release("1.1"))
	w.mustSync()
	w.on("/1.1.zip", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) })
	_, again, err := a.Fetch(t.Context(), w.repo.ID, []string{"acme/lib"})
	if err != nil || !slices.Equal(again, []string{"acme/lib"}) {
		t.Errorf("to be tried again are %v, %v", again, err)
	}
	w.on("/1.1.zip", body([]byte("other bytes")))
	if _, again, err = a.Fetch(t.Context(), w.repo.ID, []string{"acme/lib"}); err != nil || len(again) != 0 {
		t.Errorf("wrong bytes are to be tried again: %v, %v", again, err)
	}
	row := db.Client.Repository.GetX(t.Context(), w.repo.ID)
	if row.LastError != nil || row.Status == entrepository.StatusFAILED {
		t.Errorf("the repository is %s: %v", row.Status, row.LastError)
	}
	w.on("/1.1.zip", body(zipOf("1.1")))
	w.opens("1.1", w.offers(false)["1.1"], zipOf("1.1"))
}

// Who asks for a version while it is fetched ahead shares the fetch.
func TestARequestSharesTheFetchAhead(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	w := newWorld(t, db)
	a, _, _ := w.ahead()
	w.publish(w.release("1.0"))
	w.mustSync()
	w.downloaded("1.0.0.0", 0)
	w.publish(w.release("1.0"), w.release("1.1"))
	w.mustSync()
	begun, goOn := make(chan struct{}), make(chan struct{})
	w.on("/1.1.zip", func(rw http.ResponseWriter, _ *http.Request) {
		close(begun) // a second request would panic
		<-goOn
		rw.Write(zipOf("1.1"))
	})
	var group sync.WaitGroup
	group.Go(func() {
		if _, _, err := a.Fetch(t.Context(), w.repo.ID, []string{"acme/lib"}); err != nil {
			t.Error(err)
		}
	})
	<-begun
	offered := w.offers(false)["1.1"]
	for range 3 {
		group.Go(func() { w.opens("1.1", offered, zipOf("1.1")) })
	}
	time.Sleep(50 * time.Millisecond) // so that most of them are waiting; any order is right
	close(goOn)
	group.Wait()
	if n := w.count("/1.1.zip"); n != 1 {
		t.Errorf("it was fetched %d times", n)
	}
}

// Many slow fetches ahead take no place at a host from a request.
func TestRequestsDoNotWaitForWhatIsFetchedAhead(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	w := newWorld(t, db)
	a, _, _ := w.ahead()
	w.publish(w.release("1.0"))
	w.mustSync()
	w.downloaded("1.0.0.0", 0)
	versions := []fields{w.release("1.0"), w.release("0.9")}
	goOn := make(chan struct{})
	for i := range 40 {
		version := fmt.Sprintf("2.%d", i)
		versions = append(versions, w.release(version))
		w.on("/"+version+".zip", func(rw http.ResponseWriter, r *http.Request) {
			select {
			case <-goOn:
			case <-r.Context().Done():
			}
			rw.Write(zipOf(version))
		})
	}
	w.publish(versions...)
	w.mustSync()
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range 40 {
		group.Go(func() { _, _, _ = a.Fetch(ctx, w.repo.ID, []string{"acme/lib"}) })
	}
	w.opens("0.9", w.offers(false)["0.9"], zipOf("0.9"))
	cancel()
	close(goOn)
	group.Wait()
}

// A change that a person accepts is told of, and its archive fetched before anybody asks: it installs although its source
// is down by then. What is stored already, or is no more, is not fetched.
func TestWhatIsAcceptedIsFetched(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		a, _, _ := w.ahead()
		var told []string
		w.catalog.Accepted = func(_ context.Context, id string) { told = append(told, id) }
		w.publish(fields{"version": "1.0.0", "dist": w.dist("/first.zip", zipOf("first"), commit)})
		w.mustSync()
		w.opens("as published", w.offers(false)["1.0.0"], zipOf("first"))
		id := w.version("1.0.0").ID
		if err := w.catalog.AcceptChange(t.Context(), id); err == nil || len(told) != 0 {
			t.Errorf("what did not change is accepted: %v, %v", err, told)
		}
		w.publish(fields{"version": "1.0.0", "dist": w.dist("/second.zip", zipOf("second"), retagged)})
		w.mustSync()
		w.must(w.catalog.AcceptChange(t.Context(), id))
		if !slices.Equal(told, []string{id}) {
			t.Errorf("%v were told of", told)
		}
		for range 2 {
			w.must(a.FetchAccepted(t.Context(), id))
		}
		if n := w.count("/second.zip"); n != 1 {
			t.Errorf("it is fetched %d times, want once", n)
		}
		w.must(a.FetchAccepted(t.Context(), "ver_nobody"))
		w.opens("accepted", w.offers(false)["1.0.0"], zipOf("second"))
		if n := w.count("/second.zip"); n > 1 {
			t.Error("it is fetched again by who asks")
		}
	})
}
