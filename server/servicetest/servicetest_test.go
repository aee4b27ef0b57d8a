package servicetest_test

import (
	"database/sql"
	"testing"

	"broker/server/servicetest"
)

// TestPostgresGivesEachTestItsOwn guarantees that tests do not see each other's tables.
func TestPostgresGivesEachTestItsOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 2 {
		url := servicetest.Postgres(t)
		if seen[url] {
			t.Errorf("%s was given twice", url)
		}
		seen[url] = true
		db, err := sql.Open("postgres", url)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("CREATE TABLE mine (id int)"); err != nil {
			t.Errorf("in a database of its own: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestProjectIsIsolated guarantees that a test's Composer knows nothing of the machine's or of another test's.
func TestProjectIsIsolated(t *testing.T) {
	t.Setenv("COMPOSER_AUTH", `{"bearer":{"127.0.0.1":"of the machine"}}`)
	one, other := servicetest.NewProject(t, "http://127.0.0.1:9"), servicetest.NewProject(t, "http://127.0.0.1:9")
	one.Login("127.0.0.1:9", "token", "mine")
	if out := other.Composer("config", "--global", "http-basic.127.0.0.1:9"); out.Code == 0 {
		t.Errorf("another project's credentials are known: %s", out.Text)
	}
	if out := one.Composer("config", "bearer.127.0.0.1"); out.Code == 0 {
		t.Errorf("the machine's credentials are known: %s", out.Text)
	}
}
