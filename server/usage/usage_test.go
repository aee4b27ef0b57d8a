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
		Address: netip.AddrFrom4([4]byte{192, 0, 2, 1}), Client: "Composer/2.5.5\x1b[31m"}
}

// packages makes a source with packages and returns its id.
func packages(t testing.TB, db *database.DB, source string, names ...string) string {
	t.Helper()
	repository := db.Client.Repository.Create().SetName(source).SetType("COMPOSER").SaveX(t.Context())
	for _, name := range names {
		db.Client.Pkg.Create().SetName(name).SetRepositoryID(repository.ID).SaveX(t.Context())
	}
	return repository.ID
}

func flush(t testing.TB, r *usage.Recorder) {
	t.Helper()
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, db *database.DB, reach usage.Range, f usage.Filter, now time.Time) *usage.Report {
	t.Helper()
	report, err := usage.Read(t.Context(), db.Client, reach, f, now)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// A million events counted are a million reported, however many goroutines count and however often it is written
// meanwhile.
func TestEverythingCountedIsReported(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		const workers, each, kinds = 10, 30_000, 5
		const all = int64(workers * each)
		names, tokens := []string{"acme/p0", "acme/p1", "acme/p2", "acme/p3"}, []string{"tok_0", "tok_1", "tok_2", "tok_3", "tok_4", "tok_5", "tok_6"}
		packages(t, db, "r", names...)
		r := usage.NewRecorder(db, silent)
		now := time.Now()
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := range each {
					r.Record(event(usage.Kind(i%kinds), tokens[(w+i)%len(tokens)], names[i/kinds%len(names)], now.Add(-time.Duration(i%3)*time.Hour)))
				}
			})
		}
		stop := flushing(t, r)
		wg.Wait()
		stop()
		flush(t, r)
		report := read(t, db, usage.Day, usage.Filter{}, now)
		if report.Requests != all || report.Downloads != all/kinds || report.Refused != all/kinds || report.Bytes != all*10 {
			t.Errorf("reported %d requests, %d downloads, %d refused, %d bytes of %d", report.Requests, report.Downloads, report.Refused, report.Bytes, all)
		}
		var series, ofTokens int64
		for _, point := range report.Series {
			series += point.Requests
		}
		for _, token := range tokens {
			ofTokens += read(t, db, usage.Year, usage.Filter{TokenID: token}, now).Requests
		}
		if series != all || len(report.Series) != 24 || ofTokens != all {
			t.Errorf("the series has %d requests in %d points, the tokens %d", series, len(report.Series), ofTokens)
		}
		if one := read(t, db, usage.Year, usage.Filter{Package: "acme/p1"}, now); one.Downloads != all/kinds/4 {
			t.Errorf("%d downloads of a package, want %d", one.Downloads, all/kinds/4)
		}
	})
}

// flushing writes again and again until it is stopped.
func flushing(t testing.TB, r *usage.Recorder) (stop func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				if err := r.Flush(t.Context()); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	return func() {
		close(done)
		wg.Wait()
	}
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
		failed := 0
		for range 5 {
			r.Record(event(usage.Downloaded, "tok_1", "acme/lib", now))
			if r.Flush(t.Context()) != nil {
				failed++
			}
		}
		report := read(t, db, usage.Hour, usage.Filter{}, now)
		if failed != 3 || report.Downloads != 5 || report.Requests != 5 {
			t.Errorf("%d downloads, %d requests of 5 after %d failures", report.Downloads, report.Requests, failed)
		}
		rows, _, err := usage.DownloadCount(t.Context(), db.Client, usage.DownloadFilter{Package: "acme/lib"})
		if err != nil || rows != 1 {
			t.Errorf("%d downloads, %v", rows, err)
		}
	})
}

// A stop writes what was counted until then, also where the database fails at first.
func TestStopLosesNothing(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := usage.NewRecorder(db, silent, &failing{times: 2})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); r.Run(ctx) }()
		now := time.Now()
		for range 1000 {
			r.Record(event(usage.Metadata, "tok_1", "acme/lib", now))
		}
		cancel()
		<-done
		if report := read(t, db, usage.Hour, usage.Filter{}, now); report.Requests != 1000 {
			t.Errorf("%d requests", report.Requests)
		}
	})
}

// Much at once is written before its time.
func TestMuchIsWrittenSoon(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	r := usage.NewRecorder(db, silent)
	now := time.Now()
	for i := range usage.HeldMax / 2 {
		if i == usage.HeldMax/4 && r.FlushWanted() {
			t.Error("a little is written at once")
		}
		e := event(usage.Other, fmt.Sprintf("tok_%d", i%100), "", now)
		e.Address = netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		r.Record(e)
	}
	if !r.FlushWanted() {
		t.Error("much waits for its time")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go r.Run(ctx)
	for deadline := time.Now().Add(time.Minute); r.FlushWanted(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nobody listens")
		}
	}
}

// Two instances that write the same rows do not wait for each other in a circle, and add to each other.
func TestInstancesAddUp(t *testing.T) {
	t.Parallel()
	address := databasetest.Postgres(t)
	db := databasetest.Open(t, address)
	names := make([]string, 50)
	for i := range names {
		names[i] = fmt.Sprintf("acme/p%d", i)
	}
	packages(t, db, "r", names...)
	token := db.Client.Token.Create().SetDescription("CI").SetCreatedBy("t").SaveX(t.Context())
	now := time.Now()
	const rounds = 10
	var wg sync.WaitGroup
	for _, instance := range []*database.DB{db, databasetest.Open(t, address), databasetest.Open(t, address)} {
		wg.Go(func() {
			r := usage.NewRecorder(instance, silent)
			for range rounds {
				for _, name := range names {
					r.Record(event(usage.Downloaded, token.ID, name, now))
				}
				if err := r.Flush(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if report := read(t, db, usage.Hour, usage.Filter{}, now); report.Downloads != 3*rounds*50 {
		t.Errorf("%d downloads", report.Downloads)
	}
	for _, p := range db.Client.Pkg.Query().AllX(t.Context()) {
		if p.Downloads != 3*rounds {
			t.Errorf("%s has %d downloads", p.Name, p.Downloads)
		}
	}
}

// A flush of very many tokens is written in parts, and counts each of them once, also where it breaks off in the middle.
func TestFlushInPartsCountsOnce(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		failing := &failingOnce{at: 2}
		r := usage.NewRecorder(db, silent, failing)
		now := time.Now()
		const tokens = 3500
		for i := range tokens {
			r.Record(event(usage.Metadata, fmt.Sprintf("tok_%d", i), "", now))
		}
		if err := r.Flush(t.Context()); !errors.Is(err, errOnce) {
			t.Fatalf("%v, want the failure of the third part", err)
		}
		r.Record(event(usage.Metadata, "tok_0", "", now))
		flush(t, r)
		if one := read(t, db, usage.Day, usage.Filter{}, now); one.Requests != tokens+1 {
			t.Errorf("%d requests of %d", one.Requests, tokens+1)
		}
		if failing.calls < 5 {
			t.Errorf("%d parts", failing.calls)
		}
	})
}

var errOnce = errors.New("once")

// failingOnce is a flusher that fails at one of its calls.
type failingOnce struct{ at, calls int }

func (f *failingOnce) Flush(context.Context, *database.Tx) error {
	f.calls++
	if f.calls == f.at+1 {
		return errOnce
	}
	return nil
}
