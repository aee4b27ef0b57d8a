package caller

import (
	"context"
	"errors"
	"net/http"

	"broker/server/account"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/usage"
)

// Refuser answers a refusal in the form of a route.
type Refuser func(http.ResponseWriter, *auth.Refusal)

// Identify puts who is asking into the request's context. Credentials that are wrong are refused; a request without
// any goes on as anonymous. A token's request is counted, and what was refused to anybody is told.
func (c *Callers) Identify(next http.Handler, refuse Refuser) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := &apiCall{Call: c.call(w, r)}
		defer q.count()
		if err := q.identify(); err != nil {
			q.refusal = q.unidentified(err)
			refuse(w, q.refusal)
			return
		}
		defer func() { q.refusal = q.subject.Refused() }()
		next.ServeHTTP(w, r.WithContext(q.context()))
	})
}

// apiCall is one request to the API.
type apiCall struct {
	*Call
	subject *auth.Subject // nil is anonymous
	refusal *auth.Refusal // nil where nothing was refused
}

// context is the request's, with who asks and from where.
func (q *apiCall) context() context.Context {
	from := account.Client{Address: q.address, Agent: q.R.UserAgent(), Device: q.callers.Cookies.Device(q.R)}
	if q.subject != nil {
		from.Session = q.subject.SessionID
	}
	ctx := account.WithClient(q.R.Context(), from)
	if q.subject != nil {
		q.subject.Address, q.subject.Client = q.address, q.R.UserAgent()
		ctx = auth.WithSubject(ctx, q.subject)
	}
	return audit.WithActor(ctx, q.actor())
}

func (q *apiCall) actor() audit.Actor {
	return audit.Actor{ID: q.subject.ID(), Name: q.subject.Name(), Address: q.address, Client: q.R.UserAgent()}
}

// identify finds out who is asking. Whatever is asked then needs the database, so that without it everybody is told at
// once: also who is known from memory.
func (q *apiCall) identify() error {
	if err := q.callers.Answers(q.R.Context()); err != nil {
		return err
	}
	if auth.Credentials(q.R) { // then the cookie does not count
		return q.byToken()
	}
	value := q.callers.Cookies.Value(q.R)
	if value == "" {
		return nil
	}
	person, err := database.Soon(q.R.Context(), func(ctx context.Context) (*person, error) {
		current, err := q.callers.Accounts.Current(ctx, value)
		if err != nil || current == nil {
			return nil, err
		}
		rules, err := q.callers.Settings.Current(ctx)
		return &person{current, rules.SecondFactorRequired && !current.SecondFactor}, err
	})
	if person == nil || err != nil {
		return err
	}
	if person.Renewed != nil {
		q.callers.Cookies.Set(q.W, person.Renewed)
	}
	q.subject = &auth.Subject{User: person.User, SessionID: person.SessionID, SecondFactorMissing: person.secondFactorMissing}
	return nil
}

// person is somebody with a session.
type person struct {
	*account.Current
	secondFactorMissing bool
}

func (q *apiCall) byToken() error {
	if err := q.authenticate(); err != nil {
		return err
	}
	if refusal := q.callers.Limiter.Admit(q.R.Context(), q.W, q.Token); refusal != nil {
		return refusal
	}
	rules, err := database.Soon(q.R.Context(), q.callers.Settings.Current)
	if err == nil {
		q.subject = &auth.Subject{Token: q.Token, MayManageTokens: rules.TokensMayManageTokens}
	}
	return err
}

// unidentified is the answer where nobody could find out who is asking.
func (q *apiCall) unidentified(err error) *auth.Refusal {
	if refusal, ok := errors.AsType[*auth.Refusal](err); ok {
		return refusal
	}
	q.callers.Log.Error("a caller could not be identified", "error", err)
	return &auth.Refusal{Status: http.StatusServiceUnavailable, Code: auth.CodeUnavailable, RetryAfter: 5,
		Message: "The server cannot check who is asking. Try again."}
}

// count has usage count a token's request, and the audit log tell of what was refused.
func (q *apiCall) count() {
	if q.refusal != nil {
		q.Event.Kind, q.Event.Reason = usage.Refused, usage.ReasonOf(string(q.refusal.Code))
		q.note()
	}
	if q.Token != nil {
		q.callers.Usage.Record(q.Event)
	}
}

func (q *apiCall) note() {
	if q.refusal.Status >= http.StatusInternalServerError || q.Token == nil && q.subject == nil && !auth.Credentials(q.R) {
		return // a fault of ours, or a page that asks before anybody has signed in
	}
	told := q.told(q.refusal.Code)
	if q.subject != nil {
		told.Target, told.Actor = q.subject.ID(), q.actor()
	}
	q.callers.Refusals.Note(told)
}
