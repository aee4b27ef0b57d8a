// Package ratelimit counts each token's requests an hour and refuses those above its limit.
//
// httprate is the engine between a request and its refusal; the decision is one atomic operation of a Store, because
// httprate's own counter reads and adds in two steps, under one lock for all keys.
package ratelimit

import (
	"context"
	"net/http"
	"sync"
	"time"

	"broker/server/auth"
)

// Result is a decision and what the headers say of it.
type Result struct {
	Admitted   bool
	Limit      int
	Remaining  int           // never below 0
	Reset      time.Time     // end of the current hour
	More       time.Duration // whole seconds until Remaining grows; 0 while nothing is used
	RetryAfter time.Duration // after a refusal: whole seconds until a request is admitted

	refused refused // by what; zero where it was admitted
}

// Standing is how a token stood against its limit; zero without one.
type Standing struct {
	Limit, Remaining int
	Reset            time.Time
}

func (r *Result) standing() Standing { return Standing{r.Limit, r.Remaining, r.Reset} }

// refused is what a refusal was decided by.
type refused struct {
	window window
	limit  int64
	weight int64 // how many requests each one counts as
	unix   int64
}

// result describes a window after a decision. weight is how many requests each one counts as.
func result(w *window, admitted bool, limit int, weight, unix int64) Result {
	remaining := max(int64(limit)-w.used(unix), 0) / weight
	r := Result{Admitted: admitted, Limit: limit, Remaining: int(remaining), Reset: w.end()}
	// One more request than remain now passes once so little is used that it would pass under a limit lower by them.
	if lower := int64(limit) - weight*(remaining+1) + 1; lower > 0 {
		r.More = time.Duration(w.wait(unix, lower)) * time.Second
	}
	if !admitted {
		r.RetryAfter = r.More
		r.refused = refused{*w, int64(limit), weight, unix}
	}
	return r
}

// until is in how many whole seconds so many requests would pass, if none did before; false where the limit is never so
// high. They pass once so little is used that the last of them would under a limit lower by the others.
func (r *refused) until(requests int) (time.Duration, bool) {
	lower := r.limit - r.weight*int64(requests) + 1
	if lower <= 0 {
		return 0, false
	}
	return time.Duration(r.window.wait(r.unix, lower)) * time.Second, true
}

func (w *window) end() time.Time { return time.Unix((w.number+1)*windowSeconds, 0).UTC() }

// Store decides and counts in one atomic step. It never fails: a store that cannot reach what it counts in decides by
// itself. It takes no context: what it waits for, it waits for a fraction of a second at most, and a client that
// goes away meanwhile must not look like a store that does not answer.
type Store interface {
	// Take admits a request of this cost, and counts it, unless it would exceed the limit, which is above 0. A cost of
	// 0 asks how things stand. The key is an id, of 32 bytes at most. now is this process's clock; a store that instances share has a clock of its own.
	Take(key string, limit, cost int, now time.Time) Result
}

var _ Store = (*Memory)(nil)

// Limiter applies tokens' limits to HTTP requests.
type Limiter struct {
	store   Store
	now     func() time.Time
	spare   sync.Pool // of *take
	waiting waiting
}

// New returns a limiter that counts in the store. now is the clock.
func New(store Store, now func() time.Time) *Limiter {
	return &Limiter{store: store, now: now}
}

// Admit takes one request from the token's limit and sets the rate-limit headers. It returns nil, or the refusal to
// answer with.
func (l *Limiter) Admit(ctx context.Context, w http.ResponseWriter, t *auth.Token) *auth.Refusal {
	if t.RateLimit == 0 {
		return nil
	}
	if r := l.take(ctx, w, t); !r.Admitted {
		return l.refusal(t, r.RetryAfter)
	}
	return nil
}

// take asks the store for one request of a token that has a limit.
func (l *Limiter) take(ctx context.Context, w http.ResponseWriter, t *auth.Token) Result {
	one, ok := l.spare.Get().(*take)
	if !ok || one.limit != t.RateLimit {
		one = newTake(l.store, t.RateLimit)
	}
	defer l.spare.Put(one)
	one.now = l.now()
	over := one.engine.OnLimit(w, asked, t.ID)
	writeHeaders(ctx, w, &one.result)
	r := one.result
	r.Admitted = !over
	return r
}

// Charge takes what an admitted request costs beside itself, in requests: all of it, or what the token has left. It sets
// the rate-limit headers, and refuses nothing.
func (l *Limiter) Charge(ctx context.Context, w http.ResponseWriter, t *auth.Token, cost int) {
	if t.RateLimit == 0 || cost == 0 {
		return
	}
	r := l.store.Take(t.ID, t.RateLimit, cost, l.now())
	if !r.Admitted {
		r = l.store.Take(t.ID, t.RateLimit, r.Remaining, l.now())
	}
	writeHeaders(ctx, w, &r)
}

// Peek sets the rate-limit headers without counting, and tells how the token stands: a 304 is free.
func (l *Limiter) Peek(ctx context.Context, w http.ResponseWriter, t *auth.Token) Standing {
	if t.RateLimit == 0 {
		return Standing{}
	}
	r := l.store.Take(t.ID, t.RateLimit, 0, l.now())
	writeHeaders(ctx, w, &r)
	return r.standing()
}

// Status tells how a token stands against a limit, in requests an hour; without a limit all three are zero.
func (l *Limiter) Status(tokenID string, limit int) (int, int, time.Time) {
	if limit == 0 {
		return 0, 0, time.Time{}
	}
	result := l.store.Take(tokenID, limit, 0, l.now())
	return result.Limit, result.Remaining, result.Reset
}
