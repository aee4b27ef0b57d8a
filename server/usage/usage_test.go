package usage_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/usage"
)

var silent = slog.New(slog.DiscardHandler)

func event(kind usage.Kind, token, name string, at time.Time) usage.Event {
	return usage.Event{TokenID: token, SecretID: "sec_" + token, Kind: kind, Package: name, Version: "1.0.0.0", Bytes: 10, At: at,
		Address: netip.MustParseAddr("192.0.2.1"), Client: "Composer/2.5.5\x1b[31m"}
}

// Every event counted is reported, however many goroutines count and however often it is written meanwhile.
func TestEverythingCountedIsReported(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := usage.NewRecorder(db, silent)
		now := time.Now()
		const workers, each = 10, 20_000
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := range each {
					r.Record(event(usage.Kind(i%5), fmt.Sprintf("tok_%d", (w+i)%7), fmt.Sprintf("acme/p%d", i%11), now.Add(-time.Duration(i%3)*time.Hour)))
				}
			})
		}
		stop := make(chan struct{})
		var flushing sync.WaitGroup
		flushing.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if err := r.Flush(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
		wg.Wait()
		close(stop)
		flushing.Wait()
		if err := r.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		report, err := usage.Read(t.Context(), db.Client, usage.Day, usage.Filter{}, now)
		if err != nil {
			t.Fatal(err)
		}
		const all = int64(workers * each)
		if report.Requests != all || report.Downloads != all/5 || report.Refused != all/5 || report.Bytes != all*10 {
			t.Errorf("reported %d requests, %d downloads, %d refused, %d bytes of %d", report.Requests, report.Downloads, report.Refused, report.Bytes, all)
		}
		var series int64
		for _, point := range report.Series {
			series += point.Requests
		}
		if series != all || len(report.Series) != 24 {
			t.Errorf("the series has %d requests in %d points", series, len(report.Series))
		}
	})
}

// failing is a flusher that fails as often as it is told.
type failing struct{ times int }

func (f *failing) Flush(context.Context, *database.Tx) error {
	if f.times > 0 {
		f.times--
		return errors.New("disk full")
	}
	return nil
}

// Counts that could not be written are kept and written once, with the next flush.
func TestFailedFlushLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := usage.NewRecorder(db, silent, &failing{times: 3})
		now := time.Now()
		for range 4 {
			r.Record(event(usage.Downloaded, "tok_1", "acme/lib", now))
			r.Flush(t.Context())
		}
		report, err := usage.Read(t.Context(), db.Client, usage.Hour, usage.Filter{}, now)
		if err != nil {
			t.Fatal(err)
		}
		if report.Downloads != 4 || report.Requests != 4 {
			t.Errorf("%d downloads, %d requests of 4", report.Downloads, report.Requests)
		}
	})
}

// A stop writes what was counted until then.
func TestStopLosesNothing(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	r := usage.NewRecorder(db, silent)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	now := time.Now()
	for range 1000 {
		r.Record(event(usage.Metadata, "tok_1", "acme/lib", now))
	}
	cancel()
	<-done
	report, err := usage.Read(t.Context(), db.Client, usage.Hour, usage.Filter{}, now)
	if err != nil || report.Requests != 1000 {
		t.Errorf("%d requests, %v", report.Requests, err)
	}
}

// Filters narrow, tops are ordered, and last use is noted without what a terminal would obey.
func TestReportsAndLastUse(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx, now := t.Context(), time.Now()
		repo := db.Client.Repository.Create().SetName("r").SetType("COMPOSER").SaveX(ctx)
		lib := db.Client.Pkg.Create().SetName("acme/lib").SetRepositoryID(repo.ID).SaveX(ctx)
		token := db.Client.Token.Create().SetDescription("CI").SetCreatedBy("t").SaveX(ctx)
		secret := db.Client.TokenSecret.Create().SetTokenID(token.ID).SetHash([]byte("h")).SetHint("x").SaveX(ctx)
		r := usage.NewRecorder(db, silent)
		record := func(n int, e usage.Event) {
			if e.TokenID == token.ID {
				e.SecretID = secret.ID
			}
			for range n {
				r.Record(e)
			}
		}
		record(3, event(usage.Downloaded, token.ID, "acme/lib", now))
		record(2, event(usage.Downloaded, token.ID, "other/x", now))
		record(9, event(usage.Metadata, "tok_2", "acme/lib", now))
		record(1, event(usage.Installed, token.ID, "acme/lib", now))
		if err := r.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		read := func(f usage.Filter) *usage.Report {
			report, err := usage.Read(ctx, db.Client, usage.Year, f, now)
			if err != nil {
				t.Fatal(err)
			}
			return report
		}
		for want, f := range map[int64]usage.Filter{14: {}, 5: {TokenID: token.ID}, 12: {Package: "acme/lib"}, 3: {Package: "acme/lib", TokenID: token.ID}} {
			if got := read(f).Requests; got != want {
				t.Errorf("%+v: %d requests, want %d", f, got, want)
			}
		}
		if got := read(usage.Filter{RepositoryID: repo.ID}); got.Requests != 12 || got.Installs != 1 {
			t.Errorf("of the repository: %+v", got)
		}
		packages, err := read(usage.Filter{}).TopPackages(ctx, 1)
		if err != nil || len(packages) != 1 || packages[0].Package != "acme/lib" || packages[0].Downloads != 3 {
			t.Errorf("top packages %v, %v", packages, err)
		}
		tokens, err := read(usage.Filter{}).TopTokens(ctx, 10)
		if err != nil || len(tokens) != 2 || tokens[0].TokenID != "tok_2" || tokens[0].Requests != 9 {
			t.Errorf("top tokens %v, %v", tokens, err)
		}
		if n := db.Client.Pkg.GetX(ctx, lib.ID).Downloads; n != 3 {
			t.Errorf("the package has %d downloads", n)
		}
		used := db.Client.Token.GetX(ctx, token.ID)
		if used.LastUsedAt == nil || *used.LastUsedAddress != "192.0.2.1" || *used.LastUsedClient != "Composer/2.5.5[31m" {
			t.Errorf("last use %v %v %q", used.LastUsedAt, *used.LastUsedAddress, *used.LastUsedClient)
		}
	})
}
