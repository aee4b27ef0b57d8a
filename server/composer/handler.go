// Package composer answers the routes that Composer calls: packages.json, p2, dist, list, search, downloads, health.
//
// Every request goes the same way: who is asking, may they, is the client's copy still good, has the token requests
// left, then the bytes.
package composer

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"time"

	"broker/server/archive"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/catalog"
	"broker/server/forwarded"
	"broker/server/ratelimit"
	"broker/server/usage"
	"broker/server/view"
)

// Archives opens the stored file of a dist, fetching it from its source on first use.
type Archives interface {
	Open(ctx context.Context, d *catalog.Dist) (*os.File, archive.Info, error)
}

// Recorder counts what tokens do.
type Recorder interface {
	Record(usage.Event)
}

// Refusals hears of refused requests.
type Refusals interface {
	Note(audit.Refused)
}

// Handler holds what the routes need.
type Handler struct {
	Tokens   *auth.Tokens
	Limiter  *ratelimit.Limiter
	View     *view.View
	Archives Archives
	Usage    Recorder
	Installs *Installs
	Refusals Refusals
	Log      *slog.Logger
	Now      func() time.Time
}

// statusGone is nginx's status for a client that went away, which nobody refused.
const statusGone = 499

// retryAfter is when, in seconds, a fault of ours may be over.
const retryAfter = 2

// request is one authenticated request under way.
type request struct {
	w     http.ResponseWriter
	r     *http.Request
	h     *Handler
	token *auth.Token
	event usage.Event
}

// route makes a handler of a step that runs for authenticated requests only. What the step returns as an error is
// answered as a refusal.
func (h *Handler) route(step func(*request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		now := h.Now()
		address := forwarded.Address(r.Context())
		token, err := h.Tokens.Authenticate(r.Context(), r, address, now)
		q := &request{w: w, r: r, h: h, token: token}
		if token != nil {
			q.event = usage.Event{TokenID: token.ID, SecretID: token.SecretID, Kind: usage.Other, At: now,
				Address: address, Client: r.UserAgent()}
		}
		if err == nil {
			err = step(q)
			q.showLimit(err)
		}
		q.finish(err)
	}
}

// showLimit sets the rate-limit headers of a refusal that came before the limit was asked.
func (q *request) showLimit(err error) {
	if err != nil && q.w.Header().Get("X-RateLimit-Limit") == "" {
		q.h.Limiter.Peek(q.w, q.token)
	}
}

// finish answers an error and counts the request.
func (q *request) finish(err error) {
	if err != nil {
		refusal := q.h.refusal(q.r, err)
		switch refusal.Status {
		case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
			q.refused(refusal.Code)
		}
		if refusal.Code != auth.CodeNotFound && refusal.Status < statusGone && q.withCredentials() {
			q.h.Refusals.Note(RefusedRequest(q.r, q.token, refusal.Code, q.h.Now()))
		}
		refusal.Write(q.w)
	}
	if q.token == nil {
		return
	}
	if q.r.Method == http.MethodHead && err == nil { // nothing of it was sent
		q.event.Kind, q.event.Bytes = usage.Other, 0
	}
	q.h.Usage.Record(q.event)
}

// withCredentials tells a refusal worth telling of from the first request of a client that sends credentials only when
// it is asked to.
func (q *request) withCredentials() bool { return auth.Credentials(q.r) }

// RefusedRequest is a refused request as the audit log tells it. token is nil where none is known.
func RefusedRequest(r *http.Request, token *auth.Token, code auth.Code, now time.Time) audit.Refused {
	refused := audit.Refused{
		Code: string(code), Path: r.URL.Path, At: now,
		Actor: audit.Actor{Address: forwarded.Address(r.Context()), Client: r.UserAgent()},
	}
	if token != nil {
		refused.Target, refused.Name = token.ID, token.Description
		refused.Actor.ID, refused.Actor.Name = token.ID, (&auth.Subject{Token: token}).Name()
	}
	return refused
}

// admit takes one request from the token's limit.
func (q *request) admit() error {
	if refusal := q.h.Limiter.Admit(q.w, q.token); refusal != nil {
		return refusal
	}
	return nil
}

// refused has the request counted as refused.
func (q *request) refused(code auth.Code) {
	q.event.Kind, q.event.Reason = usage.Refused, usage.ReasonOf(string(code))
}

// admitTo is what most routes begin with: may the token have this package (none for lists), and has it requests left.
func (q *request) admitTo(name string) error {
	if err := q.authorize(name); err != nil {
		return err
	}
	return q.admit()
}

// refusal classifies an error. What is not known here is a fault of ours: logged, and told without its text.
func (h *Handler) refusal(r *http.Request, err error) *auth.Refusal {
	var refusal *auth.Refusal
	if errors.As(err, &refusal) {
		return refusal
	}
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return &auth.Refusal{Status: statusGone, Code: auth.CodeUnavailable, Message: "The client went away."}
	}
	h.Log.Error("a request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	return &auth.Refusal{
		Status:     http.StatusServiceUnavailable, // Composer tries again
		Code:       auth.CodeInternal,
		Message:    "The package server has a fault. Its log says more; try again.",
		RetryAfter: retryAfter,
	}
}

func notFound(message string) *auth.Refusal {
	return &auth.Refusal{Status: http.StatusNotFound, Code: auth.CodeNotFound, Message: message}
}
