package access

import (
	"strings"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"broker/ent"
	"broker/ent/predicate"
	"broker/ent/schema"
	"broker/ent/token"
	"broker/ent/tokensecret"
)

// Status is whether a token works.
type Status string

// The statuses, as the API names them.
const (
	Active   Status = "ACTIVE"
	Expired  Status = "EXPIRED"
	Disabled Status = "DISABLED"
	Revoked  Status = "REVOKED"
)

// StatusOf tells whether a token works at an instant, as far as it itself is concerned: the one that made it may have
// ended.
func StatusOf(t *ent.Token, now time.Time) Status {
	switch {
	case t.RevokedAt != nil:
		return Revoked
	case t.DisabledAt != nil:
		return Disabled
	case t.ExpiresAt != nil && !now.Before(*t.ExpiresAt):
		return Expired
	}
	return Active
}

// Where narrows a list of tokens; an empty field does not.
type Where struct {
	Search        string
	Status        []Status
	Permission    token.Permission
	ExternalID    string
	Label         *schema.Label
	UnusedSince   *time.Time // not used since then, or never
	UsedSince     *time.Time // used then or later
	NeverUsed     *bool
	ExpiresBefore *time.Time
	CreatedBefore *time.Time
	Parent        string // made by this token
	Leaked        *bool
}

// Predicates are the conditions of the database.
func (w Where) Predicates(now time.Time) []predicate.Token {
	var all []predicate.Token
	if s := strings.TrimSpace(w.Search); s != "" {
		all = append(all, token.Or(token.DescriptionContainsFold(s), token.ExternalIDContainsFold(s),
			token.HasSecretsWith(tokensecret.HintContainsFold(s))))
	}
	if len(w.Status) > 0 {
		var any []predicate.Token
		for _, status := range w.Status {
			any = append(any, status.predicate(now))
		}
		all = append(all, token.Or(any...))
	}
	if w.Permission != "" {
		all = append(all, token.PermissionEQ(w.Permission))
	}
	if w.ExternalID != "" {
		all = append(all, token.ExternalID(w.ExternalID))
	}
	if w.Label != nil {
		all = append(all, labeled(*w.Label))
	}
	if w.UnusedSince != nil {
		all = append(all, token.Or(token.LastUsedAtIsNil(), token.LastUsedAtLT(w.UnusedSince.UTC())))
	}
	if w.ExpiresBefore != nil {
		all = append(all, token.ExpiresAtLT(w.ExpiresBefore.UTC()))
	}
	return append(all, w.more()...)
}

func (w Where) more() []predicate.Token {
	var all []predicate.Token
	if w.UsedSince != nil {
		all = append(all, token.LastUsedAtGTE(w.UsedSince.UTC()))
	}
	if w.NeverUsed != nil {
		all = append(all, either(*w.NeverUsed, token.LastUsedAtIsNil()))
	}
	if w.CreatedBefore != nil {
		all = append(all, token.CreatedAtLT(w.CreatedBefore.UTC()))
	}
	if w.Parent != "" {
		all = append(all, token.ParentID(w.Parent))
	}
	if w.Leaked != nil {
		all = append(all, either(*w.Leaked, token.LeakedAtNotNil()))
	}
	return all
}

// either is a condition, or its opposite.
func either(wanted bool, p predicate.Token) predicate.Token {
	if wanted {
		return p
	}
	return token.Not(p)
}

func (s Status) predicate(now time.Time) predicate.Token {
	now = now.UTC()
	switch s {
	case Revoked:
		return token.RevokedAtNotNil()
	case Disabled:
		return token.And(token.RevokedAtIsNil(), token.DisabledAtNotNil())
	case Expired:
		return token.And(token.RevokedAtIsNil(), token.DisabledAtIsNil(), token.ExpiresAtLTE(now))
	}
	return token.And(token.RevokedAtIsNil(), token.DisabledAtIsNil(), token.Or(token.ExpiresAtIsNil(), token.ExpiresAtGT(now)))
}

// labeled selects the tokens that have a label, by its name and value.
func labeled(l schema.Label) predicate.Token {
	return func(s *sql.Selector) {
		column := s.C(token.FieldLabels)
		elements := "json_each(" + column + ") AS label WHERE label.value ->> 'name' = "
		if s.Dialect() == dialect.Postgres {
			elements = "jsonb_array_elements(" + column + ") AS label(value) WHERE label.value ->> 'name' = "
		}
		s.Where(sql.P(func(b *sql.Builder) {
			b.WriteString("EXISTS (SELECT 1 FROM " + elements).Arg(l.Name).
				WriteString(" AND label.value ->> 'value' = ").Arg(l.Value).WriteString(")")
		}))
	}
}
