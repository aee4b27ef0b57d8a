// Package export answers what people take with them: tables as CSV, streamed, for whoever may read the same over the
// API. Who is asking is in the request's context.
package export

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"broker/ent"
	"broker/ent/token"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/fault"
)

// exportFor bounds one export, whose rows are read while they are sent.
const exportFor = 10 * time.Minute

// Handler holds what the exports need.
type Handler struct {
	Client *ent.Client
	Events *audit.Log
	Log    *slog.Logger
	Now    func() time.Time
}

// request is one export under way.
type request struct {
	ctx     context.Context
	h       *Handler
	query   url.Values
	subject *auth.Subject
	file    *file
}

// route makes a handler of a step that reads what may be asked for by the parameters, and writes it to the file. A
// parameter that is not known is refused: a filter that is dropped in silence would export more than was meant.
func (h *Handler) route(name string, columns, parameters []string, step func(*request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), exportFor)
		defer cancel()
		q := &request{ctx: ctx, h: h, query: r.URL.Query(), subject: auth.FromContext(ctx), file: newFile(w, name, columns)}
		err := known(q.query, parameters)
		if err == nil {
			err = step(q)
		}
		if err == nil {
			err = q.file.end()
		}
		if err != nil {
			h.fail(w, r, q.file, err)
		}
	}
}

func known(query url.Values, parameters []string) error {
	for name, values := range query {
		if !slices.Contains(parameters, name) {
			return fault.Invalidf(name, "There is no parameter %q.", name)
		}
		if len(values) > 1 {
			return fault.Invalidf(name, "Give %s once.", name)
		}
	}
	return nil
}

// fail answers an error. Once the file has begun, the connection is cut instead, so that nobody takes a part for the
// whole.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, f *file, err error) {
	refusal, _ := errors.AsType[*auth.Refusal](err)
	invalid, _ := errors.AsType[*fault.Invalid](err)
	switch {
	case f.begun:
		h.Log.Warn("an export broke off", "path", r.URL.Path, "error", err)
		panic(http.ErrAbortHandler)
	case refusal != nil:
		answer(w, refusal.Status, problem{Warning: refusal.Message, Error: string(refusal.Code)})
	case invalid != nil:
		answer(w, http.StatusBadRequest, problem{invalid.Message, "BAD_USER_INPUT", invalid.Field})
	default:
		h.Log.Error("an export failed", "path", r.URL.Path, "error", err)
		answer(w, http.StatusServiceUnavailable, problem{Warning: "The server has a fault. Its log says more; try again.", Error: string(auth.CodeInternal)})
	}
}

// problem is a refusal in the form of the other routes.
type problem struct {
	Warning string `json:"warning"`
	Error   string `json:"error"`
	Field   string `json:"field,omitempty"`
}

func answer(w http.ResponseWriter, status int, p problem) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "private, no-store")
	if status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", "Bearer") // for Basic, a browser would ask for a password
	}
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(p) // an error means that the client has gone
}

// mayReadUsage authorises as the API does, and returns the token to read: a token that names none gets its own.
func (q *request) mayReadUsage(tokenID, name string) (string, error) {
	object := auth.Object{TokenID: tokenID, Package: name}
	if q.subject != nil && q.subject.Token != nil {
		own := q.subject.Token.ID
		if tokenID == "" {
			object.TokenID = own
		}
		made, err := q.h.Client.Token.Query().Where(token.ID(object.TokenID), token.ParentID(own)).Exist(q.ctx)
		if err != nil {
			return "", err
		}
		if made {
			object.MakerID = own
		}
	}
	return object.TokenID, auth.Authorize(q.subject, auth.ReadUsage, object)
}

// day reads a parameter that is a day, such as 2027-01-31, or an instant; zero where it is left out.
func (q *request) day(name string) (time.Time, error) {
	value := q.query.Get(name)
	if value == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, value); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fault.Invalidf(name, "%s is a day such as 2027-01-31.", name)
}
