package database_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect"

	"broker/ent/migrations"
	"broker/ent/organization"
	"broker/ent/repository"
	"broker/server/database"
	"broker/server/database/databasetest"
)

// versionBefore makes a database as it was before a migration.
func versionBefore(t *testing.T, db *database.DB, migration string) {
	t.Helper()
	files, folder := migrations.SQLite, "sqlite"
	if db.Dialect() == dialect.Postgres {
		files, folder = migrations.Postgres, "postgres"
	}
	names, err := fs.Glob(files, folder+"/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	statements := []string{"CREATE TABLE schema_migrations (name VARCHAR(255) PRIMARY KEY)"}
	for _, name := range names {
		if strings.HasSuffix(name, migration) {
			break
		}
		script, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		statements = append(statements, string(script), "INSERT INTO schema_migrations (name) VALUES ('"+strings.TrimPrefix(name, folder+"/")+"')")
	}
	for _, statement := range statements {
		if _, err := db.SQL.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%.60s: %v", statement, err)
		}
	}
}

// Two organizations that differ by case, which an older version took, both stay, and the first has the place of both. Of
// their repositories those are what people had added that no event of the audit log tells an organization to have.
func TestOrganizationsOfTheSamePlaceAreKept(t *testing.T) {
	t.Parallel()
	for name, url := range databasetest.EmptyURLs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := database.Open(t.Context(), url(t), silent)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			versionBefore(t, db, "_organizations_jobs.sql")
			const at = "'2026-11-25 22:00:00+00:00'"
			for _, statement := range []string{
				`INSERT INTO organizations (id, host, url, name, due_at, created_at) VALUES ('org_1', 'GITHUB', 'https://github.com', 'Acme', ` + at + `, ` + at + `),
					('org_2', 'GITHUB', 'https://github.com', 'acme', ` + at + `, ` + at + `), ('org_3', 'GITLAB', 'https://gitlab.com', 'acme', ` + at + `, ` + at + `)`,
				`INSERT INTO repositories (id, name, type, packages, organization_id, upstream_id, created_at) VALUES ('repo_1', 'added', 'VCS', '[]', 'org_1', '1', ` + at + `),
					('repo_2', 'adopted', 'VCS', '[]', 'org_1', '2', ` + at + `), ('repo_3', 'by-hand', 'VCS', '[]', NULL, NULL, ` + at + `)`,
				`INSERT INTO audit_events (id, number, at, actor, actor_id, action, target, details, hash) VALUES
					('evt_1', 1, ` + at + `, 'server', '', 'repository.create', 'repo_1', '{"name":"added","organization":"org_1"}', 'h1'),
					('evt_2', 2, ` + at + `, 'anna', 'usr_1', 'repository.create', 'repo_2', '{"name":"adopted"}', 'h2')`,
			} {
				if _, err := db.SQL.ExecContext(t.Context(), statement); err != nil {
					t.Fatalf("%.60s: %v", statement, err)
				}
			}
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			places := map[string]string{}
			for _, row := range db.Client.Organization.Query().Where(organization.PlaceNotNil()).AllX(t.Context()) {
				places[row.ID] = *row.Place
			}
			if n := db.Client.Organization.Query().CountX(t.Context()); n != 3 || len(places) != 2 || places["org_1"] != "github https://github.com acme" || places["org_3"] != "gitlab https://gitlab.com acme" {
				t.Errorf("of %d organizations the places are %v", n, places)
			}
			if adopted := db.Client.Repository.Query().Where(repository.Adopted(true)).IDsX(t.Context()); !slices.Equal(adopted, []string{"repo_2"}) {
				t.Errorf("%v are adopted, want the one that a person had added", adopted)
			}
		})
	}
}
