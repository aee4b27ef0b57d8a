package ratelimit_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broker/server/auth"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/ratelimit"
)

var noon = time.Date(2026, 11, 25, 12, 10, 0, 0, time.UTC)

func request(l *ratelimit.Limiter, t *auth.Token) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	if refusal := l.Admit(context.Background(), w, t); refusal != nil {
		refusal.Write(w)
	}
	return w
}

// However many requests come at once, exactly the limit passes.
func TestExactlyTheLimitPasses(t *testing.T) {
	t.Parallel()
	limiter := ratelimit.New(ratelimit.NewMemory(), func() time.Time { return noon })
	token := &auth.Token{ID: "tok_1", RateLimit: 50}
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			for range 20 {
				w := request(limiter, token)
				if w.Code == http.StatusOK {
					passed.Add(1)
				}
				if n, err := strconv.Atoi(w.Header().Get("X-RateLimit-Remaining")); err != nil || n < 0 {
					t.Errorf("X-RateLimit-Remaining: %q", w.Header().Get("X-RateLimit-Remaining"))
				}
			}
		})
	}
	wg.Wait()
	if passed.Load() != 50 {
		t.Errorf("%d of 4000 requests passed, want 50", passed.Load())
	}
}

// A refusal says when to come back, in the form that Composer prints, and is not kept by caches.
func TestRefusalIsPrintedByComposer(t *testing.T) {
	t.Parallel()
	limiter := ratelimit.New(ratelimit.NewMemory(), func() time.Time { return noon })
	token := &auth.Token{ID: "tok_1", Description: "CI", RateLimit: 1}
	request(limiter, token)
	w := request(limiter, token)
	h := w.Header()
	if w.Code != http.StatusTooManyRequests || h.Get("Content-Type") != "application/json" || h.Get("Cache-Control") != "private, no-store" {
		t.Errorf("%d %v", w.Code, h)
	}
	if h.Get("Retry-After") == "" || h.Get("X-RateLimit-Limit") != "1" || h.Get("X-RateLimit-Remaining") != "0" {
		t.Errorf("headers %v", h)
	}
	if h.Get("X-RateLimit-Reset") != strconv.FormatInt(noon.Truncate(time.Hour).Add(time.Hour).Unix(), 10) {
		t.Errorf("X-RateLimit-Reset = %s", h.Get("X-RateLimit-Reset"))
	}
}

// 0 means no limit, and asking how a token stands is free.
func TestNoLimitAndPeekAreFree(t *testing.T) {
	t.Parallel()
	limiter := ratelimit.New(ratelimit.NewMemory(), func() time.Time { return noon })
	unlimited := &auth.Token{ID: "tok_1"}
	for range 5000 {
		if w := request(limiter, unlimited); w.Code != http.StatusOK {
			t.Fatalf("a token without a limit was refused: %d", w.Code)
		}
	}
	limited := &auth.Token{ID: "tok_2", RateLimit: 2}
	for range 10 {
		limiter.Peek(context.Background(), httptest.NewRecorder(), limited)
	}
	if _, remaining, _ := limiter.Status("tok_2", 2); remaining != 2 {
		t.Errorf("remaining = %d after peeks, want 2", remaining)
	}
}

// A lowered limit never shows a negative rest, and a clock that goes back gives nothing.
func TestLoweredLimitAndClockGiveNothing(t *testing.T) {
	t.Parallel()
	store := ratelimit.NewMemory()
	for range 10 {
		store.Take("k", 10, 1, noon)
	}
	if r := store.Take("k", 3, 1, noon); r.Admitted || r.Remaining != 0 {
		t.Errorf("with a lowered limit: %+v", r)
	}
	for _, shift := range []time.Duration{-time.Hour, -10 * time.Minute, -48 * time.Hour} {
		if store.Take("k", 10, 1, noon.Add(shift)).Admitted {
			t.Errorf("admitted with the clock moved by %s", shift)
		}
	}
}

// A restart does not renew a quota.
func TestCountsSurviveARestart(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		before := ratelimit.NewMemory()
		for range 7 {
			before.Take("tok_1", 10, 1, noon)
		}
		for range 2 { // a second flush writes what changed since
			if err := db.Tx(t.Context(), func(tx *database.Tx) error { return before.Flush(t.Context(), tx) }); err != nil {
				t.Fatal(err)
			}
			before.Take("tok_1", 10, 1, noon)
		}
		after := ratelimit.NewMemory()
		after.Take("tok_1", 10, 1, noon)
		if err := after.Restore(t.Context(), db.Client); err != nil {
			t.Fatal(err)
		}
		if r := after.Take("tok_1", 10, 0, noon); r.Remaining != 2 {
			t.Errorf("remaining = %d after the restart, want 2", r.Remaining)
		}
	})
}

// What was counted long ago is forgotten; what counts is not.
func TestSweepKeepsWhatCounts(t *testing.T) {
	t.Parallel()
	store := ratelimit.NewMemory()
	store.Take("k", 1, 1, noon)
	store.Sweep(noon.Add(time.Hour))
	if store.Take("k", 1, 1, noon.Add(time.Minute)).Admitted {
		t.Error("the count was forgotten")
	}
}

func BenchmarkTake(b *testing.B) {
	store := ratelimit.NewMemory()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			store.Take("tok_01jdexample", 1<<30, 1, noon)
		}
	})
}

func BenchmarkAdmit(b *testing.B) {
	limiter := ratelimit.New(ratelimit.NewMemory(), time.Now)
	token := &auth.Token{ID: "tok_01jdexample", RateLimit: 1 << 30}
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		limiter.Admit(context.Background(), w, token)
	}
}

// What Composer's requests pass; near its limit or not, the request of a token that has one left is no slower.
func BenchmarkAdmitSoon(b *testing.B) {
	limiter := ratelimit.New(ratelimit.NewMemory(), time.Now)
	token := &auth.Token{ID: "tok_01jdexample", RateLimit: 1 << 30}
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		limiter.AdmitSoon(b.Context(), w, token)
	}
}

// Counts whose transaction was rolled back after they were written are written again.
func TestCountsOfAFailedTransactionAreKept(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	memory := ratelimit.NewMemory()
	memory.Take("tok_1", 10, 1, time.Now())
	failed := errors.New("failed")
	for _, want := range []error{failed, nil} {
		err := db.Tx(t.Context(), func(tx *database.Tx) error {
			if err := memory.Flush(t.Context(), tx); err != nil {
				return err
			}
			return want
		})
		if !errors.Is(err, want) {
			t.Fatal(err)
		}
	}
	if row := db.Client.RateWindow.GetX(t.Context(), "tok_1"); row.Current != 1 {
		t.Errorf("written %+v", row)
	}
}
