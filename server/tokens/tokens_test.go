package tokens_test

import (
	"broker/server/cached"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/predicate"
	"broker/ent/schema"
	"broker/ent/token"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fault"
	"broker/server/settings"
	"broker/server/tokens"
)

// newService makes tokens of a database with its own log and settings.
func newService(db *database.DB, prefix string, now func() time.Time) *tokens.Service {
	log := audit.New(db, make([]byte, 32), now)
	return tokens.New(db, log, settings.New(db, cached.NewMemory(db.Changes), log, 1000), prefix, now)
}

// by is a context in which somebody acts.
func by(t *testing.T, name string) context.Context {
	return audit.WithActor(t.Context(), audit.Actor{Name: name})
}

func ptr[T any](v T) *T { return &v }

// conditions are those of a filter.
func conditions(t *testing.T, where tokens.Where, now time.Time) []predicate.Token {
	t.Helper()
	all, err := where.Predicates(now)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A wrong value is refused with the field's name and the rule, and nothing is stored.
func TestWrongInputNamesItsField(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	service := newService(db, "pkb", time.Now)
	many := make([]string, 101)
	for i := range many {
		many[i] = "acme/*"
	}
	labels := make([]schema.Label, 21)
	for field, inputs := range map[string][]tokens.NewToken{
		"description": {{}, {Description: "  "}, {Description: strings.Repeat("ä", 201)}, {Description: "a\nb"}, {Description: "a\x00"}, {Description: "a\u202eb"}, {Description: "a\u2028b"}, {Description: "a\xff"}},
		"packages":    {{Description: "d", Packages: []string{"Acme/*"}}, {Description: "d", Packages: []string{""}}, {Description: "d", Packages: many}},
		"networks":    {{Description: "d", Networks: []string{"10.0.0.0/33"}}, {Description: "d", Networks: []string{"example.org"}}, {Description: "d", Networks: many}},
		"rateLimit":   {{Description: "d", RateLimit: ptr(-1)}, {Description: "d", RateLimit: ptr(10_000_001)}},
		"expiresAt": {{Description: "d", ExpiresAt: ptr(time.Now().Add(-time.Second))},
			{Description: "d", ExpiresAt: ptr(time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -3600)))}},
		"externalId": {{Description: "d", ExternalID: ptr("")}, {Description: "d", ExternalID: ptr(" ")}, {Description: "d", ExternalID: ptr("ä")}, {Description: "d", ExternalID: ptr("a\u200fb")}, {Description: "d", ExternalID: ptr(strings.Repeat("x", 129))}},
		"labels": {{Description: "d", Labels: labels}, {Description: "d", Labels: []schema.Label{{Name: "A"}}}, {Description: "d", Labels: []schema.Label{{Name: "a"}, {Name: "a"}}},
			{Description: "d", Labels: []schema.Label{{Name: "a", Value: "x\u202ey"}}}, {Description: "d", Labels: []schema.Label{{Name: "a", Value: "\xff"}}}},
	} {
		for _, in := range inputs {
			_, _, err := service.Create(t.Context(), nil, in)
			var invalid *fault.Invalid
			if !errors.As(err, &invalid) || invalid.Field != field || invalid.Message == "" {
				t.Errorf("%s: %v", field, err)
			}
		}
	}
	for _, reason := range []string{"a\x00", "a\u202eb", strings.Repeat("a", 501)} {
		var invalid *fault.Invalid
		if _, err := service.Revoke(t.Context(), nil, []string{"tok_nobody"}, &reason); !errors.As(err, &invalid) || invalid.Field != "reason" {
			t.Errorf("the reason %q: %v", reason, err)
		}
	}
	if n := db.Client.Token.Query().CountX(t.Context()); n != 0 {
		t.Errorf("%d tokens were stored", n)
	}
}

// What is taken is stored in one form: trimmed, sorted, networks as CIDR; the secret as a hash only.
func TestCreatedTokenIsStoredInOneForm(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		service := newService(db, "acme", time.Now)
		row, secret, err := service.Create(by(t, "anna@example.org"), nil, tokens.NewToken{
			Description: "  CI  ", Permission: token.PermissionWRITE, Packages: []string{"b/*", "a/*", "b/*"},
			Networks: []string{"10.1.2.3", "10.9.9.9/8"}, RateLimit: ptr(0), Labels: []schema.Label{{Name: "order", Value: "7"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		row = db.Client.Token.GetX(t.Context(), row.ID)
		if row.Description != "CI" || strings.Join(row.Packages, " ") != "a/* b/*" || strings.Join(row.Networks, " ") != "10.1.2.3/32 10.0.0.0/8" ||
			*row.RateLimit != 0 || row.CreatedBy != "anna@example.org" || row.Labels[0].Value != "7" {
			t.Errorf("stored %+v", row)
		}
		if !strings.HasPrefix(secret.Reveal(), "acme_rw_") {
			t.Errorf("secret of another kind: %s", secret.Hint())
		}
		stored := db.Client.TokenSecret.Query().OnlyX(t.Context())
		if hash := secret.Hash(); string(stored.Hash) != string(hash[:]) || stored.Hint != secret.Hint() {
			t.Error("the hash is not the secret's")
		}
	})
}

// An external id is unique among live tokens, the conflict names the token, and revoking frees it.
func TestExternalIDIsUniqueAmongLiveTokens(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		service := newService(db, "pkb", time.Now)
		in := tokens.NewToken{Description: "order", ExternalID: ptr("order-1187")}
		first, _, err := service.Create(t.Context(), nil, in)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = service.Create(t.Context(), nil, in)
		var conflict *fault.Conflict
		if !errors.As(err, &conflict) || conflict.ID != first.ID || !strings.Contains(conflict.Message, first.ID) {
			t.Errorf("again: %v", err)
		}
		if _, err := service.Revoke(t.Context(), nil, []string{first.ID}, ptr("refund")); err != nil {
			t.Fatal(err)
		}
		if _, _, err := service.Create(t.Context(), nil, in); err != nil {
			t.Errorf("after revoking: %v", err)
		}
	})
}

// Revoking is all or nothing, final, and may be said twice; a revoked token cannot be changed.
func TestRevokeIsFinal(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		service := newService(db, "pkb", time.Now)
		row, _, err := service.Create(t.Context(), nil, tokens.NewToken{Description: "CI"})
		if err != nil {
			t.Fatal(err)
		}
		var missing *fault.NotFound
		if _, err := service.Revoke(t.Context(), nil, []string{row.ID, "tok_nobody"}, nil); !errors.As(err, &missing) || missing.ID != "tok_nobody" {
			t.Errorf("with an unknown id: %v", err)
		}
		if db.Client.Token.GetX(t.Context(), row.ID).RevokedAt != nil {
			t.Error("half of it was done")
		}
		for range 2 {
			rows, err := service.Revoke(by(t, "anna"), nil, []string{row.ID}, ptr("left"))
			if err != nil || rows[0].RevokedAt == nil || *rows[0].RevokedBy != "anna" || *rows[0].RevokedReason != "left" {
				t.Errorf("revoke: %v, %v", rows, err)
			}
		}
		var conflict *fault.Conflict
		if _, err := service.Update(t.Context(), nil, row.ID, tokens.Changes{Description: ptr("x")}); !errors.As(err, &conflict) {
			t.Errorf("changing a revoked token: %v", err)
		}
	})
}

// A field that is left out stays; one that is said changes.
func TestUpdateChangesWhatIsSaid(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		service := newService(db, "pkb", time.Now)
		end := time.Now().Add(time.Hour)
		row, _, err := service.Create(t.Context(), nil, tokens.NewToken{Description: "CI", Packages: []string{"acme/*"}, ExpiresAt: &end})
		if err != nil {
			t.Fatal(err)
		}
		update := func(in tokens.Changes) *ent.Token {
			changed, err := service.Update(t.Context(), nil, row.ID, in)
			if err != nil {
				t.Fatal(err)
			}
			return changed
		}
		if changed := update(tokens.Changes{Description: ptr("new")}); changed.Description != "new" || len(changed.Packages) != 1 || changed.ExpiresAt == nil {
			t.Errorf("%+v", changed)
		}
		if changed := update(tokens.Changes{Packages: []string{}, ClearExpiresAt: true}); len(changed.Packages) != 0 || changed.ExpiresAt != nil || changed.Description != "new" {
			t.Errorf("%+v", changed)
		}
		var missing *fault.NotFound
		if _, err := service.Update(t.Context(), nil, "tok_nobody", tokens.Changes{}); !errors.As(err, &missing) {
			t.Errorf("an unknown token: %v", err)
		}
	})
}

// Every filter narrows to what it says, alone and together.
func TestFilters(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		now := time.Now()
		service := newService(db, "pkb", func() time.Time { return now.Add(-48 * time.Hour) })
		create := func(in tokens.NewToken) *ent.Token {
			row, _, err := service.Create(t.Context(), nil, in)
			if err != nil {
				t.Fatal(err)
			}
			return row
		}
		create(tokens.NewToken{Description: "active 100%", Labels: []schema.Label{{Name: "order", Value: "7"}, {Name: "x", Value: "y"}}})
		create(tokens.NewToken{Description: "expired", ExpiresAt: ptr(now.Add(-time.Hour)), ExternalID: ptr("o-1")})
		create(tokens.NewToken{Description: "writer", Permission: token.PermissionWRITE, ExpiresAt: ptr(now.Add(time.Hour))})
		gone := create(tokens.NewToken{Description: "revoked"})
		if _, err := service.Revoke(t.Context(), nil, []string{gone.ID}, nil); err != nil {
			t.Fatal(err)
		}
		for want, where := range map[string]tokens.Where{
			"active 100%,expired,revoked,writer": {},
			"active 100%,writer":                 {Status: []tokens.Status{tokens.Active}},
			"expired,revoked":                    {Status: []tokens.Status{tokens.Expired, tokens.Revoked}},
			"writer":                             {Permission: ptr(token.PermissionWRITE)},
			"active 100%":                        {Search: ptr("0%")},
			"expired":                            {ExternalID: ptr("o-1")},
			"expired,writer":                     {ExpiresBefore: ptr(now.Add(2 * time.Hour))},
		} {
			rows := db.Client.Token.Query().Where(conditions(t, where, now)...).Order(ent.Asc(token.FieldDescription)).AllX(t.Context())
			var names []string
			for _, row := range rows {
				names = append(names, row.Description)
			}
			if got := strings.Join(names, ","); got != want {
				t.Errorf("%+v: %s, want %s", where, got, want)
			}
		}
		for label, want := range map[schema.Label]int{{Name: "order", Value: "7"}: 1, {Name: "order", Value: "y"}: 0, {Name: "x", Value: "y"}: 1, {Name: "z", Value: ""}: 0} {
			if n := db.Client.Token.Query().Where(conditions(t, tokens.Where{Label: &label}, now)...).CountX(t.Context()); n != want {
				t.Errorf("label %v: %d tokens, want %d", label, n, want)
			}
		}
	})
}
