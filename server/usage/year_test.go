package usage_test

import (
	"fmt"
	"testing"
	"time"

	"entgo.io/ent/dialect"

	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/usage"
)

// The year that is measured: as many tokens as that, each used on every day.
const (
	yearTokens = 10_000
	yearDays   = 365
)

// seedYear writes the sums of a year: of each day for all and for each token, and of each month for each token.
func seedYear(b *testing.B, db *database.DB, now time.Time) {
	b.Helper()
	today := now.UTC().Truncate(24 * time.Hour).Unix()
	days, tokens := "generate_series(0, %d) AS day(n)", "generate_series(1, %d) AS token(n)"
	if db.Dialect() == dialect.SQLite {
		days = "(WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < %d) SELECT n FROM c) AS day"
		tokens = "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d) SELECT n FROM c) AS token"
	}
	days, tokens = fmt.Sprintf(days, yearDays-1), fmt.Sprintf(tokens, yearTokens)
	counts := "requests, metadata, downloads, bytes) SELECT "
	for _, statement := range []string{
		fmt.Sprintf("INSERT INTO usage_totals (span, at, kind, subject, %s 'DAY', %d - day.n * 86400, 'ALL', '', 10000, 6000, 4000, 1000000 FROM %s", counts, today, days),
		fmt.Sprintf("INSERT INTO usage_totals (span, at, kind, subject, %s 'DAY', %d - day.n * 86400, 'TOKEN', 'tok_' || token.n, 1 + token.n %% 97, 1, 1, 100 FROM %s CROSS JOIN %s ORDER BY day.n DESC, token.n", counts, today, days, tokens), // as time writes them
	} {
		if _, err := db.SQL.ExecContext(b.Context(), statement); err != nil {
			b.Fatal(err)
		}
	}
	weeks := "INSERT INTO usage_totals (span, at, kind, subject, requests, metadata, downloads, bytes) " +
		"SELECT 'WEEK', at - (at + 259200) % 604800, kind, subject, SUM(requests), SUM(metadata), SUM(downloads), SUM(bytes) " +
		"FROM usage_totals WHERE span = 'DAY' AND kind = 'TOKEN' AND at > $1 GROUP BY 2, kind, subject"
	if _, err := db.SQL.ExecContext(b.Context(), weeks, today-35*86400); err != nil {
		b.Fatal(err)
	}
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	for range 13 {
		statement := fmt.Sprintf("INSERT INTO usage_totals (span, at, kind, subject, %s 'MONTH', %d, 'TOKEN', 'tok_' || token.n, 30 + token.n %% 97, 30, 30, 3000 FROM %s", counts, month.Unix(), tokens)
		if _, err := db.SQL.ExecContext(b.Context(), statement); err != nil {
			b.Fatal(err)
		}
		month = month.AddDate(0, -1, 0)
	}
	if _, err := db.SQL.ExecContext(b.Context(), "ANALYZE"); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkYear reads charts and rankings of a year of 10,000 tokens: 3.65 million sums of days.
func BenchmarkYear(b *testing.B) {
	for name, url := range databasetest.URLs() {
		b.Run(name, func(b *testing.B) {
			db := databasetest.Open(b, url(b))
			now := time.Now()
			seedYear(b, db, now)
			for _, c := range []struct {
				name  string
				reach usage.Range
				token string
				top   bool
			}{
				{"chart of all", usage.Year, "", false}, {"chart of a token", usage.Year, "tok_77", false},
				{"top tokens of the year", usage.Year, "", true}, {"top tokens of the month", usage.Month, "", true},
			} {
				b.Run(c.name, func(b *testing.B) {
					for b.Loop() {
						report, err := usage.Read(b.Context(), db.Client, c.reach, usage.Filter{TokenID: c.token}, now)
						if err != nil || report.Requests == 0 {
							b.Fatalf("%+v, %v", report, err)
						}
						if c.top {
							if top, err := report.TopTokens(b.Context(), 10); err != nil || len(top) != 10 {
								b.Fatalf("%v, %v", top, err)
							}
						}
					}
				})
			}
		})
	}
}
