package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5/middleware"

	"broker/graph"
	"broker/server/account"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/composer"
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
	log      *slog.Logger
}

// identify puts who is asking into the request's context. Credentials that are wrong are refused; a request without
// any goes on as anonymous.
func (c *callers) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		subject, ok := c.subject(w, r)
		if !ok {
			return
		}
		next.ServeHTTP(w, r.WithContext(withCaller(r, subject)))
	})
}

// withCaller is the request's context with who asks, and from where; a nil subject is anonymous.
func withCaller(r *http.Request, subject *auth.Subject) context.Context {
	address := middleware.GetClientIPAddr(r.Context())
	ctx := graph.WithClient(r.Context(), account.Client{Address: address, Agent: r.UserAgent()})
	if subject != nil {
		subject.Address, subject.Client = address, r.UserAgent()
		ctx = auth.WithSubject(ctx, subject)
	}
	return audit.WithActor(ctx, audit.Actor{ID: subject.ID(), Name: subject.Name(), Address: address, Client: r.UserAgent()})
}

// subject is who is asking; false where the request has been answered.
func (c *callers) subject(w http.ResponseWriter, r *http.Request) (*auth.Subject, bool) {
	if auth.Credentials(r) { // then the cookie does not count
		return c.token(w, r)
	}
	value := c.cookies.Value(r)
	if value == "" {
		return nil, true
	}
	user, session, err := c.accounts.Find(r.Context(), value)
	if err != nil {
		c.fail(w, err)
		return nil, false
	}
	if user == nil {
		return nil, true
	}
	return &auth.Subject{User: user, SessionID: session}, true
}

func (c *callers) token(w http.ResponseWriter, r *http.Request) (*auth.Subject, bool) {
	now, address := time.Now(), middleware.GetClientIPAddr(r.Context())
	token, err := c.tokens.Authenticate(r.Context(), r, address, now)
	event := usage.Event{Kind: usage.Other, At: now, Address: address, Client: r.UserAgent()}
	if token != nil {
		event.TokenID, event.SecretID = token.ID, token.SecretID
		defer func() { c.usage.Record(event) }()
	}
	if err != nil {
		event.Kind, event.Reason = usage.Refused, reasonOf(err)
		c.note(r, token, err)
		c.fail(w, err)
		return nil, false
	}
	if !c.limiter.Admit(w, r, token) {
		event.Kind, event.Reason = usage.Refused, usage.ByLimit
		c.note(r, token, &auth.Refusal{Code: auth.CodeRateLimited})
		return nil, false
	}
	rules, err := c.settings.Current(r.Context())
	if err != nil {
		c.fail(w, err)
		return nil, false
	}
	return &auth.Subject{Token: token, MayManageTokens: rules.TokensMayManageTokens}, true
}

// reasonOf is why a request was refused, as usage counts it.
func reasonOf(err error) usage.Reason {
	refusal, _ := errors.AsType[*auth.Refusal](err)
	if refusal == nil {
		return usage.ByPermission
	}
	return usage.ReasonOf(string(refusal.Code))
}

// note has the audit log tell of a refused request.
func (c *callers) note(r *http.Request, token *auth.Token, err error) {
	var refusal *auth.Refusal
	if errors.As(err, &refusal) {
		c.refusals.Note(composer.RefusedRequest(r, token, refusal.Code, time.Now()))
	}
}

func (c *callers) fail(w http.ResponseWriter, err error) {
	var refusal *auth.Refusal
	if !errors.As(err, &refusal) {
		c.log.Error("a caller could not be identified", "error", err)
		refusal = &auth.Refusal{Status: http.StatusServiceUnavailable, Code: auth.CodeUnavailable, Message: "The server cannot check who is asking. Try again."}
	}
	refusal.Write(w)
}
