package main

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5/middleware"

	"broker/graph"
	"broker/server/account"
	"broker/server/auth"
	"broker/server/ratelimit"
	"broker/server/usage"
)

// callers finds out who asks the API: a token, a person with a session, or nobody.
type callers struct {
	tokens   *auth.Tokens
	limiter  *ratelimit.Limiter
	usage    *usage.Recorder
	accounts *account.Service
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
		ctx := graph.WithClient(r.Context(), account.Client{Address: middleware.GetClientIPAddr(r.Context()), Agent: r.UserAgent()})
		if subject != nil {
			subject.Address, subject.Client = middleware.GetClientIPAddr(ctx), r.UserAgent()
			ctx = auth.WithSubject(ctx, subject)
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
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
		event.Kind = usage.Refused
		c.fail(w, err)
		return nil, false
	}
	if !c.limiter.Admit(w, r, token) {
		event.Kind = usage.Refused
		return nil, false
	}
	return &auth.Subject{Token: token}, true
}

func (c *callers) fail(w http.ResponseWriter, err error) {
	var refusal *auth.Refusal
	if !errors.As(err, &refusal) {
		c.log.Error("a caller could not be identified", "error", err)
		refusal = &auth.Refusal{Status: http.StatusServiceUnavailable, Code: auth.CodeUnavailable, Message: "The server cannot check who is asking. Try again."}
	}
	refusal.Write(w)
}
