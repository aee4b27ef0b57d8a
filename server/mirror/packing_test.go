package mirror_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"broker/ent/packageversion"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/repository"
	"broker/server/servicetest"
)

// sourceOnly is a version that only has a source.
func sourceOnly(version, address, commit string) fields {
	return fields{"version": version, "source": fields{"type": "git", "url": address, "reference": commit}}
}

// What only has a source is offered with an archive of ours, is stored once it was asked for, and is pinned as any
// release; a branch moves, and a commit of it may be named.
func TestSourceOnlyPackagesAreOffered(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		host := servicetest.NewGitHost(t)
		repo := host.Repo("lib")
		commit := func(n string, at int64) string {
			return repo.Commit("refs/heads/main", at, servicetest.Files("composer.json", `{"name":"acme/lib"}`, "n.txt", n))
		}
		first, second := commit("first", 1700000000), commit("second", 1700000001)
		w := newWorld(t, db)
		w.withGit()
		w.publish(sourceOnly("1.0.0", repo.URL, first), sourceOnly("dev-main", repo.URL, second))
		w.mustSync()
		stable, dev := w.offers(false)["1.0.0"], w.offers(true)["dev-main"]
		if stable.URL != "https://broker.example/dist/acme/lib/1.0.0.0/"+first+".zip" || stable.Reference != first || stable.Type != "zip" {
			t.Errorf("1.0.0 is offered as %+v", stable)
		}
		if dev.URL != "https://broker.example/dist/acme/lib/dev-main/%reference%.zip" || dev.Reference != second {
			t.Errorf("dev-main is offered as %+v", dev)
		}
		if asked := host.Asked(); asked != 0 {
			t.Errorf("a sync asked the git host %d times", asked)
		}
		for version, want := range map[string][2]string{"1.0.0.0": {first, "first"}, "dev-main": {second, "second"}} {
			if got, err := w.archiveAt(version, want[0], "n.txt"); got != want[1] || err != nil {
				t.Errorf("%s has %q, %v", version, got, err)
			}
		}
		if stable = w.offers(false)["1.0.0"]; len(stable.Shasum) != 40 {
			t.Errorf("once it is stored its checksum is told: %+v", stable)
		}
		third := commit("third", 1700000002)
		w.publish(sourceOnly("1.0.0", repo.URL, third), sourceOnly("dev-main", repo.URL, third)) // a tag that moved
		if changed, err := w.changed(); err != nil || changed != 1 {
			t.Errorf("a tag that moved: %d changes, %v", changed, err)
		}
		if now := w.offers(false)["1.0.0"]; now != stable {
			t.Errorf("1.0.0 is offered as %+v", now)
		}
		if got, err := w.archiveAt("dev-main", third, "n.txt"); got != "third" || err != nil {
			t.Errorf("the branch has %q, %v", got, err)
		}
		branch, err := w.view.Branch(t.Context(), "acme/lib", "dev-main")
		w.must(err)
		w.must(w.archives.Pin(t.Context(), branch, first[:10]))
		if got, err := w.archiveAt("dev-main", first[:10], "n.txt"); got != "first" || err != nil {
			t.Errorf("a commit that is named has %q, %v", got, err)
		}
		if err := w.archives.Pin(t.Context(), branch, strings.Repeat("0", 40)); !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("a commit that there is not: %v", err)
		}
		version := db.Client.PackageVersion.Query().Where(packageversion.NormalizedVersion("1.0.0.0")).OnlyX(t.Context())
		w.must(w.catalog.AcceptChange(t.Context(), version.ID))
		host.Switch(true)
		w.CloseClientConnections()
		accepted := w.offers(false)["1.0.0"]
		if got, err := w.archiveAt("1.0.0.0", strings.TrimSuffix(filepath.Base(accepted.URL), ".zip"), "n.txt"); got != "third" || err != nil {
			t.Errorf("what was accepted has %q, %v", got, err)
		}
	})
}

// Another list of hosts has everything be read again, though the source has nothing new; and a source that gets archives
// of its own goes on under what was pinned.
func TestHostsThatArePackedFromChange(t *testing.T) {
	t.Parallel()
	host := servicetest.NewGitHost(t)
	repo := host.Repo("lib")
	commit := repo.Commit("refs/heads/main", 1700000000, servicetest.Files("n.txt", "first"))
	db := databasetest.New(t)
	w := newWorld(t, db)
	w.withGit()
	address := strings.Replace(repo.URL, "127.0.0.1", "localhost", 1)
	w.publish(sourceOnly("1.0.0", address, commit), sourceOnly("1.1.0", repo.URL, commit))
	if skipped, err := w.sync(); err != nil || len(skipped) != 1 || !strings.Contains(skipped[0], "packs nothing from localhost") && !strings.Contains(skipped[0], "is neither https nor ssh") {
		t.Fatalf("%v, %v", skipped, err)
	}
	w.repo = w.repo.Update().SetPackFrom([]string{"localhost"}).SaveX(t.Context())
	w.mustSync()
	if n := len(w.offers(false)); n != 2 {
		t.Errorf("%d versions", n)
	}
	w.repo = w.repo.Update().SetPackFrom([]string{}).SaveX(t.Context())
	if skipped, err := w.sync(); err != nil || len(skipped) != 1 {
		t.Errorf("%v, %v", skipped, err)
	}
	if _, err := w.archiveAt("1.1.0.0", commit, "n.txt"); err != nil {
		t.Fatal(err)
	}
	stored := w.offers(false)["1.1.0"]
	d := w.dist("/1.1.zip", zipOf("as the source packs it"), commit)
	w.publish(fields{"version": "1.1.0", "dist": d, "source": fields{"type": "git", "url": repo.URL, "reference": commit}})
	w.must(func() error { _, err := w.sync(); return err }())
	if now := w.offers(false)["1.1.0"]; now != stored {
		t.Errorf("its archive is another: %+v, was %+v", now, stored)
	}
}

// What a person accepts of a tag of a git source is served.
func TestAMovedTagOfGitIsAccepted(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	repo := servicetest.NewGitHost(t).Repo("lib")
	first := repo.Commit("refs/heads/main", 1700000000, servicetest.Files("composer.json", `{"name":"acme/lib"}`, "n.txt", "first"))
	repo.Tag("1.0.0", first)
	w := gitWorld(t, db, repo.URL)
	w.mustSync()
	second := repo.Commit("refs/heads/main", 1700000001, servicetest.Files("composer.json", `{"name":"acme/lib"}`, "n.txt", "second"))
	repo.Tag("1.0.0", second)
	if changed, err := w.changed(); err != nil || changed != 1 {
		t.Fatalf("%d changes, %v", changed, err)
	}
	version := db.Client.PackageVersion.Query().Where(packageversion.NormalizedVersion("1.0.0.0")).OnlyX(t.Context())
	w.must(w.catalog.AcceptChange(t.Context(), version.ID))
	if got, err := w.archiveAt("1.0.0.0", second, "n.txt"); got != "second" || err != nil {
		t.Errorf("it has %q, %v", got, err)
	}
}

// Hosts are checked when they are said, and told in the form that they are kept in.
func TestPackFromIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	if got := strings.Join(repository.PackFrom(w.repo), " "); got != "bitbucket.org codeberg.org git.drupalcode.org github.com gitlab.com" {
		t.Errorf("by itself it packs from %s", got)
	}
	if _, err := w.sources.Update(t.Context(), w.repo.ID, repository.Input{PackFrom: []string{"https://github.com"}}); err == nil || !strings.Contains(err.Error(), "is not a host such as") {
		t.Errorf("an address for a host: %v", err)
	}
	for _, bad := range []string{"", "*.*", "a b", "git@x", "-x", "x/y", "*x"} {
		if _, err := w.sources.Update(t.Context(), w.repo.ID, repository.Input{PackFrom: []string{bad}}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
