package tokens_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/token"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/tokens"
)

// statuses are all there are.
var statuses = []tokens.Status{tokens.Active, tokens.Expired, tokens.Disabled, tokens.Revoked}

// tree makes a token of every status, then over the generations a child of every status of each of them.
func tree(t *testing.T, db *database.DB, now time.Time, generations int) {
	t.Helper()
	makers := []*string{nil}
	for range generations {
		var next []*string
		var builders []*ent.TokenCreate
		for _, maker := range makers {
			for _, status := range statuses {
				create := db.Client.Token.Create().SetDescription(string(status)).SetCreatedBy("x").SetNillableParentID(maker)
				switch status {
				case tokens.Expired:
					create.SetExpiresAt(now.Add(-time.Minute))
				case tokens.Disabled:
					create.SetDisabledAt(now)
				case tokens.Revoked:
					create.SetRevokedAt(now)
				case tokens.Active:
					create.SetExpiresAt(now.Add(time.Minute))
				}
				builders = append(builders, create)
			}
		}
		for _, row := range db.Client.Token.CreateBulk(builders...).SaveX(t.Context()) {
			next = append(next, &row.ID)
		}
		makers = next
	}
}

// The status of a token and the filter by status are one: a token ends with the nearest of its makers that has ended.
func TestFilterAndStatusAreOne(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		now := time.Now().UTC()
		tree(t, db, now, 4)
		rows := db.Client.Token.Query().AllX(t.Context())
		byID := map[string]*ent.Token{}
		for _, row := range rows {
			byID[row.ID] = row
		}
		told, err := tokens.Statuses(t.Context(), db.Client, now, rows...)
		if err != nil {
			t.Fatal(err)
		}
		of := map[tokens.Status][]string{}
		for i, row := range rows {
			want := tokens.StatusOf(row, now)
			for one := row; want == tokens.Active && one.ParentID != nil; want = tokens.StatusOf(one, now) {
				one = byID[*one.ParentID]
			}
			if told[i] != want {
				t.Errorf("%s is told as %s, want %s", row.ID, told[i], want)
			}
			of[want] = append(of[want], row.ID)
		}
		for _, some := range [][]tokens.Status{{tokens.Active}, {tokens.Expired}, {tokens.Disabled}, {tokens.Revoked}, {tokens.Expired, tokens.Revoked}, statuses} {
			var want []string
			for _, status := range some {
				want = append(want, of[status]...)
			}
			slices.Sort(want)
			where := conditions(t, tokens.Where{Status: some}, now)
			if found := db.Client.Token.Query().Where(where...).Order(ent.Asc(token.FieldID)).IDsX(t.Context()); !slices.Equal(found, want) {
				t.Errorf("%v: %d tokens are found, want %d", some, len(found), len(want))
			}
		}
	})
}

// Revoking by status reaches what the status says: not a token whose maker is disabled, where active ones are meant.
func TestRevokingByStatusGoesByMakers(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFamily(t, db)
		child, _ := f.make(f.asking, tokens.NewToken{})
		other, _ := f.make(nil, tokens.NewToken{})
		if _, err := f.Disable(t.Context(), nil, []string{f.maker.ID}, nil); err != nil {
			t.Fatal(err)
		}
		where := conditions(t, tokens.Where{Status: []tokens.Status{tokens.Active}}, time.Now())
		preview, err := f.Preview(t.Context(), nil, nil, where)
		if err != nil || preview.Count != 1 {
			t.Errorf("preview %+v, %v", preview, err)
		}
		if n, err := f.RevokeMatching(t.Context(), nil, where, 1, nil); err != nil || n != 1 {
			t.Errorf("revoked %d, %v", n, err)
		}
		if db.Client.Token.GetX(t.Context(), child.ID).RevokedAt != nil || db.Client.Token.GetX(t.Context(), other.ID).RevokedAt == nil {
			t.Error("the wrong one was revoked")
		}
	})
}

// BenchmarkStatusFilter counts the active ones of 10,000 tokens, nearly all at the end of a line of makers.
func BenchmarkStatusFilter(b *testing.B) {
	for name, url := range databasetest.URLs() {
		b.Run(name, func(b *testing.B) {
			db := databasetest.Open(b, url(b))
			var maker *string
			for i := range auth.GenerationsMax - 1 {
				row := db.Client.Token.Create().SetDescription(fmt.Sprint(i)).SetCreatedBy("x").SetNillableParentID(maker).SaveX(b.Context())
				maker = &row.ID
			}
			fill(b, db, 10_000)
			db.Client.Token.Update().Where(token.DescriptionHasPrefix("customer")).SetParentID(*maker).ExecX(b.Context())
			where, err := tokens.Where{Status: []tokens.Status{tokens.Active}}.Predicates(time.Now())
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if n := db.Client.Token.Query().Where(where...).CountX(b.Context()); n != 10_000+auth.GenerationsMax-1 {
					b.Fatal(n)
				}
			}
		})
	}
}
