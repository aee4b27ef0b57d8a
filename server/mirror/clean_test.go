package mirror_test

import (
	"os"
	"testing"
	"time"

	"broker/ent/dist"
	"broker/server/database"
	"broker/server/database/databasetest"
)

// An archive that no package names any more is deleted with its row once it is older than a day, and no sooner; one that
// is named stays, and is served on. What a killed writer left behind goes as well.
func TestUnnamedArchivesAreDeleted(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		named, unnamed := zipOf("named"), zipOf("unnamed")
		w.publish(fields{"version": "1.0.0", "dist": w.dist("/a.zip", named, commit)}, fields{"version": "2.0.0", "dist": w.dist("/b.zip", unnamed, commit)})
		w.mustSync()
		offers := w.offers(false)
		w.opens("first", offers["1.0.0"], named)
		w.opens("first", offers["2.0.0"], unnamed)
		db.Client.Dist.Delete().Where(dist.NormalizedVersion("2.0.0.0")).ExecX(t.Context())
		w.clean()
		if files, _ := w.stored(); len(files) != 2 || db.Client.Archive.Query().CountX(t.Context()) != 2 {
			t.Fatalf("a young one is gone: %v", files)
		}
		old := time.Now().Add(-25 * time.Hour)
		if _, err := db.SQL.ExecContext(t.Context(), "UPDATE archives SET created_at = $1", old.UTC()); err != nil {
			t.Fatal(err)
		}
		w.must(os.WriteFile(w.dir+"/tmp/put-killed", []byte("half"), 0o600))
		files, _ := w.stored()
		for _, file := range files {
			w.must(os.Chtimes(file, old, old))
		}
		w.clean()
		if files, _ := w.stored(); len(files) != 1 || db.Client.Archive.Query().CountX(t.Context()) != 1 {
			t.Errorf("left are %v", files)
		}
		w.upstream.Close()
		w.opens("what is named", offers["1.0.0"], named)
	})
}

// The walk over what a bucket should have comes to each archive in turn, and begins again.
func TestWalkComesRound(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		a, b := zipOf("a"), zipOf("b")
		w.publish(fields{"version": "1.0.0", "dist": w.dist("/a.zip", a, commit)}, fields{"version": "2.0.0", "dist": w.dist("/b.zip", b, commit)})
		w.mustSync()
		offers := w.offers(false)
		w.opens("a", offers["1.0.0"], a)
		w.opens("b", offers["2.0.0"], b)
		files, _ := w.stored()
		for round := range 2 {
			for _, file := range files {
				w.must(os.WriteFile(file, []byte("damaged"), 0o600))
			}
			for range 4 { // two archives, the end, and one more
				w.must(w.archives.WalkOn(t.Context()))
			}
			if _, quarantine := w.stored(); len(quarantine) != 2*(round+1) {
				t.Errorf("round %d: in quarantine are %v", round, quarantine)
			}
			w.opens("a again", offers["1.0.0"], a)
			w.opens("b again", offers["2.0.0"], b)
		}
	})
}

func (w *world) clean() {
	w.Helper()
	_, err := w.archives.Clean(w.Context())
	w.must(err)
}
