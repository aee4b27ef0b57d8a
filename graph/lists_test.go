package graph_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"broker/ent/user"
	"broker/graph/generated"
	"broker/server/database"
	"broker/server/database/databasetest"
)

// listed is a connection of the schema, and what the tests know of it.
type listed struct {
	path   string   // Query.tokens, Package.versions
	orders []string // of its enum; one empty order where there is none
	both   bool     // it is read backward too
}

// connections are the connection fields of the schema: a new one, and a new value of an order's enum, is among them.
func connections(t testing.TB) []listed {
	t.Helper()
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	var all []listed
	for _, kind := range schema.Types {
		for _, field := range kind.Fields {
			if kind.Kind != ast.Object || !strings.HasSuffix(field.Type.Name(), "Connection") {
				continue
			}
			l := listed{path: kind.Name + "." + field.Name, orders: []string{""}, both: field.Arguments.ForName("last") != nil}
			if order := field.Arguments.ForName("orderBy"); order != nil {
				enum := schema.Types[schema.Types[order.Type.Name()].Fields.ForName("field").Type.Name()]
				for _, value := range enum.EnumValues {
					l.orders = append(l.orders, value.Name)
				}
			}
			all = append(all, l)
		}
	}
	slices.SortFunc(all, func(a, b listed) int { return cmp.Compare(a.path, b.path) })
	if len(all) < 6 {
		t.Fatalf("the schema has %d connections only: %v", len(all), all)
	}
	return all
}

// read is a page as the API answers it.
type read struct {
	TotalCount int
	PageInfo   struct {
		HasNextPage, HasPreviousPage bool
		StartCursor, EndCursor       *string
	}
	Edges []struct {
		Cursor string
		Node   map[string]string
	}
}

func (r read) rows(node string) []string {
	all := []string{}
	for _, edge := range r.Edges {
		all = append(all, edge.Node[node])
	}
	return all
}

// sortedAs are the arguments of an order.
func sortedAs(order, direction string) string {
	if order == "" {
		return ""
	}
	return fmt.Sprintf(",orderBy:{field:%s,direction:%s}", order, direction)
}

// page asks for a page: arguments such as first:3,after:"…".
func (w *world) page(s shelf, arguments string) (read, answer) {
	w.Helper()
	if s.arguments != "" {
		arguments = s.arguments + "," + arguments
	}
	a := w.ask(person(user.RoleOWNER), s.inside("("+arguments+"){totalCount pageInfo{hasNextPage hasPreviousPage startCursor endCursor} edges{cursor node{"+s.node+"}}}"), nil)
	var r read
	if len(a.Errors) == 0 {
		w.must(json.Unmarshal(s.outside(a.Data), &r))
	}
	return r, a
}

// plain is the whole list, sorted plainly.
func (s shelf) plain(order, direction string) []string {
	rows := s.rows()
	slices.SortFunc(rows, func(a, b row) int {
		byID := cmp.Compare(a.is, b.is)
		if s.desc {
			byID = -byID
		}
		c := cmp.Or(a.keys[order].compare(b.keys[order]), byID)
		if direction == "DESC" {
			return -c
		}
		return c
	})
	all := make([]string, len(rows))
	for i, r := range rows {
		all[i] = r.is
	}
	return all
}

// directions are those of an order; the list without one has its own.
func directions(order string) []string {
	if order == "" {
		return []string{"ASC"}
	}
	return []string{"ASC", "DESC"}
}

// eachList runs a test for every connection, order and direction, on each database, over rows with ties and without
// values.
func eachList(t *testing.T, rows int, test func(w *world, random *rand.Rand, l listed, s shelf, order, direction string)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		recorded := record(t, db)
		w := newWorld(t, db)
		w.recorded = recorded
		random := rand.New(rand.NewPCG(1, 2))
		shelves := w.shelves(random)
		for _, l := range connections(t) {
			s, known := shelves[l.path]
			if !known {
				t.Fatalf("%s is a new connection: give it a shelf here", l.path)
			}
			for range rows {
				s.add()
			}
			for _, order := range l.orders {
				if _, known := s.rows()[0].keys[order]; !known {
					t.Fatalf("%s has the new order %s: give it a key here", l.path, order)
				}
				for _, direction := range directions(order) {
					test(w, random, l, s, order, direction)
				}
			}
		}
	})
}

// Every list, in every order and direction, by pages of every size and from either end, is the plainly sorted list:
// each row once, as many as totalCount, and pageInfo tells what lies before and behind. So it is the same on both
// databases.
func TestEveryListIsThePlainlySortedOne(t *testing.T) {
	t.Parallel()
	eachList(t, 23, func(w *world, _ *rand.Rand, l listed, s shelf, order, direction string) {
		w.Helper()
		want := s.plain(order, direction)
		for _, size := range []int{1, 4, len(want) - 1, len(want), 100} {
			for _, backward := range []bool{false, true} {
				if backward && !l.both {
					continue
				}
				if got := w.walk(s, order, direction, size, backward, len(want)); !slices.Equal(got, want) {
					w.Errorf("%s by %s %s, pages of %d, backward %t:\n%v, want\n%v", l.path, order, direction, size, backward, got, want)
				}
			}
		}
	})
}

// walk reads a whole list page by page.
func (w *world) walk(s shelf, order, direction string, size int, backward bool, total int) []string {
	w.Helper()
	var all []string
	for cursor := ""; ; {
		arguments := fmt.Sprintf("first:%d", size)
		if backward {
			arguments = fmt.Sprintf("last:%d", size)
		}
		if cursor != "" {
			arguments += fmt.Sprintf(",%s:%q", map[bool]string{false: "after", true: "before"}[backward], cursor)
		}
		r, a := w.page(s, arguments+sortedAs(order, direction))
		if len(a.Errors) > 0 || r.TotalCount != total || len(r.Edges) == 0 {
			w.Fatalf("%s, by %s, of %d: %s", arguments, order, total, a.body)
		}
		page := r.rows(s.node)
		more, less := r.PageInfo.HasNextPage, r.PageInfo.HasPreviousPage
		end := r.Edges[len(r.Edges)-1].Cursor
		if backward {
			all = append(page, all...)
			more, less, end = less, more, r.Edges[0].Cursor
		} else {
			all = append(all, page...)
		}
		if *r.PageInfo.StartCursor != r.Edges[0].Cursor || *r.PageInfo.EndCursor != r.Edges[len(r.Edges)-1].Cursor ||
			more != (len(all) < total) || less != (cursor != "") {
			w.Fatalf("%s, by %s: %d of %d rows were read: %s", arguments, order, len(all), total, a.body)
		}
		if cursor = end; !more || len(all) > total {
			return all
		}
	}
}

// While rows come and go between the pages, each row that is there all the time is read once, in its place, and none
// twice; also where the row that a cursor was made of is gone.
func TestRowsComeAndGoBetweenPages(t *testing.T) {
	t.Parallel()
	eachList(t, 12, func(w *world, random *rand.Rand, l listed, s shelf, order, direction string) {
		w.Helper()
		for _, backward := range []bool{false, true} {
			if backward && !l.both {
				continue
			}
			stay, guests := s.plain(order, direction), []string{s.add(), s.add(), s.add()}
			got := w.walkBusily(s, order, direction, backward, func(cursorOf string) {
				guests = append(guests, s.add())
				i := max(slices.Index(guests, cursorOf), random.IntN(len(guests))*random.IntN(2))
				s.remove(guests[i])
				guests = slices.Delete(guests, i, i+1)
			})
			kept := slices.DeleteFunc(slices.Clone(got), func(is string) bool { return !slices.Contains(stay, is) })
			slices.Sort(got)
			if !slices.Equal(kept, stay) || len(slices.Compact(got)) < len(got) {
				w.Errorf("%s by %s %s, backward %t: %v\nwant %v", l.path, order, direction, backward, kept, stay)
			}
			for _, guest := range guests {
				s.remove(guest)
			}
		}
	})
}

// walkBusily reads a whole list by pages of two, with changes between them; between is told whose the cursor is.
func (w *world) walkBusily(s shelf, order, direction string, backward bool, between func(cursorOf string)) []string {
	w.Helper()
	size, place := "first", "after"
	if backward {
		size, place = "last", "before"
	}
	all, arguments := []string{}, size+":2"
	for range 200 {
		r, a := w.page(s, arguments+sortedAs(order, direction))
		if len(a.Errors) > 0 {
			w.Fatal(a.body)
		}
		page := r.rows(s.node)
		if len(page) == 0 {
			return all
		}
		end := len(page) - 1
		if backward {
			all, end = append(page, all...), 0
		} else {
			all = append(all, page...)
		}
		between(page[end])
		arguments = fmt.Sprintf("%s:2,%s:%q", size, place, r.Edges[end].Cursor)
	}
	w.Fatalf("by %s %s, the pages do not end", order, direction)
	return nil
}

// given is a cursor, and the list and order that gave it.
type given struct{ list, cursor string }

// A cursor is taken only by the list that gave it, in the order it was given in. Any other, and what is no cursor, is
// refused with the name of its argument, whatever it holds.
func TestCursorsBelongToTheirList(t *testing.T) {
	t.Parallel()
	for name, url := range databasetest.URLs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, databasetest.Open(t, url(t)))
			random := rand.New(rand.NewPCG(3, 4))
			shelves := w.shelves(random)
			var cursors []given
			asked := map[string]shelf{}
			for _, l := range connections(t) {
				shelves[l.path].add()
				for _, order := range l.orders {
					for _, direction := range directions(order) {
						key := l.path + sortedAs(order, direction)
						asked[key] = shelves[l.path]
						r, a := w.page(shelves[l.path], "first:1"+sortedAs(order, direction))
						if len(r.Edges) == 0 {
							t.Fatal(a.body)
						}
						cursors = append(cursors, given{key, r.Edges[0].Cursor})
					}
				}
			}
			for _, to := range cursors {
				_, order, _ := strings.Cut(to.list, ",")
				if order != "" {
					order = "," + order
				}
				for _, of := range append(slices.Clone(cursors), garbage(random, to.cursor)...) {
					_, a := w.page(asked[to.list], fmt.Sprintf("first:1,after:%q", of.cursor)+order)
					switch {
					case of.list == to.list && len(a.Errors) > 0, of.list == "mutant" && len(a.Errors) > 0 && a.code() != "BAD_USER_INPUT":
						t.Errorf("%s of %s: %s", to.list, of.cursor, a.body)
					case of.list != to.list && of.list != "mutant" && (a.code() != "BAD_USER_INPUT" || a.Errors[0].Extensions.Field != "after"):
						t.Errorf("%s takes a cursor of %s: %s", to.list, of.list, a.body)
					}
				}
			}
			_, a := w.page(shelves["Query.tokens"], `last:1,before:"garbage"`)
			if a.code() != "BAD_USER_INPUT" || a.Errors[0].Extensions.Field != "before" {
				t.Error(a.body)
			}
		})
	}
}

// garbage is what is no cursor, and mutants of one, which may be.
func garbage(random *rand.Rand, cursor string) []given {
	all := []given{}
	written, _ := base64.RawURLEncoding.DecodeString(cursor)
	encode := base64.RawURLEncoding.EncodeToString
	for _, none := range []string{
		"", "x", "%", cursor[:len(cursor)/2], cursor + "A", cursor + cursor, encode(nil), encode([]byte("null")), encode([]byte("{}")), encode([]byte("[]")),
		encode(append(written, '{')), strings.Repeat("A", 30_000), "gaFpqjEyMw",
		encode([]byte(strings.Replace(string(written), `"i":"`, `"i":"\u0000`, 1))), encode([]byte(strings.Replace(string(written), `"i":"`, `"j":"`, 1))),
		encode([]byte(strings.Replace(string(written), `"i":`, `"t":"a","n":1,"i":`, 1))),
		encode([]byte(strings.Replace(string(written), `"i":`, `"w":"10000-01-01","i":`, 1))),
		encode([]byte(strings.Replace(string(written), `"i":`, `"n":9223372036854775808,"i":`, 1))),
		encode([]byte(strings.Replace(string(written), `"i":`, `"w":"9999-12-31T23:59:59-23:59","i":`, 1))),
	} {
		all = append(all, given{"garbage", none})
	}
	for range 40 {
		mutant := []byte(cursor)
		mutant[random.IntN(len(mutant))] ^= 1 << random.IntN(7)
		all = append(all, given{"mutant", strings.ToValidUTF8(string(mutant), "?")})
	}
	return all
}
