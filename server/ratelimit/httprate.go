package ratelimit

import (
	"net/http"
	"time"

	"github.com/go-chi/httprate"
)

// take is httprate and its counter, for one request after the other. Get decides and counts at once, and answers so
// that httprate's own comparison comes to the same decision; there is nothing left to increment.
type take struct {
	engine *httprate.RateLimiter
	store  Store
	now    time.Time
	limit  int
	result Result
}

func newTake(store Store, limit int) *take {
	one := &take{store: store}
	one.engine = httprate.NewRateLimiter(limit, time.Hour,
		httprate.WithLimitCounter(one), httprate.WithResponseHeaders(httprate.ResponseHeaders{}))
	return one
}

// asked stands for every request: httprate looks only for a limit in a request's context, where nobody puts one.
var asked = new(http.Request)

var _ httprate.LimitCounter = (*take)(nil)

// Config implements httprate.LimitCounter.
func (t *take) Config(limit int, _ time.Duration) { t.limit = limit }

// Increment implements httprate.LimitCounter: Get has counted.
func (*take) Increment(string, time.Time) error { return nil }

// IncrementBy implements httprate.LimitCounter: Get has counted.
func (*take) IncrementBy(string, time.Time, int) error { return nil }

// Get implements httprate.LimitCounter.
func (t *take) Get(key string, _, _ time.Time) (current, previous int, err error) {
	t.result = t.store.Take(key, t.limit, 1, t.now)
	if t.result.Admitted {
		return 0, 0, nil
	}
	return t.limit, 0, nil
}
