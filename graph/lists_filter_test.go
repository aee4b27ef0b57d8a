package graph_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"broker/ent"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fold"
	"broker/server/tokens"
)

// narrowing is a filter of tokens: as the API has it, and what it lets through.
type narrowing struct {
	field, value string
	lets         func(*ent.Token) bool
}

func narrowings(now time.Time) []narrowing {
	found := func(text string) narrowing {
		return narrowing{"search", fmt.Sprintf("%q", text), func(t *ent.Token) bool { return strings.Contains(fold.Text(t.Description), fold.Text(text)) }}
	}
	return []narrowing{
		found("APPLE"), found("ä"), found("%"), found("\U0001F600"), found("москва"), found("nobody has this"), // no text that is in a hint
		{"neverUsed", "true", func(t *ent.Token) bool { return t.LastUsedAt == nil }},
		{"neverUsed", "false", func(t *ent.Token) bool { return t.LastUsedAt != nil }},
		{"status", "[ACTIVE]", func(t *ent.Token) bool { return tokens.StatusOf(t, now) == tokens.Active }},
		{"status", "[EXPIRED,REVOKED]", func(t *ent.Token) bool {
			return slices.Contains([]tokens.Status{"EXPIRED", "REVOKED"}, tokens.StatusOf(t, now))
		}},
		{"expiresBefore", `"2026-11-03T00:00:00Z"`, func(t *ent.Token) bool {
			return t.ExpiresAt != nil && t.ExpiresAt.Before(time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC))
		}},
		{"unusedSince", `"2026-11-02T00:00:00Z"`, func(t *ent.Token) bool {
			return t.LastUsedAt == nil || t.LastUsedAt.Before(time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC))
		}},
		{"permission", "READ_ONLY", func(*ent.Token) bool { return true }},
	}
}

// A list that filters narrow, one or several, is the plainly sorted list of what they let through: by pages of any size,
// from either end, and totalCount is its length.
func TestANarrowedListIsThePlainlySortedOne(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		random := rand.New(rand.NewPCG(5, 6))
		s := w.shelves(random)["Query.tokens"]
		for range 60 {
			id := s.add()
			if random.IntN(4) == 0 {
				db.Client.Token.UpdateOneID(id).SetRevokedAt(time.Now().UTC()).ExecX(t.Context())
			}
		}
		now := time.Now()
		all := narrowings(now)
		for range 40 {
			random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			of := map[string]narrowing{}
			for _, n := range all[:1+random.IntN(3)] {
				of[n.field] = n
			}
			narrowed := s.narrowed(w, of)
			order, direction := one(random, []string{"DESCRIPTION", "LAST_USED_AT", "EXPIRES_AT", "CREATED_AT"}), one(random, directions("any"))
			want := narrowed.plain(order, direction)
			if r, a := w.page(narrowed, "first:1"+sortedAs(order, direction)); len(a.Errors) > 0 || r.TotalCount != len(want) || len(r.Edges) != min(1, len(want)) {
				t.Fatalf("%s: %d of %d: %s", narrowed.arguments, r.TotalCount, len(want), a.body)
			}
			if len(want) == 0 {
				continue
			}
			for _, backward := range []bool{false, true} {
				if got := w.walk(narrowed, order, direction, 1+random.IntN(30), backward, len(want)); !slices.Equal(got, want) {
					t.Errorf("%s by %s %s, backward %t:\n%v, want\n%v", narrowed.arguments, order, direction, backward, got, want)
				}
			}
		}
	})
}

// narrowed is the shelf of tokens behind filters of one value each.
func (s shelf) narrowed(w *world, by map[string]narrowing) shelf {
	var where []string
	for _, n := range by {
		where = append(where, n.field+":"+n.value)
	}
	narrowed := s
	narrowed.arguments = "where:{" + strings.Join(where, ",") + "}"
	narrowed.rows = func() []row {
		return slices.DeleteFunc(s.rows(), func(r row) bool {
			t := w.db.Client.Token.GetX(w.Context(), r.is)
			for _, n := range by {
				if !n.lets(t) {
					return true
				}
			}
			return false
		})
	}
	return narrowed
}

// Between two cursors lies what lies between their rows, and nothing where the second is before the first.
func TestAPageLiesBetweenTwoCursors(t *testing.T) {
	t.Parallel()
	eachList(t, 9, func(w *world, random *rand.Rand, l listed, s shelf, order, direction string) {
		w.Helper()
		if !l.both {
			return
		}
		all, a := w.page(s, "first:100"+sortedAs(order, direction))
		if len(a.Errors) > 0 || len(all.Edges) < 9 {
			w.Fatal(a.body)
		}
		rows := all.rows(s.node)
		for range 3 {
			i, j := random.IntN(len(rows)), random.IntN(len(rows))
			want := []string{}
			if i < j {
				want = rows[i+1 : j]
			}
			for _, size := range []string{"first", "last"} {
				r, a := w.page(s, fmt.Sprintf("%s:100,after:%q,before:%q", size, all.Edges[i].Cursor, all.Edges[j].Cursor)+sortedAs(order, direction))
				if got := r.rows(s.node); len(a.Errors) > 0 || !slices.Equal(got, want) || r.TotalCount != len(rows) || !r.PageInfo.HasPreviousPage || !r.PageInfo.HasNextPage {
					w.Errorf("%s by %s %s, %s between %d and %d: %s", l.path, order, direction, size, i, j, a.body)
				}
			}
		}
	})
}
