// Package export answers what people take with them: tables as CSV, streamed, for whoever may read the same over the
// API. Who is asking is in the request's context.
package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/semaphore"

	"broker/ent"
	"broker/ent/token"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/fault"
	"broker/server/turns"
)

// The bounds of exports.
const (
	readFor       = 2 * time.Minute // reading what is exported
	eachAtOnce    = 3               // under way for one caller
	allAtOnce     = 24              // under way for all
	tryAgainAfter = 30              // seconds
)

// Handler answers exports.
type Handler struct {
	reports *ent.Client
	events  *audit.Log
	dir     string
	log     *slog.Logger
	now     func() time.Time
	callers *turns.Turns
	all     *semaphore.Weighted
	reading *semaphore.Weighted
}

// NewHandler makes a handler that reads through a pool of its own, and keeps large files in a folder until they are
// sent.
func NewHandler(reports *ent.Client, events *audit.Log, dir string, log *slog.Logger, now func() time.Time) *Handler {
	return &Handler{reports: reports, events: events, dir: dir, log: log, now: now, callers: turns.New(eachAtOnce), all: semaphore.NewWeighted(allAtOnce), reading: semaphore.NewWeighted(1)}
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
		subject := auth.FromContext(r.Context())
		done, err := h.begin(subject.ID())
		if err != nil {
			h.fail(w, r, err)
			return
		}
		defer done()
		f, err := newFile(h.dir, name, columns)
		defer f.spool.close()
		if err == nil {
			err = h.fill(r, subject, f, parameters, step)
		}
		if err != nil {
			h.fail(w, r, err)
			return
		}
		if err := f.send(w); err != nil { // the connection is cut, so that nobody takes a part for the whole
			h.log.Warn("an export broke off", "path", r.URL.Path, "error", err)
			panic(http.ErrAbortHandler)
		}
	}
}

// begin takes a turn for a caller, until done is called.
func (h *Handler) begin(caller string) (done func(), err error) {
	one, ok := h.callers.TryTake(caller)
	if !ok {
		return nil, busy(http.StatusTooManyRequests, auth.CodeRateLimited, "%d exports of yours are under way. Try again when one has ended.", eachAtOnce)
	}
	if !h.all.TryAcquire(1) {
		one()
		return nil, busy(http.StatusServiceUnavailable, auth.CodeUnavailable, "%d exports are under way. Try again in a moment.", allAtOnce)
	}
	return func() { h.all.Release(1); one() }, nil
}

func busy(status int, code auth.Code, format string, n int) *auth.Refusal {
	return &auth.Refusal{Status: status, Code: code, Message: fmt.Sprintf(format, n), RetryAfter: tryAgainAfter}
}

// fill reads what is exported into the file, one export after the other.
func (h *Handler) fill(r *http.Request, subject *auth.Subject, f *file, parameters []string, step func(*request) error) error {
	ctx, cancel := context.WithTimeout(r.Context(), readFor)
	defer cancel()
	q := &request{ctx: ctx, h: h, query: r.URL.Query(), subject: subject, file: f}
	if err := known(q.query, parameters); err != nil {
		return err
	}
	if err := h.reading.Acquire(ctx, 1); err != nil {
		return err
	}
	defer h.reading.Release(1)
	if err := step(q); err != nil {
		return err
	}
	return f.end()
}

func known(query url.Values, parameters []string) error {
	for name, values := range query {
		if !slices.Contains(parameters, name) {
			return fault.Invalidf(name, "There is no parameter %q.", name)
		}
		if len(values) > 1 {
			return fault.Invalidf(name, "Give %s once.", name)
		}
		if err := readable(name, values[0]); err != nil {
			return err
		}
	}
	return nil
}

// readable refuses a value that says nothing, because a filter that is dropped exports everybody's, and one that a
// database cannot take.
func readable(name, value string) error {
	switch {
	case strings.TrimSpace(value) == "":
		return fault.Invalidf(name, "%s is empty. Give one, or leave it out.", name)
	case strings.ContainsRune(value, 0) || !utf8.ValidString(value):
		return fault.Invalidf(name, "%s is not text in UTF-8, or has a NUL character.", name)
	}
	return nil
}

// fail answers an error.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	refusal, _ := errors.AsType[*auth.Refusal](err)
	invalid, _ := errors.AsType[*fault.Invalid](err)
	switch {
	case refusal != nil:
		Refuse(w, refusal)
	case invalid != nil:
		answer(w, http.StatusBadRequest, problem{invalid.Message, "BAD_USER_INPUT", invalid.Field})
	case r.Context().Err() != nil: // the client has gone
	case errors.Is(err, context.DeadlineExceeded):
		Refuse(w, busy(http.StatusServiceUnavailable, auth.CodeUnavailable,
			"This takes longer than %d minutes to read. Narrow it down, by days or to one token, or try again when other exports have ended.", int(readFor/time.Minute)))
	default:
		h.log.Error("an export failed", "path", r.URL.Path, "error", err)
		answer(w, http.StatusServiceUnavailable, problem{Warning: "The server has a fault. Its log says more; try again.", Error: string(auth.CodeInternal)})
	}
}

// Refuse answers a refusal in the form of the exports.
func Refuse(w http.ResponseWriter, r *auth.Refusal) {
	if r.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(r.RetryAfter))
	}
	answer(w, r.Status, problem{Warning: r.Message, Error: string(r.Code)})
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
		made, err := q.h.reports.Token.Query().Where(token.ID(object.TokenID), token.ParentID(own)).Exist(q.ctx)
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
