package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"broker/graph"
	"broker/server/account"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/composer"
	"broker/server/database"
	"broker/server/forwarded"
	"broker/server/ratelimit"
	policy "broker/server/settings"
	"broker/server/usage"
)

// callers finds out who asks the API: a token, a person with a session, or nobody.
type callers struct {
	tokens   *auth.Tokens
	limiter  *ratelimit.Limiter
	usage    *usage.Recorder
	refusals *audit.Refusals
	accounts *account.Service
	settings *policy.Service
	cookies  account.Cookies
	ready    func(context.Context) error // of the database
	log      *slog.Logger
}

// refuser answers a refusal in the form of a route.
type refuser func(http.ResponseWriter, *auth.Refusal)

// identify puts who is asking into the request's context. Credentials that are wrong are refused; a request without
// any goes on as anonymous. A token's request is counted, and what was refused to anybody is noted.
func (c *callers) identify(next http.Handler, refuse refuser) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := &call{callers: c, w: w, r: r, address: forwarded.Address(r.Context()), now: time.Now()}
		defer q.count()
		if err := q.identify(); err != nil {
			q.refusal = q.refusalOf(err)
			refuse(w, q.refusal)
			return
		}
		defer func() { q.refusal = q.subject.Refused() }()
		next.ServeHTTP(w, r.WithContext(q.context()))
	})
}

// call is one request to the API.
type call struct {
	*callers
	w       http.ResponseWriter
	r       *http.Request
	address netip.Addr
	now     time.Time
	token   *auth.Token   // that was sent, also where it is refused
	subject *auth.Subject // nil is anonymous
	refusal *auth.Refusal // nil where nothing was refused
}

// context is the request's, with who asks and from where.
func (q *call) context() context.Context {
	ctx := graph.WithClient(q.r.Context(), account.Client{Address: q.address, Agent: q.r.UserAgent(), Device: q.cookies.Device(q.r)})
	if q.subject != nil {
		q.subject.Address, q.subject.Client = q.address, q.r.UserAgent()
		ctx = auth.WithSubject(ctx, q.subject)
	}
	return audit.WithActor(ctx, q.actor())
}

func (q *call) actor() audit.Actor {
	return audit.Actor{ID: q.subject.ID(), Name: q.subject.Name(), Address: q.address, Client: q.r.UserAgent()}
}

// identify finds out who is asking. Whatever is asked then needs the database, so that without it everybody is told at
// once: also who is known from memory.
func (q *call) identify() error {
	if err := q.ready(q.r.Context()); err != nil {
		return err
	}
	if auth.Credentials(q.r) { // then the cookie does not count
		return q.byToken()
	}
	value := q.cookies.Value(q.r)
	if value == "" {
		return nil
	}
	var err error
	q.subject, err = database.Soon(q.r.Context(), func(ctx context.Context) (*auth.Subject, error) {
		user, session, err := q.accounts.Find(ctx, value)
		if err != nil || user == nil {
			return nil, err
		}
		return &auth.Subject{User: user, SessionID: session}, nil
	})
	return err
}

func (q *call) byToken() (err error) {
	if q.token, err = q.tokens.Authenticate(q.r.Context(), q.r, q.address, q.now); err != nil {
		return err
	}
	if refusal := q.limiter.Admit(q.w, q.token); refusal != nil {
		return refusal
	}
	rules, err := database.Soon(q.r.Context(), q.settings.Current)
	if err == nil {
		q.subject = &auth.Subject{Token: q.token, MayManageTokens: rules.TokensMayManageTokens}
	}
	return err
}

// refusalOf is the answer to an error.
func (q *call) refusalOf(err error) *auth.Refusal {
	if refusal, ok := errors.AsType[*auth.Refusal](err); ok {
		return refusal
	}
	q.log.Error("a caller could not be identified", "error", err)
	return &auth.Refusal{Status: http.StatusServiceUnavailable, Code: auth.CodeUnavailable, RetryAfter: 5,
		Message: "The server cannot check who is asking. Try again."}
}

// count has usage count a token's request, and the audit log tell of what was refused.
func (q *call) count() {
	event := usage.Event{Kind: usage.Other, At: q.now, Address: q.address, Client: q.r.UserAgent()}
	if q.refusal != nil {
		event.Kind, event.Reason = usage.Refused, usage.ReasonOf(string(q.refusal.Code))
		q.note()
	}
	if q.token != nil {
		event.TokenID, event.SecretID = q.token.ID, q.token.SecretID
		q.usage.Record(event)
	}
}

func (q *call) note() {
	if q.refusal.Status >= http.StatusInternalServerError || q.token == nil && q.subject == nil && !auth.Credentials(q.r) {
		return // a fault of ours, or a page that asks before anybody has signed in
	}
	refused := composer.RefusedRequest(q.r, q.token, q.refusal.Code, q.now)
	if q.subject != nil {
		refused.Target, refused.Actor = q.subject.ID(), q.actor()
	}
	q.refusals.Note(refused)
}
