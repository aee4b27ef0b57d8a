package audit

import (
	"context"
	"strings"
	"time"

	"entgo.io/ent/dialect/sql"

	"broker/ent"
	"broker/ent/auditevent"
	"broker/ent/predicate"
	"broker/ent/token"
	"broker/server/fold"
)

// Where narrows a list of events; an empty field does not.
type Where struct {
	Actor  string // a name or an id
	Action string // one, such as token.create, or all of a kind, such as token
	Target string
	Search string     // part of the actor, the action, the target or the details
	After  *time.Time // inclusive
	Before *time.Time // exclusive
}

// Predicates are the conditions of the database.
func (w Where) Predicates() []predicate.AuditEvent {
	var all []predicate.AuditEvent
	if w.Actor != "" {
		all = append(all, auditevent.Or(auditevent.Actor(w.Actor), auditevent.ActorID(w.Actor)))
	}
	if w.Action != "" {
		all = append(all, auditevent.Or(auditevent.Action(w.Action), auditevent.ActionHasPrefix(w.Action+".")))
	}
	if w.Target != "" {
		all = append(all, auditevent.Target(w.Target))
	}
	if s := strings.TrimSpace(w.Search); s != "" {
		all = append(all, fold.Contains[predicate.AuditEvent](auditevent.FieldSearchText, s))
	}
	if w.After != nil {
		all = append(all, auditevent.AtGTE(w.After.UTC()))
	}
	if w.Before != nil {
		all = append(all, auditevent.AtLT(w.Before.UTC()))
	}
	return all
}

// OfToken selects what a token did, and what was done to it and to the tokens it made.
func OfToken(id string) predicate.AuditEvent {
	return auditevent.Or(auditevent.ActorID(id), auditevent.Target(id), func(s *sql.Selector) {
		made := sql.Table(token.Table)
		s.Where(sql.In(s.C(auditevent.FieldTarget), sql.Select(made.C(token.FieldID)).From(made).Where(sql.EQ(made.C(token.FieldParentID), id))))
	})
}

// Shown is an event as a token may see it: from where others did something is not told. For people, id is empty.
func Shown(e *ent.AuditEvent, id string) *ent.AuditEvent {
	if id == "" || e.ActorID == id {
		return e
	}
	shown := *e
	shown.Address, shown.Client = nil, nil
	return &shown
}

// pageSize is how many events are read at a time.
const pageSize = 1000

// Each calls do for every event that matches, newest first, a page at a time; an error ends it.
func (l *Log) Each(ctx context.Context, where []predicate.AuditEvent, do func(*ent.AuditEvent) error) error {
	for before := int64(-1); ; {
		query := l.db.Reports.AuditEvent.Query().Where(where...).Order(ent.Desc(auditevent.FieldNumber)).Limit(pageSize)
		if before >= 0 {
			query.Where(auditevent.NumberLT(before))
		}
		rows, err := query.All(ctx)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := do(row); err != nil {
				return err
			}
			before = row.Number
		}
		if len(rows) < pageSize {
			return nil
		}
	}
}
