package mirror_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"broker/ent/repository"
	"broker/ent/syncrun"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/git"
	"broker/server/jobs"
	"broker/server/servicetest"
)

// gitWorld is a world whose repository is a git repository.
func gitWorld(t *testing.T, db *database.DB, address string, paths ...string) *world {
	t.Helper()
	w := newWorld(t, db)
	w.withGit()
	db.Client.Repository.DeleteOne(w.repo).ExecX(t.Context())
	w.repo = db.Client.Repository.Create().SetName("git").SetType(repository.TypeVCS).SetURL(address).SetPaths(paths).SaveX(t.Context())
	return w
}

// withGit has the world's repositories use git.
func (w *world) withGit() {
	w.sources.Git = git.New(git.Config{
		Dir: filepath.Join(w.TempDir(), "git"), HTTP: func(string) bool { return true }, Limits: git.DefaultLimits,
		Route: func(context.Context, *url.URL) (git.Route, error) {
			return git.Route{Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}, nil
		},
	})
}

// archiveAt opens the archive of acme/lib at an address of dist, and returns a file of it.
func (w *world) archiveAt(version, reference, name string) (string, error) {
	w.Helper()
	d, err := w.view.Dist(w.Context(), "acme/lib", version, reference)
	if err != nil {
		return "", err
	}
	file, err := w.archives.Open(w.Context(), d, http.MethodGet)
	if err != nil {
		return "", err
	}
	defer file.Close()
	body, err := io.ReadAll(file.Body)
	w.must(err)
	r, err := zip.NewReader(bytes.NewReader(body), file.Size)
	w.must(err)
	for _, f := range r.File {
		if strings.HasSuffix(f.Name, "/"+name) {
			content, err := f.Open()
			w.must(err)
			text, err := io.ReadAll(content)
			w.must(err)
			return string(text), nil
		}
	}
	return "", errors.New("there is no " + name)
}

// A branch that moves is offered at its new commit; the old commit goes on to be served, and any other of the repository
// is for whoever pins it, and none for whoever pins what there is not. While nothing changes, nothing is stored.
func TestBranchesOfGitMoveAndCommitsStay(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		repo := servicetest.NewGitHost(t).Repo("lib")
		commit := func(n string, at int64) string {
			return repo.Commit("refs/heads/main", at, servicetest.Files("composer.json", `{"name":"acme/lib"}`, "n.txt", n))
		}
		first, between := commit("first", 1700000000), commit("between", 1700000001)
		repo.Git("update-ref", "refs/heads/main", first)
		w := gitWorld(t, db, repo.URL)
		w.mustSync()
		offered := w.offers(true)["dev-main"]
		if want := "https://broker.example/dist/acme/lib/dev-main/%reference%.zip"; offered.URL != want || offered.Reference != first || offered.Shasum != "" {
			t.Fatalf("dev-main is offered as %+v", offered)
		}
		if got, err := w.archiveAt("dev-main", first, "n.txt"); got != "first" || err != nil {
			t.Errorf("the first commit has %q, %v", got, err)
		}
		repo.Git("update-ref", "refs/heads/main", between)
		second := repo.Commit("refs/heads/main", 1700000002, servicetest.Files("composer.json", `{"name":"acme/lib"}`, "n.txt", "second"))
		w.mustSync()
		if offered = w.offers(true)["dev-main"]; offered.Reference != second || offered.Shasum != "" {
			t.Errorf("the branch is offered as %+v", offered)
		}
		for reference, want := range map[string]string{first: "first", second: "second"} {
			if got, err := w.archiveAt("dev-main", reference, "n.txt"); got != want || err != nil {
				t.Errorf("%s has %q, %v", reference, got, err)
			}
		}
		branch, err := w.view.Branch(t.Context(), "acme/lib", "dev-main")
		w.must(err)
		for _, reference := range []string{between, between[:10]} {
			if _, err := w.view.Dist(t.Context(), "acme/lib", "dev-main", reference); !errors.Is(err, catalog.ErrNotFound) {
				t.Errorf("nobody pinned %s: %v", reference, err)
			}
			w.must(w.archives.Pin(t.Context(), branch, reference))
			if got, err := w.archiveAt("dev-main", reference, "n.txt"); got != "between" || err != nil {
				t.Errorf("%s has %q, %v", reference, got, err)
			}
		}
		for _, reference := range []string{strings.Repeat("0", 40), "0000000", "main"} {
			if err := w.archives.Pin(t.Context(), branch, reference); !errors.Is(err, catalog.ErrNotFound) {
				t.Errorf("%s is pinned: %v", reference, err)
			}
		}
		if _, err := w.view.Branch(t.Context(), "acme/lib", "1.0.0.0"); !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("a release is a branch: %v", err)
		}
		before := db.Client.Change.Query().CountX(t.Context())
		w.mustSync()
		if n := db.Client.Change.Query().CountX(t.Context()) - before; n != 0 {
			t.Errorf("a sync of nothing new announces %d changes", n)
		}
	})
}

// What git archives leave out is left out; an archive that cannot be made says why.
func TestArchivesOfGitSayWhyTheyAreNone(t *testing.T) {
	t.Parallel()
	repo := servicetest.NewGitHost(t).Repo("lib")
	commit := repo.Commit("refs/heads/main", 1700000000, servicetest.Files("composer.json", `{"name":"acme/lib"}`, "big.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:1\n"))
	w := gitWorld(t, databasetest.New(t), repo.URL)
	w.mustSync()
	_, err := w.archiveAt("dev-main", commit, "big.bin")
	if !unavailable(err) || !strings.Contains(err.Error(), "big.bin is kept in Git LFS") {
		t.Errorf("it says %v", err)
	}
	if files, _ := w.stored(); len(files) > 0 {
		t.Errorf("stored all the same: %v", files)
	}
}

// A git repository with other branches or tags than were last seen is synced without anybody asking; one without is left
// alone, and one that does not answer, or whose host told of a push by itself within a day, as well.
func TestChangesOfGitAreLookedFor(t *testing.T) {
	t.Parallel()
	host := servicetest.NewGitHost(t)
	repo := host.Repo("lib")
	repo.Tags("acme/lib", 0, 2)
	db := databasetest.New(t)
	w := gitWorld(t, db, repo.URL)
	queue, err := jobs.New(db, jobs.DefaultPace, slog.New(slog.DiscardHandler))
	w.must(err)
	t.Cleanup(func() { queue.Stop(context.Background()) })
	w.sources.Syncs = queue
	w.mustSync()
	w.repo.Update().SetLastSyncedAt(time.Now()).SaveX(t.Context())
	queued := func() int { return db.Client.SyncRun.Query().Where(syncrun.Trigger("change")).CountX(t.Context()) }
	w.must(w.sources.LookForChanges(t.Context()))
	if queued() != 0 {
		t.Error("a sync for nothing")
	}
	repo.Tags("acme/lib", 2, 3)
	host.Switch(true)
	w.must(w.sources.LookForChanges(t.Context()))
	if queued() != 0 {
		t.Error("a sync of a host that does not answer")
	}
	host.Switch(false)
	w.repo.Update().SetWebhookPushAt(time.Now().Add(-23 * time.Hour)).ExecX(t.Context())
	w.must(w.sources.LookForChanges(t.Context()))
	if queued() != 0 {
		t.Error("a host that told of a push lately is asked all the same")
	}
	w.repo.Update().SetWebhookPushAt(time.Now().Add(-25 * time.Hour)).ExecX(t.Context())
	w.must(w.sources.LookForChanges(t.Context()))
	if queued() != 1 {
		t.Error("a new tag is not seen")
	}
	w.must(w.sources.KeepMirrors(t.Context()))
	w.mustSync()
	w.must(w.sources.Delete(t.Context(), w.repo.ID))
	if left, err := filepath.Glob(filepath.Join(w.sources.Git.Dir, "repo*")); err != nil || len(left) > 0 {
		t.Errorf("the mirror outlives its repository: %v", left)
	}
}

// The time of a sync after the clone: 600 tags in at most 5 seconds, 10 changed ones in at most one, on a quiet machine.
// The bounds here are those of a busy one.
func TestManyTagsAreReadSoon(t *testing.T) {
	t.Parallel()
	repo := servicetest.NewGitHost(t).Repo("lib")
	repo.Tags("acme/lib", 0, 600)
	w := gitWorld(t, databasetest.New(t), repo.URL)
	src, err := w.sources.Source(w.repo)
	w.must(err)
	w.must(src.Open(t.Context())) // the clone
	forgetNotes(t, w.sources.Git.Dir)
	begun := time.Now()
	w.mustSync()
	first := time.Since(begun)
	repo.Tags("acme/lib", 600, 610)
	begun = time.Now()
	w.mustSync()
	changed := time.Since(begun)
	begun = time.Now()
	w.mustSync()
	t.Logf("600 tags: %s; 10 changed: %s; none: %s", first, changed, time.Since(begun))
	if n := len(w.offers(false)); n != 610 {
		t.Errorf("%d versions", n)
	}
	if first > time.Minute || changed > 30*time.Second {
		t.Errorf("600 tags took %s, 10 changed ones %s", first, changed)
	}
}

// forgetNotes has the commits be read again.
func forgetNotes(t *testing.T, dir string) {
	t.Helper()
	notes, err := filepath.Glob(filepath.Join(dir, "*", "broker.json"))
	if err != nil || len(notes) != 1 {
		t.Fatal(notes, err)
	}
	if err := os.Remove(notes[0]); err != nil {
		t.Fatal(err)
	}
}

// A block of one branch leaves the others offered as they were, for whatever commit of them is named.
func TestABlockedBranchLeavesTheOthers(t *testing.T) {
	t.Parallel()
	repo := servicetest.NewGitHost(t).Repo("lib")
	for _, branch := range []string{"main", "other"} {
		repo.Commit("refs/heads/"+branch, 1700000000, servicetest.Files("composer.json", `{"name":"acme/lib"}`, "n.txt", branch))
	}
	w := gitWorld(t, databasetest.New(t), repo.URL)
	w.mustSync()
	before := w.offers(true)["dev-main"]
	if _, err := w.catalog.BlockVersions(t.Context(), catalog.NewBlock{Package: "acme/lib", Versions: "dev-other", Reason: "x"}); err != nil {
		t.Fatal(err)
	}
	offers := w.offers(true)
	if len(offers) != 1 || offers["dev-main"] != before {
		t.Errorf("offered are %+v, before %+v", offers, before)
	}
}
