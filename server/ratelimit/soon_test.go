package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"broker/server/auth"
	"broker/server/ratelimit"
)

// asked is how one request fared that may wait.
type asked struct {
	err   error
	after time.Duration // how long it took
	code  int           // of the refusal; 0 where it was admitted
	retry time.Duration // what the refusal says
}

func soon(ctx context.Context, l *ratelimit.Limiter, t *auth.Token) (a asked) {
	begun := time.Now()
	_, a.err = l.AdmitSoon(ctx, httptest.NewRecorder(), t)
	a.after = time.Since(begun)
	if refusal, ok := errors.AsType[*auth.Refusal](a.err); ok {
		a.code, a.retry = refusal.Status, time.Duration(refusal.RetryAfter)*time.Second
	}
	return a
}

// used is a limiter, by the clock of a bubble, of whose token all requests of the hour before were used: then one is free
// again each 3600/limit seconds. Its clock stands at that turn of the hour.
func used(t *testing.T, limit int) (*ratelimit.Limiter, *ratelimit.Memory, *auth.Token) {
	t.Helper()
	store, token := ratelimit.NewMemory(), &auth.Token{ID: "tok_1", Description: "CI", RateLimit: limit}
	time.Sleep(time.Until(time.Now().Truncate(time.Hour).Add(2*time.Hour - time.Minute)))
	if r := store.Take(token.ID, limit, limit, time.Now()); !r.Admitted {
		t.Fatal("the hour before was not empty")
	}
	time.Sleep(time.Minute)
	return ratelimit.New(store, time.Now), store, token
}

// A request of a token that has one again within two seconds waits for it, and is served; else it is refused at once,
// with when the token has one again.
func TestAMomentIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		limit int
		want  asked
	}{
		{3600, asked{after: time.Second}},
		{1800, asked{after: 2 * time.Second}},
		{1200, asked{code: 429, retry: 3 * time.Second}},
		{1000, asked{code: 429, retry: 4 * time.Second}},
		{1, asked{code: 429, retry: time.Hour}},
	} {
		t.Run(fmt.Sprint(c.limit), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limiter, _, token := used(t, c.limit)
				got := soon(t.Context(), limiter, token)
				if (got.err == nil) != (c.want.code == 0) || got.after != c.want.after || got.code != c.want.code || got.retry != c.want.retry {
					t.Fatalf("%+v, want %+v", got, c.want)
				}
				if got.code == 0 {
					return
				}
				time.Sleep(got.retry - time.Second)
				if again := limiter.Admit(context.Background(), httptest.NewRecorder(), token); again == nil {
					t.Error("admitted before Retry-After")
				}
				time.Sleep(time.Second)
				if again := limiter.Admit(context.Background(), httptest.NewRecorder(), token); again != nil {
					t.Errorf("refused after Retry-After: %v", again)
				}
			})
		})
	}
}

// A flood of one token keeps eight places at most, and those alone that will be served: all others are refused at once,
// with a Retry-After that counts those before them. Another token is not held up. No more pass than the limit lets.
func TestAFloodWaitsInEightPlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ perSecond, served int }{{1, 2}, {2, 4}, {4, 8}, {100, 8}} {
		t.Run(fmt.Sprint(c.perSecond), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limiter, store, token := used(t, 3600*c.perSecond)
				all := make([]asked, 200)
				var flood sync.WaitGroup
				for i := range all {
					flood.Go(func() { all[i] = soon(t.Context(), limiter, token) })
				}
				synctest.Wait()
				if other := soon(t.Context(), limiter, &auth.Token{ID: "tok_2", RateLimit: 1}); other.err != nil || other.after != 0 {
					t.Errorf("another token: %+v", other)
				}
				flood.Wait()
				served := 0
				for _, one := range all {
					switch {
					case one.err == nil && one.after > 0 && one.after <= 2*time.Second:
						served++
					case one.code != 429 || one.after != 0 || one.retry < time.Second:
						t.Errorf("%+v", one)
					}
				}
				if served != c.served {
					t.Errorf("%d were served, want %d", served, c.served)
				}
				waited := int(time.Since(time.Now().Truncate(time.Hour)) / time.Second)
				if free := store.Take(token.ID, token.RateLimit, 0, time.Now()).Remaining; free != waited*c.perSecond-served {
					t.Errorf("%d are left after %d seconds", free, waited)
				}
			})
		})
	}
}

// Whoever goes away frees the place at once; whoever comes in between takes what was waited for, and then the wait goes
// on within its two seconds.
func TestPlacesAreFreed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter, store, token := used(t, 3600*4)
		gone, leave := context.WithCancel(t.Context())
		var first, second sync.WaitGroup
		for range 8 {
			first.Go(func() {
				if one := soon(gone, limiter, token); !errors.Is(one.err, context.Canceled) {
					t.Errorf("%+v", one)
				}
			})
		}
		synctest.Wait()
		if one := soon(t.Context(), limiter, token); one.code != 429 || one.after != 0 {
			t.Errorf("the ninth: %+v", one)
		}
		leave()
		first.Wait()
		for range 8 {
			second.Go(func() {
				if one := soon(t.Context(), limiter, token); one.err != nil {
					t.Errorf("%+v", one)
				}
			})
		}
		second.Wait()
		if free := store.Take(token.ID, token.RateLimit, 0, time.Now()).Remaining; free != 0 {
			t.Errorf("%d are left: those that went away took some", free)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		limiter, store, token := used(t, 3600)
		go func() {
			time.Sleep(time.Second - time.Nanosecond)
			store.Take(token.ID, token.RateLimit, 1, time.Now().Add(time.Nanosecond))
		}()
		if one := soon(t.Context(), limiter, token); one.err != nil || one.after != 2*time.Second {
			t.Errorf("%+v", one)
		}
		go func() {
			for range 2 {
				time.Sleep(time.Second - time.Nanosecond)
				store.Take(token.ID, token.RateLimit, 1, time.Now().Add(time.Nanosecond))
				time.Sleep(time.Nanosecond)
			}
		}()
		if one := soon(t.Context(), limiter, token); one.code != 429 || one.after != 2*time.Second || one.retry != time.Second {
			t.Errorf("where others took both: %+v", one)
		}
	})
}

// What a request costs beside itself is taken as far as there is something left, and is no refusal.
func TestACostIsTakenAsFarAsItGoes(t *testing.T) {
	t.Parallel()
	store, token := ratelimit.NewMemory(), &auth.Token{ID: "tok_1", RateLimit: 100}
	limiter := ratelimit.New(store, time.Now)
	limiter.Charge(context.Background(), httptest.NewRecorder(), &auth.Token{ID: "free"}, 1000)
	for _, c := range []struct{ cost, left int }{{0, 100}, {30, 70}, {60, 10}, {11, 0}, {5, 0}} {
		w := httptest.NewRecorder()
		limiter.Charge(context.Background(), w, token, c.cost)
		if _, left, _ := limiter.Status(token.ID, token.RateLimit); left != c.left {
			t.Errorf("after %d: %d are left, want %d", c.cost, left, c.left)
		}
		if said := w.Header().Get("X-RateLimit-Remaining"); c.cost > 0 && said != fmt.Sprint(c.left) {
			t.Errorf("after %d: %s is told", c.cost, said)
		}
	}
}

// The refusal says when the next request is possible: to the second where that is soon, else the minute in which it
// surely is.
func TestARefusalSaysWhenItClears(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		limit int
		want  string
	}{
		{1200, "; the next one is possible again in 3 seconds. "},
		{30, "; the next one is possible again at 02:02 UTC, in 2 minutes. "},
		{7, "; the next one is possible again at 02:09 UTC, in 9 minutes. "},
		{1, "; the next one is possible again at 03:00 UTC, in 60 minutes. "},
	} {
		t.Run(fmt.Sprint(c.limit), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limiter, _, token := used(t, c.limit)
				if one := soon(t.Context(), limiter, token); one.err == nil || !strings.Contains(one.err.Error(), c.want) {
					t.Errorf("%v, want %s", one.err, c.want)
				}
			})
		})
	}
}
