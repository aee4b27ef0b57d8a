// Package ratelimit counts each token's requests an hour and refuses those above its limit.
//
// httprate is the engine between a request and its refusal; the decision is one atomic operation of a Store, because
// httprate's own counter reads and adds in two steps, under one lock for all keys.
package ratelimit

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/httprate"

	"broker/server/auth"
)

// Result is a decision and what the headers say of it.
type Result struct {
	Admitted   bool
	Limit      int
	Remaining  int           // never below 0
	Reset      time.Time     // end of the current hour
	RetryAfter time.Duration // after a refusal: whole seconds until a request is admitted
}

func admitted(w *window, limit int, used int64) Result {
	return Result{Admitted: true, Limit: limit, Remaining: int(max(int64(limit)-used, 0)), Reset: w.end()}
}

func refused(w *window, limit int, used int64, now time.Time) Result {
	result := admitted(w, limit, used)
	result.Admitted = false
	result.RetryAfter = time.Duration(w.wait(now.Unix(), int64(limit))) * time.Second
	return result
}

func (w *window) end() time.Time { return time.Unix((w.number+1)*windowSeconds, 0).UTC() }

// Store decides and counts in one atomic step. It never fails: a store that cannot reach what it counts in decides by
// itself.
type Store interface {
	// Take admits a request of this cost, and counts it, unless it would exceed the limit, which is above 0. A cost of
	// 0 asks how things stand.
	Take(key string, limit, cost int, now time.Time) Result
}

var _ Store = (*Memory)(nil)

// Limiter applies tokens' limits to HTTP requests.
type Limiter struct {
	store Store
	now   func() time.Time
}

// New returns a limiter that counts in the store. now is the clock.
func New(store Store, now func() time.Time) *Limiter { return &Limiter{store, now} }

// Admit takes one request from the token's limit and sets the rate-limit headers. When it returns false, the refusal
// has been written.
func (l *Limiter) Admit(w http.ResponseWriter, r *http.Request, t *auth.Token) bool {
	if t.RateLimit == 0 {
		return true
	}
	counter := &take{store: l.store, now: l.now()}
	limiter := httprate.NewRateLimiter(t.RateLimit, time.Hour,
		httprate.WithLimitCounter(counter),
		httprate.WithResponseHeaders(httprate.ResponseHeaders{}),
	)
	over := limiter.OnLimit(w, r, t.ID)
	writeHeaders(w.Header(), counter.result)
	if over {
		refuse(w, t, counter.result)
	}
	return !over
}

// Peek sets the rate-limit headers without counting: a 304 is free.
func (l *Limiter) Peek(w http.ResponseWriter, t *auth.Token) {
	if t.RateLimit > 0 {
		writeHeaders(w.Header(), l.store.Take(t.ID, t.RateLimit, 0, l.now()))
	}
}

// Status tells how a token stands against a limit, in requests an hour; without a limit all three are zero.
func (l *Limiter) Status(tokenID string, limit int) (int, int, time.Time) {
	if limit == 0 {
		return 0, 0, time.Time{}
	}
	result := l.store.Take(tokenID, limit, 0, l.now())
	return result.Limit, result.Remaining, result.Reset
}

// writeHeaders says how the token stands, in the customary headers.
func writeHeaders(h http.Header, r Result) {
	h.Set("X-RateLimit-Limit", strconv.Itoa(r.Limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(r.Remaining))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(r.Reset.Unix(), 10))
}

func refuse(w http.ResponseWriter, t *auth.Token, r Result) {
	seconds := int(r.RetryAfter / time.Second)
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	(&auth.Refusal{
		Status: http.StatusTooManyRequests,
		Code:   auth.CodeRateLimited,
		Message: fmt.Sprintf("The access token %q has used its %d requests an hour; the next one is possible in %s. "+
			"A maintainer can raise the limit.", t.Description, t.RateLimit, spoken(seconds)),
	}).Write(w)
}

func spoken(seconds int) string {
	switch {
	case seconds == 1:
		return "1 second"
	case seconds < 120:
		return strconv.Itoa(seconds) + " seconds"
	default:
		return strconv.Itoa((seconds+59)/60) + " minutes"
	}
}
