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

// Hours are kept for 35 days and days for 400, with who downloaded what from where; months are kept for ever.
func TestOldCountsAreRemoved(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		packages(t, db, "r", "acme/lib")
		r := usage.NewRecorder(db, silent)
		now := time.Date(2027, 3, 15, 12, 30, 0, 0, time.UTC)
		days := func(n int) time.Time { return now.Add(-time.Duration(n) * 24 * time.Hour) }
		const tokens = 20
		for _, at := range []time.Time{now, days(34), days(36), days(399), days(402), days(4000)} {
			for i := range tokens {
				r.Record(event(usage.Downloaded, fmt.Sprintf("tok_%d", i), "acme/lib", at))
			}
		}
		flush(t, r)
		many(t, db, days(500))
		for range 2 { // the second time there is nothing to do
			if err := r.Prune(t.Context(), now); err != nil {
				t.Fatal(err)
			}
		}
		ctx, c := t.Context(), db.Client
		for what, n := range map[string][2]int{
			"hours": {c.UsageHour.Query().CountX(ctx), 2 * tokens}, "days": {c.UsageDay.Query().CountX(ctx), 4 * tokens},
			"downloads": {c.DownloadDay.Query().CountX(ctx), 4 * tokens}, "addresses": {c.AddressDay.Query().CountX(ctx), 4 * tokens},
			// Hours, days and months of everything, the package, its source, each token and each secret; of the package
			// and each token, the week that began in the last 35 days too.
			"totals": {c.UsageTotal.Query().CountX(ctx), (2+4+4)*(3+2*tokens) + 1 + tokens},
		} {
			if n[0] != n[1] {
				t.Errorf("%d %s are kept, want %d", n[0], what, n[1])
			}
		}
		if all := read(t, db, usage.Year, usage.Filter{}, now); all.Downloads != 3*tokens {
			t.Errorf("a year has %d downloads", all.Downloads)
		}
	})
}

// many makes more old rows than one transaction removes.
func many(t *testing.T, db *database.DB, day time.Time) {
	t.Helper()
	_, err := db.SQL.ExecContext(t.Context(), `INSERT INTO address_days (day, token_id, secret_id, address, first_at, last_at)
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4500)
		SELECT CAST($1 AS `+map[string]string{dialect.SQLite: "TEXT", dialect.Postgres: "TIMESTAMPTZ"}[db.Dialect()]+`), 'tok_1', 'sec_1', CAST(i AS TEXT), $1, $1 FROM n`,
		day.Truncate(24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
}
