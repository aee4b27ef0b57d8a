// Package caller is the one admission for every route: who is asking, may they, have they requests left; and what came
// of it is counted and told.
//
// A request of Composer's is a Call of a token. A request to the API is one of a token, of a person with a session, or
// of nobody.
package caller

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"broker/server/account"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/forwarded"
	"broker/server/ratelimit"
	"broker/server/settings"
	"broker/server/usage"
)

// Recorder counts what tokens do.
type Recorder interface {
	Record(usage.Event)
}

// Refusals hears of refused requests.
type Refusals interface {
	Note(audit.Refused)
}

// Callers is what finds out who is asking. What is of people is used by the API's routes alone.
type Callers struct {
	Tokens   *auth.Tokens
	Limiter  *ratelimit.Limiter
	Usage    Recorder
	Refusals Refusals
	Log      *slog.Logger
	Now      func() time.Time

	Accounts *account.Service
	Settings *settings.Service
	Cookies  account.Cookies
	Answers  func(context.Context) error // whether the database can be used
}

// Call is one request under way.
type Call struct {
	W     http.ResponseWriter
	R     *http.Request
	Token *auth.Token // that was sent, also where it is refused; nil where none is known
	Event usage.Event // what usage counts of it

	Standing ratelimit.Standing // how the token stood when Admit or Peek asked; zero before

	callers  *Callers
	address  netip.Addr
	admitted bool // the limit was asked, and had a request left
}

// statusGone is nginx's status for a client that went away, which nobody refused.
const statusGone = 499

// RetryAfter is when, in seconds, a fault of ours may be over.
const RetryAfter = 2

func (c *Callers) call(w http.ResponseWriter, r *http.Request) *Call {
	address := forwarded.Address(r.Context())
	return &Call{W: w, R: r, callers: c, address: address,
		Event: usage.Event{Kind: usage.Other, At: c.Now(), Address: address, Client: r.UserAgent()}}
}

// authenticate finds the token that was sent.
func (q *Call) authenticate() error { return q.identifyWithin(q.R.Context()) }

func (q *Call) identifyWithin(ctx context.Context) (err error) {
	q.Token, err = q.callers.Tokens.Authenticate(ctx, q.R, q.address, q.Event.At)
	if q.Token != nil {
		q.Event.TokenID, q.Event.SecretID = q.Token.ID, q.Token.SecretID
	}
	return err
}

// Route makes a handler of a step that runs for requests of a token only. What the step returns as an error is answered
// as a refusal.
func (c *Callers) Route(step func(*Call) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := c.call(w, r)
		err := q.authenticate()
		if err == nil {
			err = step(q)
			if err != nil { // and where that was before the limit was asked
				q.Peek()
			}
		}
		q.finish(err)
	}
}

// quietWithin is how long a report waits for the database to say whose it is.
const quietWithin = 100 * time.Millisecond

// Quietly makes a handler of a step that takes what clients report of themselves. The address is in lock files for years,
// and Composer prints what is refused there at the end of each installation: so that what comes without a token, or with
// one that does not work or has no requests left, is answered 204, and neither taken nor counted. Where the database does
// not say at once whose a report is, the step has it without a token, and Find says it behind. What the step returns as
// an error is answered as a refusal.
func (c *Callers) Quietly(step func(*Call) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := c.call(w, r)
		soon, cancel := context.WithTimeout(r.Context(), quietWithin)
		err := q.identifyWithin(soon)
		cancel()
		_, refused := errors.AsType[*auth.Refusal](err)
		if refused || err == nil && c.Limiter.Admit(r.Context(), w, q.Token) != nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if err != nil {
			q.Token = nil
		}
		if err := step(q); err != nil {
			q.finish(err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
		q.finish(nil)
	}
}

// Find is whose a report is that Quietly took without a token, with its event; nil where that is nobody's who may report.
// The request may have ended.
func (q *Call) Find(ctx context.Context) (*auth.Token, usage.Event, error) {
	late := *q
	err := late.identifyWithin(ctx)
	if _, refused := errors.AsType[*auth.Refusal](err); refused {
		return nil, late.Event, nil
	}
	return late.Token, late.Event, err
}

// Authorize tells whether the token may have a package; the empty name stands for lists.
func (q *Call) Authorize(name string) error {
	return auth.Authorize(&auth.Subject{Token: q.Token}, auth.ReadPackages, auth.Object{Package: name})
}

// Admit takes one request from the token's limit, once however often it is called. Where the token has one again in a
// moment, it waits for that.
func (q *Call) Admit() (err error) {
	if q.admitted {
		return nil
	}
	q.Standing, err = q.callers.Limiter.AdmitSoon(q.R.Context(), q.W, q.Token)
	q.admitted = err == nil
	return err
}

// Charge takes what this request costs its token beside itself, as far as the token has something left.
func (q *Call) Charge(requests int) { q.callers.Limiter.Charge(q.R.Context(), q.W, q.Token, requests) }

// AdmitTo is what most routes begin with: may the token have this package (none for lists), and has it requests left.
func (q *Call) AdmitTo(name string) error {
	if err := q.Authorize(name); err != nil {
		return err
	}
	return q.Admit()
}

// Peek says how the token's limit stands, and takes nothing from it. The limit is asked once.
func (q *Call) Peek() {
	if q.Standing.Limit == 0 {
		q.Standing = q.callers.Limiter.Peek(q.R.Context(), q.W, q.Token)
	}
}

// finish answers an error and counts the request.
func (q *Call) finish(err error) {
	if err != nil {
		refusal := q.refusalOf(err)
		q.refused(refusal)
		refusal.Write(q.W)
	}
	if q.Token == nil {
		return
	}
	if q.R.Method == http.MethodHead && err == nil { // nothing of it was sent
		q.Event.Kind, q.Event.Bytes = usage.Other, 0
	}
	q.callers.Usage.Record(q.Event)
}

// refused has a refusal counted, and the audit log told. The first request of a client that sends credentials only when
// it is asked to is not worth telling of.
func (q *Call) refused(refusal *auth.Refusal) {
	switch refusal.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		q.Event.Kind, q.Event.Reason = usage.Refused, usage.ReasonOf(string(refusal.Code))
	}
	if refusal.Code != auth.CodeNotFound && refusal.Status < statusGone && auth.Credentials(q.R) {
		q.callers.Refusals.Note(q.told(refusal.Code))
	}
}

// told is a refused request as the audit log tells it.
func (q *Call) told(code auth.Code) audit.Refused {
	told := audit.Refused{
		Code: string(code), Path: q.R.URL.Path, At: q.Event.At,
		Actor: audit.Actor{Address: q.address, Client: q.R.UserAgent()},
	}
	if q.Token != nil {
		told.Target, told.Name = q.Token.ID, q.Token.Description
		told.Actor.ID, told.Actor.Name = q.Token.ID, (&auth.Subject{Token: q.Token}).Name()
	}
	return told
}

// refusalOf classifies an error. What is not known here is a fault of ours: logged, and told without its text.
func (q *Call) refusalOf(err error) *auth.Refusal {
	if refusal, ok := errors.AsType[*auth.Refusal](err); ok {
		return refusal
	}
	if errors.Is(err, context.Canceled) && q.R.Context().Err() != nil {
		return &auth.Refusal{Status: statusGone, Code: auth.CodeUnavailable, Message: "The client went away."}
	}
	q.callers.Log.Error("a request failed", "method", q.R.Method, "path", q.R.URL.Path, "error", err)
	return &auth.Refusal{
		Status:     http.StatusServiceUnavailable, // Composer tries again
		Code:       auth.CodeInternal,
		Message:    "The package server has a fault. Its log says more; try again.",
		RetryAfter: RetryAfter,
	}
}
