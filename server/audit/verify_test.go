package audit_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"broker/server/audit"
	"broker/server/database"
	"broker/server/database/databasetest"
)

// writeMany writes n events in a few transactions.
func writeMany(t testing.TB, db *database.DB, log *audit.Log, n int) {
	t.Helper()
	for n > 0 {
		events := make([]audit.Event, min(n, 10_000))
		for i := range events {
			events[i] = audit.Event{Action: "token.update", Target: fmt.Sprintf("tok_%d", i), Details: map[string]any{"description": "CI", "before": i, "after": i + 1}}
		}
		if err := db.Tx(t.Context(), func(tx *database.Tx) error { return log.Write(t.Context(), tx, events...) }); err != nil {
			t.Fatal(err)
		}
		n -= len(events)
	}
}

// A check that runs while events are written and old ones removed finds no fault that is not there.
func TestVerifyWhileEventsComeAndGo(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		const days, aDay = 10, 60
		now := time.Now()
		at := now.AddDate(0, 0, -60)
		log := audit.New(db, make([]byte, 32), func() time.Time { return at })
		for day := range days {
			at = now.AddDate(0, 0, day-60)
			writeMany(t, db, log, aDay)
		}
		at = now
		var done atomic.Bool
		go func() {
			defer done.Store(true)
			for day := range days {
				if n, err := log.Prune(t.Context(), now.AddDate(0, 0, day-60).Add(time.Hour)); err != nil || n != aDay {
					t.Errorf("%d removed, %v", n, err)
				}
			}
		}()
		for checks := 0; !done.Load() || checks == 0; checks++ {
			if check := verify(t, log); !check.OK {
				t.Errorf("check %d: %v", checks, check.Problems)
			}
		}
		if check := verify(t, log); !check.OK || check.Checked != days {
			t.Errorf("in the end: %+v", check)
		}
	})
}

// BenchmarkVerify reads a chain of 400,000 events: the API's operations have ten seconds.
func BenchmarkVerify(b *testing.B) {
	for name, url := range databasetest.URLs() {
		b.Run(name, func(b *testing.B) {
			db := databasetest.Open(b, url(b))
			log := databasetest.Log(db)
			writeMany(b, db, log, 400_000)
			for b.Loop() {
				if check, err := log.Verify(b.Context()); err != nil || !check.OK {
					b.Fatal(check, err)
				}
			}
		})
	}
}
