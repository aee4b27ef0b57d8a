package composer_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"broker/server/composer"
	"broker/server/ratelimit"
)

// /ready is 200 while rate limits are counted per instance, and says so; it is 503 for what stops requests, without
// saying what.
func TestReadySaysWhatIsDegraded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		status int
		body   string
	}{
		{nil, http.StatusOK, `{"status":"ok"}`},
		{fmt.Errorf("limits: %w", ratelimit.ErrPerInstance), http.StatusOK, `{"status":"ok","rateLimit":"per instance"}`},
		{errors.New("dial tcp 10.0.0.1:5432"), http.StatusServiceUnavailable, `{"status":"unavailable"}`},
	} {
		w := httptest.NewRecorder()
		composer.Ready(func(context.Context) error { return c.err })(w, httptest.NewRequest(http.MethodGet, "/ready", nil))
		if w.Code != c.status || w.Body.String() != c.body {
			t.Errorf("%v: %d %s, want %d %s", c.err, w.Code, w.Body, c.status, c.body)
		}
		if (w.Header().Get("Retry-After") != "") != (c.status != http.StatusOK) {
			t.Errorf("%v: Retry-After %q", c.err, w.Header().Get("Retry-After"))
		}
	}
}
