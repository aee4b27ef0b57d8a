package export

import (
	"net/http"
	"time"

	"broker/ent"
	"broker/ent/predicate"
	"broker/server/audit"
	"broker/server/auth"
)

// What the audit exports take, as the API's AuditEventWhere does.
var (
	auditParameters = []string{"actor", "action", "target", "search", "after", "before"}
	auditColumns    = []string{"number", "at", "actor", "actor_id", "action", "target", "address", "client", "details"}
)

// AuditCSV answers the events that match as CSV, newest first.
func (h *Handler) AuditCSV() http.HandlerFunc {
	return h.route("audit.csv", auditColumns, auditParameters, func(q *request) error {
		return q.events(func(e *ent.AuditEvent) error {
			return q.file.row(e.Number, e.At, e.Actor, e.ActorID, e.Action, said(e.Target), said(e.Address), said(e.Client), e.Details)
		})
	})
}

// AuditLines answers the events that match as JSON Lines, newest first, each with its hash.
func (h *Handler) AuditLines() http.HandlerFunc {
	return h.route("audit.jsonl", nil, auditParameters, func(q *request) error {
		return q.events(func(e *ent.AuditEvent) error { return q.file.line(audit.Export(e)) })
	})
}

func said(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// events calls do for every event that matches and that the caller may see.
func (q *request) events(do func(*ent.AuditEvent) error) error {
	where, err := q.auditWhere()
	if err != nil {
		return err
	}
	conditions := where.Predicates()
	object := auth.Object{}
	if q.subject != nil && q.subject.Token != nil { // a token sees what concerns it
		object.TokenID = q.subject.Token.ID
		conditions = append([]predicate.AuditEvent{audit.OfToken(object.TokenID)}, conditions...)
	}
	if err := auth.Authorize(q.subject, auth.ReadAudit, object); err != nil {
		return err
	}
	return q.h.events.Each(q.ctx, conditions, func(e *ent.AuditEvent) error { return do(audit.Shown(e, object.TokenID)) })
}

func (q *request) auditWhere() (audit.Where, error) {
	where := audit.Where{
		Actor: q.query.Get("actor"), Action: q.query.Get("action"), Target: q.query.Get("target"), Search: q.query.Get("search"),
	}
	for name, field := range map[string]**time.Time{"after": &where.After, "before": &where.Before} {
		at, err := q.day(name)
		if err != nil {
			return where, err
		}
		if !at.IsZero() {
			*field = &at
		}
	}
	return where, nil
}
