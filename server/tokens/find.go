package tokens

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"broker/ent/predicate"
	"broker/ent/schema"
	"broker/ent/token"
	"broker/ent/tokensecret"
	"broker/server/fault"
	"broker/server/fold"
)

// soughtMax bounds a text to look for, in characters: no token has a longer one.
const soughtMax = 256

// Where narrows to tokens; a nil field does not. An empty one is refused: whoever meant one customer's tokens and had
// no name must not reach everybody's.
type Where struct {
	Search        *string
	Status        []Status
	Permission    *token.Permission
	ExternalID    *string
	Label         *schema.Label
	UnusedSince   *time.Time // not used since then, or never
	UsedSince     *time.Time // used then or later
	NeverUsed     *bool
	ExpiresBefore *time.Time
	CreatedBefore *time.Time
	Parent        *string // made by this token
	Leaked        *bool   // as Leaked tells
	ClaimPending  *bool   // as ClaimPending tells
}

// Predicates are the conditions of the database. A field that says nothing is a *fault.Invalid.
func (w Where) Predicates(now time.Time) ([]predicate.Token, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	return append(w.named(), append(w.standing(now), w.dated()...)...), nil
}

// check refuses what says nothing, and what no token can have.
func (w Where) check() error {
	for _, one := range w.texts() {
		if err := one.check(); err != nil {
			return err
		}
	}
	if w.Status != nil && len(w.Status) == 0 {
		return fault.Invalidf("status", "The filter status is empty. Leave it out, or name at least one status.")
	}
	for field, at := range map[string]*time.Time{"unusedSince": w.UnusedSince, "usedSince": w.UsedSince,
		"expiresBefore": w.ExpiresBefore, "createdBefore": w.CreatedBefore} {
		if at != nil && !validYear(*at) {
			return fault.Invalidf(field, "The filter %s is not within the years 1 and 9999 in UTC.", field)
		}
	}
	return nil
}

// sought is a text of a filter.
type sought struct {
	field    string
	text     *string // nil: not said
	optional bool    // may be empty
}

func (w Where) texts() []sought {
	all := []sought{{"search", w.Search, false}, {"externalId", w.ExternalID, false}, {"parent", w.Parent, false}}
	if w.Label != nil {
		all = append(all, sought{"label", &w.Label.Name, false}, sought{"label", &w.Label.Value, true})
	}
	return all
}

func (s sought) check() error {
	switch {
	case s.text == nil:
		return nil
	case !s.optional && strings.TrimSpace(*s.text) == "":
		return fault.Invalidf(s.field, "The filter %s is empty. Leave it out, or say what to look for.", s.field)
	case utf8.RuneCountInString(*s.text) > soughtMax:
		return fault.Invalidf(s.field, "The filter %s has more than %d characters.", s.field, soughtMax)
	case !plain(*s.text):
		return fault.Invalidf(s.field, "The filter %s has control characters, which no token has.", s.field)
	}
	return nil
}

// named are the conditions on what people called a token.
func (w Where) named() []predicate.Token {
	var all []predicate.Token
	if w.Search != nil {
		s := strings.TrimSpace(*w.Search)
		all = append(all, token.Or(fold.Contains[predicate.Token](token.FieldDescriptionFolded, s),
			fold.Contains[predicate.Token](token.FieldSearchText, s), token.HasSecretsWith(tokensecret.HintContainsFold(s))))
	}
	if w.ExternalID != nil {
		all = append(all, token.ExternalID(*w.ExternalID))
	}
	if w.Label != nil {
		all = append(all, labeled(*w.Label))
	}
	if w.Parent != nil {
		all = append(all, token.ParentID(*w.Parent))
	}
	return all
}

// standing are the conditions on what a token may do, and whether it may.
func (w Where) standing(now time.Time) []predicate.Token {
	var all []predicate.Token
	if w.Status != nil {
		var any []predicate.Token
		for _, status := range slices.Compact(slices.Sorted(slices.Values(w.Status))) { // however often each is named
			any = append(any, status.predicate(now))
		}
		all = append(all, token.Or(any...))
	}
	if w.Permission != nil {
		all = append(all, token.PermissionEQ(*w.Permission))
	}
	if w.Leaked != nil {
		all = append(all, either(*w.Leaked, leakedAt(now)))
	}
	if w.ClaimPending != nil {
		all = append(all, either(*w.ClaimPending, claimPending()))
	}
	return all
}

// dated are the conditions on when a token was made, used, and ends.
func (w Where) dated() []predicate.Token {
	var all []predicate.Token
	if w.UnusedSince != nil {
		all = append(all, token.Or(token.LastUsedAtIsNil(), token.LastUsedAtLT(w.UnusedSince.UTC())))
	}
	if w.UsedSince != nil {
		all = append(all, token.LastUsedAtGTE(w.UsedSince.UTC()))
	}
	if w.NeverUsed != nil {
		all = append(all, either(*w.NeverUsed, token.LastUsedAtIsNil()))
	}
	if w.ExpiresBefore != nil {
		all = append(all, token.ExpiresAtLT(w.ExpiresBefore.UTC()))
	}
	if w.CreatedBefore != nil {
		all = append(all, token.CreatedAtLT(w.CreatedBefore.UTC()))
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
