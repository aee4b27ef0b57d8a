package mirror_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"broker/ent/pkg"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/pattern"
	"broker/server/repository"
)

// A name is stored for each repository that has it. Which answers is decided when it is asked for: an owner before all
// others, whether it has it or not, else the first by priority; without a sync, when that changes.
func TestWhoAnswersForANameIsDecidedWhenAsked(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.lists("acme/lib", "acme/second")
		w.has("acme/lib", "1.0.0")
		w.has("acme/second", "1.0.0")
		w.run()
		first := w.repo
		w.repo = db.Client.Repository.Create().SetName("public").SetType("COMPOSER").SetURL(w.URL + "/public").SetPriority(200).SaveX(t.Context())
		w.on("/public/packages.json", body(marshal(fields{"metadata-url": "/public/%package%.json", "available-packages": []string{"acme/lib", "acme/third"}})))
		for _, name := range []string{"acme/lib", "acme/third"} {
			w.on("/public/"+name+".json", body([]byte(`{"packages":{"`+name+`":[{"name":"`+name+`","version":"99.0.0","dist":{"type":"zip","url":"`+w.URL+`/evil.zip","reference":"b"}}]}}`)))
		}
		if skipped, _ := w.run(); len(skipped) != 0 {
			t.Errorf("told %v", skipped)
		}
		if n := db.Client.Pkg.Query().Where(pkg.Name("acme/lib")).CountX(t.Context()); n != 2 {
			t.Errorf("acme/lib is stored %d times", n)
		}
		says := func(when, name, want string) {
			t.Helper()
			if got := w.text(name, false); want == "" && got != "" || !strings.Contains(got, want) {
				t.Errorf("%s: %s is %s", when, name, got)
			}
		}
		says("by priority", "acme/lib", `"1.0.0"`)
		says("by priority", "acme/third", "99.0.0")
		change := func(id string, in repository.Input) {
			t.Helper()
			_, err := w.sources.Update(t.Context(), id, in)
			w.must(err)
		}
		one := 1
		change(w.repo.ID, repository.Input{Priority: &one})
		says("the other priority", "acme/lib", "99.0.0")
		change(first.ID, repository.Input{Owns: []string{"acme/*"}})
		says("owned", "acme/lib", `"1.0.0"`)
		if _, err := w.view.Document(t.Context(), "acme/third", false, free); !strings.Contains(fmt.Sprint(err), "cannot be reached") {
			t.Errorf("the owner was never synced: %v", err)
		}
		// As the end of a sync does.
		w.must(db.Tx(t.Context(), func(tx *database.Tx) error {
			tx.Announce(database.TopicRepository, first.ID)
			return tx.Repository.UpdateOneID(first.ID).SetLastSyncedAt(time.Now()).Exec(t.Context())
		}))
		const closed = `"acme/third":[]`
		says("owned by who does not have it", "acme/third", closed)
		if _, err := w.view.Dist(t.Context(), "acme/lib", "99.0.0.0", "b"); !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("an archive of who may not answer: %v", err)
		}
		all, err := w.view.Names(t.Context(), pattern.Set{})
		w.must(err)
		if !slices.Equal(all, []string{"acme/lib", "acme/second"}) {
			t.Errorf("names %v", all)
		}
		if found, total, err := w.view.Search(t.Context(), "acme", "", pattern.Set{}); total != 2 || err != nil {
			t.Errorf("found %v of %d, %v", found, total, err)
		}
		if root := w.root(); !strings.Contains(root, `"available-package-patterns":["acme/*"]`) || strings.Contains(root, "acme/third") {
			t.Errorf("packages.json: %s", root)
		}
		w.must(w.sources.Delete(t.Context(), first.ID))
		says("the owner is removed", "acme/lib", `"acme/lib":[]`)
		says("the owner is removed, what it did not have", "acme/third", closed)
		claims := db.Client.Claim.Query().AllX(t.Context())
		if len(claims) != 1 || claims[0].ClosedAt == nil {
			t.Fatalf("claims %v", claims)
		}
		w.must(w.sources.ReleaseClaim(t.Context(), claims[0].ID))
		says("freed", "acme/lib", "99.0.0")
		w.must(w.sources.Delete(t.Context(), w.repo.ID))
		says("nobody is left", "acme/lib", "")
	})
}

// What locks name of a removed repository is served under the names that it owned, and under those that nobody claims.
// What another repository had under a claimed name is not, whichever was removed first.
func TestArchivesOutliveTheirOwner(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		good, evil := zipOf("good"), zipOf("evil")
		w.publish(fields{"version": "1.0.0", "dist": w.dist("/good.zip", good, commit)})
		w.mustSync()
		owner, ours := w.repo, w.offers(false)["1.0.0"]
		w.opens("of the owner", ours, good)
		w.repo = db.Client.Repository.Create().SetName("public").SetType("COMPOSER").SetURL(w.URL + "/public").SetPriority(1).SaveX(t.Context())
		w.on("/public/packages.json", body(marshal(fields{"metadata-url": "/public/%package%.json", "available-packages": []string{"acme/lib"}})))
		w.on("/public/acme/lib.json", body(marshal(fields{"packages": fields{"acme/lib": []fields{{"name": "acme/lib", "version": "99.0.0",
			"dist": w.dist("/evil.zip", evil, strings.Repeat("e", 40))}}}})))
		w.run()
		theirs := w.offers(false)["99.0.0"]
		w.opens("of the public one, while nobody owns the name", theirs, evil)
		refused := func(when string, o offer) {
			t.Helper()
			if _, err := w.open(o); !errors.Is(err, catalog.ErrNotFound) {
				t.Errorf("%s: %v", when, err)
			}
		}
		_, err := w.sources.Update(t.Context(), owner.ID, repository.Input{Owns: []string{"acme/*"}})
		w.must(err)
		refused("claimed", theirs)
		w.must(w.sources.Delete(t.Context(), w.repo.ID))
		refused("claimed, and the public one is removed", theirs)
		w.must(w.sources.Delete(t.Context(), owner.ID))
		refused("closed", theirs)
		w.opens("closed", ours, good)
		next := db.Client.Repository.Create().SetName("next").SetType("COMPOSER").SetURL(w.URL + "/next").SaveX(t.Context())
		_, err = w.sources.Update(t.Context(), next.ID, repository.Input{Owns: []string{"acme/*", "acme/*"}})
		w.must(err)
		w.opens("owned by the next", ours, good)
		refused("owned by the next", theirs)
		_, err = w.sources.Update(t.Context(), next.ID, repository.Input{Owns: []string{}})
		w.must(err)
		w.opens("free", ours, good)
		w.opens("free", theirs, evil)
	})
}
