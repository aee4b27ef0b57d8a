package mirror_test

import (
	"testing"

	documents "broker/ent/document"
	"broker/ent/pkg"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/metadata"
)

// Packages that are read and stored side by side, in memory that is used for one after another, keep what is theirs:
// each document is that of its package, to the last version.
func TestPackagesAreStoredAsTheyWereRead(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		names := w.many(60, minified)
		w.mustSync()
		for _, name := range names {
			row := w.db.Client.Document.Query().Where(documents.Dev(false), documents.HasPackageWith(pkg.Name(name))).OnlyX(t.Context())
			body, err := catalog.Decompress(row.Body, row.Size)
			if err != nil {
				t.Fatal(err)
			}
			versions, skipped, err := metadata.NewReader().Read(name, body)
			if err != nil || len(skipped) > 0 || len(versions) != manyVersions {
				t.Fatalf("%s has %d versions, %v, %v: %.300s", name, len(versions), skipped, err, body)
			}
			said, _, err := metadata.NewReader().Read(name, minified(name))
			if err != nil {
				t.Fatal(err)
			}
			metadata.Sort(said)
			for i := range versions {
				if got, want := string(versions[i].JSON()), string(said[i].JSON()); got != want {
					t.Fatalf("%s %s became %s", name, want, got)
				}
			}
		}
	})
}
