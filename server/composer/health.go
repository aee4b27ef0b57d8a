package composer

import (
	"context"
	"errors"
	"net/http"
	"time"

	"broker/ent/schema"
	"broker/server/archive"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/ratelimit"
)

// health is what a token is, for whoever holds it.
type health struct {
	Status      string               `json:"status"`
	Description string               `json:"description"`
	Permission  string               `json:"permission"`
	Packages    []string             `json:"packages"`
	Rules       []schema.PackageRule `json:"packageRules"`
	Networks    []string             `json:"networks"`
	ExpiresAt   *time.Time           `json:"expiresAt"`
	RateLimit   rateLimit            `json:"rateLimit"`
}

type rateLimit struct {
	Limit     int        `json:"limit"`
	Remaining *int       `json:"remaining"` // null without a limit
	ResetAt   *time.Time `json:"resetAt"`
}

// Health tells that the server lives, and, to a request with credentials, whether they work and what they may do. It
// takes nothing from the rate limit.
func (h *Handler) Health() http.HandlerFunc {
	known := h.route(func(q *request) error {
		q.Peek()
		return q.writeJSON(h.health(q.Token))
	})
	return func(w http.ResponseWriter, r *http.Request) {
		if auth.Credentials(r) {
			known(w, r)
			return
		}
		alive(w, http.StatusOK, `{"status":"ok"}`)
	}
}

func (h *Handler) health(t *auth.Token) health {
	answer := health{
		Status: "ok", Description: t.Description, Permission: t.Permission(),
		Packages: append([]string{}, t.Packages.Strings()...), Rules: t.Rules.Rules(), Networks: []string{},
	}
	for _, network := range t.Networks {
		answer.Networks = append(answer.Networks, network.String())
	}
	if !t.ExpiresAt.IsZero() {
		answer.ExpiresAt = &t.ExpiresAt
	}
	limit, remaining, reset := h.Limiter.Status(t.ID, t.RateLimit)
	if limit > 0 {
		answer.RateLimit = rateLimit{limit, &remaining, &reset}
	}
	return answer
}

// Ready answers 200 while the database can be used and the server is not stopping, 503 otherwise. What a check says that
// stops no client, or only downloads, is told in a 200: ratelimit.ErrPerInstance; database.ErrUnwritable, with which
// packages are served and nothing can be changed; and *archive.Unreachable.
func Ready(check func(context.Context) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := check(r.Context())
		alone, unwritable := errors.Is(err, ratelimit.ErrPerInstance), errors.Is(err, database.ErrUnwritable)
		_, unreachable := errors.AsType[*archive.Unreachable](err)
		if err != nil && !alone && !unwritable && !unreachable {
			w.Header().Set("Retry-After", "1")
			alive(w, http.StatusServiceUnavailable, `{"status":"unavailable"}`)
			return
		}
		body := `{"status":"ok"`
		if alone {
			body += `,"rateLimit":"per instance"`
		}
		if unwritable {
			body += `,"database":"read-only"`
		}
		if unreachable {
			body += `,"storage":"unreachable"`
		}
		alive(w, http.StatusOK, body+"}")
	}
}

func alive(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write([]byte(body))
}
