package usage_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"

	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/usage"
)

// Who installs versions is found by the index of packages, versions and days, on both databases, however many versions
// are asked for: what others were downloaded of is not read.
func TestInstallsOfVersionsAreFoundByAnIndex(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		now := time.Now().UTC().Truncate(24 * time.Hour)
		for _, statement := range []string{`INSERT INTO download_days (id, day, token_id, package, version, first_at, last_at)
			WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
			SELECT i, $1, 'tok_' || i, 'acme/p' || (i % 4000), '1.0.0.0', $1, $1 FROM n`, "ANALYZE download_days"} {
			args := []any{now}[:strings.Count(statement[:1], "I")]
			if _, err := db.SQL.ExecContext(t.Context(), statement, args...); err != nil {
				t.Fatal(err)
			}
		}
		var versions []usage.Version
		for i := range 100 {
			versions = append(versions, usage.Version{Package: fmt.Sprintf("acme/p%d", i), Version: "1.0.0.0"})
		}
		for _, after := range []usage.InstallsKey{{}, {Version: versions[3], TokenID: "tok_1"}} {
			query, args := usage.InstallsQuery(db.Dialect(), versions, "", now, 51, after)
			explain := "EXPLAIN "
			if db.Dialect() == dialect.SQLite {
				explain = "EXPLAIN QUERY PLAN "
			}
			rows, err := db.SQL.QueryContext(t.Context(), explain+query, args...)
			if err != nil {
				t.Fatal(err)
			}
			var plan strings.Builder
			for rows.Next() {
				var line string
				var a, b, c int
				if db.Dialect() == dialect.Postgres {
					err = rows.Scan(&line)
				} else {
					err = rows.Scan(&a, &b, &c, &line)
				}
				if err != nil {
					t.Fatal(err)
				}
				plan.WriteString(line + "\n")
			}
			rows.Close()
			got := plan.String()
			if strings.Contains(got, "SCAN download_days") || strings.Contains(got, "Seq Scan") || !strings.Contains(got, "downloadday_package_version_day") {
				t.Errorf("the plan:\n%s", got)
			}
		}
	})
}
