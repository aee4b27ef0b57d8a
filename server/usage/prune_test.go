package usage_test

import (
	"fmt"
	"testing"
	"time"

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
		for i, at := range []time.Time{now, days(34), days(36), days(399), days(402), days(4000)} {
			for j := range 700 { // more than one transaction's
				e := event(usage.Downloaded, fmt.Sprintf("tok_%d", j), "acme/lib", at)
				e.Bytes = int64(i)
				r.Record(e)
			}
		}
		flush(t, r)
		for range 2 { // the second time there is nothing to do
			if err := r.Prune(t.Context(), now); err != nil {
				t.Fatal(err)
			}
		}
		ctx, c := t.Context(), db.Client
		for what, n := range map[string][2]int{
			"hours": {c.UsageHour.Query().CountX(ctx), 2 * 700}, "days": {c.UsageDay.Query().CountX(ctx), 4 * 700},
			"downloads": {c.DownloadDay.Query().CountX(ctx), 4 * 700}, "addresses": {c.AddressDay.Query().CountX(ctx), 4 * 700},
			// Of everything, the package, its source, each token and each secret.
			"totals": {c.UsageTotal.Query().CountX(ctx), (2 + 4 + 4) * (3 + 2*700)},
		} {
			if n[0] != n[1] {
				t.Errorf("%d %s are kept, want %d", n[0], what, n[1])
			}
		}
		if all := read(t, db, usage.Year, usage.Filter{}, now); all.Downloads != 3*700 {
			t.Errorf("a year has %d downloads", all.Downloads)
		}
	})
}
