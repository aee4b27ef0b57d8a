package database_test

import (
	"testing"

	"broker/server/database/databasetest"
)

// Every connection to PostgreSQL says that queries are neither compiled nor spread over processes: which would take much
// longer than what the API reads.
func TestPostgresJustRunsQueries(t *testing.T) {
	t.Parallel()
	db := databasetest.Open(t, databasetest.Postgres(t))
	jobs, err := db.OpenJobs()
	if err != nil {
		t.Fatal(err)
	}
	defer jobs.Close()
	for setting, want := range map[string]string{"jit": "off", "max_parallel_workers_per_gather": "0"} {
		var here, there string
		if err := db.SQL.QueryRow("SHOW " + setting).Scan(&here); err != nil {
			t.Fatal(err)
		}
		if err := jobs.QueryRow("SHOW " + setting).Scan(&there); err != nil {
			t.Fatal(err)
		}
		if here != want || there != want {
			t.Errorf("%s is %s and %s, want %s", setting, here, there, want)
		}
	}
}
