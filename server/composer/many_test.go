package composer_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"broker/ent"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fixture"
	"broker/server/tokens"
)

// Ten thousand packages are listed, each to whoever may see it; packages.json names their vendors, and not each of them.
func TestTenThousandPackagesAreListed(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		all, some := w.token(tokens.NewToken{}), w.token(tokens.NewToken{Packages: []string{"vendor7/*"}})
		const many, vendors = 10_000, 50
		w.must(db.Tx(t.Context(), func(tx *database.Tx) error {
			for from := 0; from < many; from += 500 {
				rows := make([]*ent.PkgCreate, 500)
				for n := range rows {
					rows[n] = tx.Pkg.Create().SetName(fmt.Sprintf("vendor%d/package-%d", (from+n)%vendors, from+n)).SetRepositoryID(w.repo.ID).SetType("library")
				}
				if err := tx.Pkg.CreateBulk(rows...).Exec(t.Context()); err != nil {
					return err
				}
			}
			tx.Announce(database.TopicNames, "")
			return nil
		}))
		list := func(secret, query string) []string {
			t.Helper()
			var said struct{ PackageNames []string }
			r := w.get(secret, "/list.json"+query)
			for try := 0; r.Code == http.StatusServiceUnavailable && try < 20; try++ { // one read is given ten seconds, which a busy machine may need more of
				r = w.get(secret, "/list.json"+query)
			}
			if err := json.Unmarshal(r.Body.Bytes(), &said); err != nil || r.Code != http.StatusOK {
				t.Fatalf("%d %.200s", r.Code, r.Body)
			}
			return said.PackageNames
		}
		for deadline := time.Now().Add(time.Minute); len(list(all, "")) <= many && time.Now().Before(deadline); {
			time.Sleep(50 * time.Millisecond) // until it is announced
		}
		if names := list(all, ""); len(names) != many+3 || !slices.IsSorted(names) || len(slices.Compact(names)) != many+3 {
			t.Errorf("%d are listed", len(names))
		}
		if n := len(list(some, "")); n != many/vendors {
			t.Errorf("%d are listed to whom one vendor's are for", n)
		}
		if got := list(all, "?filter=vendor3%2F%2A-1003"); fmt.Sprint(got) != "[vendor3/package-1003]" {
			t.Errorf("filtered: %v", got)
		}
		var root struct {
			Names    []string `json:"available-packages"`
			Patterns []string `json:"available-package-patterns"`
		}
		w.must(json.Unmarshal(w.get(all, "/packages.json").Body.Bytes(), &root))
		if len(root.Names) > 0 || len(root.Patterns) != vendors+1 { // and acme's
			t.Errorf("packages.json names %d packages and %d patterns", len(root.Names), len(root.Patterns))
		}
	})
}
