package database_test

import (
	"slices"
	"testing"

	"broker/ent"
	"broker/ent/claim"
	"broker/ent/dist"
	"broker/server/database"
	"broker/server/database/databasetest"
)

// A database of the first version keeps its packages, versions, documents and archives. What one repository had of a
// name that another has since is a package of its own, which is gone, so that lock files go on finding its archives.
func TestPackagesOfTheFirstVersionAreKept(t *testing.T) {
	t.Parallel()
	for name, url := range databasetest.EmptyURLs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := database.Open(t.Context(), url(t), silent)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			firstVersion(t, db)
			packagesOfFirstVersion(t, db)
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			document := db.Client.Document.GetX(t.Context(), "doc_1")
			if string(document.Body) != "body" || string(document.Digest) != "digest" || document.PackageID != "pkg_1" {
				t.Errorf("the document is %+v", document)
			}
			version := db.Client.PackageVersion.GetX(t.Context(), "ver_1")
			if version.GoneAt != nil || version.Downloads != 5 || *version.DistID != "dist_1" || version.Licenses[0] != "MIT" {
				t.Errorf("the version is %+v", version)
			}
			of := map[string]string{}
			for _, d := range db.Client.Dist.Query().WithPackage().AllX(t.Context()) {
				of[d.ID] = *d.Edges.Package.RepositoryID
				if gone := d.GoneAt != nil; gone != (d.ID != "dist_1") {
					t.Errorf("%s is gone: %v", d.ID, gone)
				}
			}
			if of["dist_1"] != "repo_1" || of["dist_2"] != "repo_1" || of["dist_3"] != "repo_2" {
				t.Errorf("archives are of %v", of)
			}
			owned := db.Client.Claim.Query().Where(claim.RepositoryID("repo_2"), claim.ClosedAtIsNil()).Order(ent.Asc(claim.FieldPattern)).Select(claim.FieldPattern).StringsX(t.Context())
			if n := db.Client.Claim.Query().CountX(t.Context()); n != 2 || !slices.Equal(owned, []string{"acme/*", "x/*"}) {
				t.Errorf("%d claims; repo_2 owns %v", n, owned)
			}
			branch := db.Client.Dist.Query().Where(dist.ID("dist_1")).WithArchive().OnlyX(t.Context())
			if branch.NormalizedVersion != "dev-a/b" || branch.Edges.Archive.Sha256 != "s256" {
				t.Errorf("the archive's row is %+v", branch)
			}
			moved := db.Client.Dist.GetX(t.Context(), "dist_3").QueryPackage().OnlyX(t.Context())
			if moved.Name != "acme/lib" || moved.GoneAt == nil || moved.ID == "pkg_1" {
				t.Errorf("what the other repository had is %+v", moved)
			}
			if row := db.Client.Pkg.GetX(t.Context(), "pkg_1"); row.Downloads != 9 || row.GoneAt != nil || *row.RepositoryID != "repo_1" {
				t.Errorf("the package is %+v", row)
			}
		})
	}
}

// packagesOfFirstVersion adds what the first version had of packages: a branch whose name no path holds, an archive that
// no version names any more, and one of a repository that had the name before.
func packagesOfFirstVersion(t *testing.T, db *database.DB) {
	t.Helper()
	const at = "'2026-11-25 22:00:00+00:00'"
	for _, statement := range []string{
		`INSERT INTO repositories (id, name, type, packages, owns, created_at) VALUES ('repo_2', 'other', 'COMPOSER', '[]', '["acme/*","x/*","acme/*"]', ` + at + `)`,
		`INSERT INTO repositories (id, name, type, packages, owns, created_at) VALUES ('repo_null', 'null', 'COMPOSER', '[]', 'null', ` + at + `)`,
		`UPDATE packages SET downloads = 9, latest_version_id = 'ver_1', version_count = 1 WHERE id = 'pkg_1'`,
		`INSERT INTO archives (id, sha256, sha1, size, created_at) VALUES ('arc_1', 's256', 's1', 3, ` + at + `)`,
		`INSERT INTO dists (id, version, reference, type, url, created_at, archive_id, package_id, repository_id)
			VALUES ('dist_1', 'd41d8cd98f00b204e9800998ecf8427e', 'a', 'zip', 'https://x.example/1', ` + at + `, 'arc_1', 'pkg_1', 'repo_1')`,
		`INSERT INTO dists (id, version, reference, type, url, created_at, package_id, repository_id)
			VALUES ('dist_2', '1.0.0.0', 'b', 'zip', 'https://x.example/2', ` + at + `, 'pkg_1', 'repo_1')`,
		`INSERT INTO dists (id, version, reference, type, url, created_at, package_id, repository_id)
			VALUES ('dist_3', '1.0.0.0', 'c', 'zip', 'https://y.example/3', ` + at + `, 'pkg_1', 'repo_2')`,
		`INSERT INTO package_versions (id, version, normalized_version, dev, licenses, metadata, downloads, dist_id, package_id)
			VALUES ('ver_1', 'dev-a/b', 'dev-a/b', true, '["MIT"]', '{}', 5, 'dist_1', 'pkg_1')`,
	} {
		if _, err := db.SQL.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%.60s: %v", statement, err)
		}
	}
	insert := `INSERT INTO documents (id, dev, body, size, digest, last_modified, upstream_validator, package_id) VALUES ('doc_1', true, $1, 4, $2, 1, 'v', 'pkg_1')`
	if _, err := db.SQL.ExecContext(t.Context(), insert, []byte("body"), []byte("digest")); err != nil {
		t.Fatal(err)
	}
}
