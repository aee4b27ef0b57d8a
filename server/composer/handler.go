// Package composer answers the routes that Composer calls: packages.json, p2, dist, list, search, downloads, health.
//
// Every request goes the same way: who is asking, may they, is the client's copy still good, has the token requests
// left, then the bytes.
package composer

import (
	"context"
	"net/http"

	"broker/server/archive"
	"broker/server/auth"
	"broker/server/caller"
	"broker/server/catalog"
	"broker/server/view"
)

// Archives opens the stored file of a dist, fetching it from its source on first use.
type Archives interface {
	Open(ctx context.Context, d *catalog.Dist, method string) (*archive.Content, error)
	// Pin adds the archive of a commit that a project pins to what a branch has; catalog.ErrNotFound where there is none.
	Pin(ctx context.Context, branch *catalog.Dist, reference string) error
}

// Handler holds what the routes need.
type Handler struct {
	*caller.Callers
	View     *view.View
	Archives Archives
	Installs *Installs
	Fetches  *Fetches

	ending ending
}

// request is one authenticated request under way.
type request struct {
	*caller.Call
	h *Handler
}

// route makes a handler of a step that runs for requests of a token only. What the step returns as an error is answered
// as a refusal.
func (h *Handler) route(step func(*request) error) http.HandlerFunc {
	return h.Route(func(c *caller.Call) error { return step(&request{c, h}) })
}

// missing is a 404 that costs a request, as an answer would.
func (q *request) missing(message string) error {
	if err := q.Admit(); err != nil {
		return err
	}
	return notFound(message)
}

func notFound(message string) *auth.Refusal {
	return &auth.Refusal{Status: http.StatusNotFound, Code: auth.CodeNotFound, Message: message}
}
