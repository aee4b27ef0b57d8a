package graph_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"broker/ent/schema"
	"broker/ent/user"
	"broker/server/audit"
	"broker/server/cached"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/pattern"
	"broker/server/repository"
	"broker/server/tokens"
	"broker/server/view"
)

// found are the values of a field of a list that a search finds, sorted.
func (w *world) found(list, field, search string) []string {
	w.Helper()
	a := w.ask(person(user.RoleOWNER), fmt.Sprintf(`query($s:String!){%s(where:{search:$s}){totalCount edges{node{%s}}}}`, list, field), map[string]any{"s": search})
	var r read
	if len(a.Errors) > 0 {
		w.Fatalf("%s for %q: %s", list, search, a.body)
	}
	w.must(json.Unmarshal(a.Data[list], &r))
	all := r.rows(field)
	slices.Sort(all)
	if r.TotalCount != len(all) {
		w.Errorf("%s for %q: %d of %d", list, search, len(all), r.TotalCount)
	}
	return all
}

// A search finds a text in any case of any script, and takes no character for a wildcard, on both databases: tokens by
// their description, external id, patterns and labels; packages; repositories; and events.
func TestSearchIgnoresCaseInEveryScript(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		service := tokens.New(db, databasetest.Log(db), databasetest.Settings(db), "pkb", time.Now)
		make := func(in tokens.NewToken) string {
			row, _, err := service.Create(ctx, nil, in)
			w.must(err)
			return row.ID
		}
		order := "Bestellung-77"
		make(tokens.NewToken{Description: "Größe ÄRZTE"})
		labeled := make(tokens.NewToken{Description: "labels", Labels: []schema.Label{{Name: "kunde", Value: "МОСКВА 100%"}, {Name: "team", Value: "R&D"}}})
		make(tokens.NewToken{Description: "party \U0001F600\U0001F469\u200D\U0001F4BB"})
		make(tokens.NewToken{Description: "patterns", Packages: []string{"acme/*", "globex/lib_x"}})
		make(tokens.NewToken{Description: "order", ExternalID: &order})
		for search, want := range map[string]string{
			"ärzte": "Größe ÄRZTE", "GRÖSSE": "Größe ÄRZTE", "größe ä": "Größe ÄRZTE", "a\u0308rzte": "Größe ÄRZTE", "arzte": "",
			"москва": "labels", "Kunde": "labels", "KUNDE=москва": "labels", "r&d": "labels", "100%": "labels", "%": "labels", "1%0": "",
			"ACME/*": "patterns", "acme": "patterns", "lib_X": "patterns", "lib-x": "", "_x": "patterns", "BESTELLUNG-77": "order", "*": "patterns",
			"labels kunde": "", "\\": "", "'": "", "\U0001F600": "party \U0001F600\U0001F469\u200D\U0001F4BB", "\U0001F4BB": "party \U0001F600\U0001F469\u200D\U0001F4BB", "\U0001F601": "",
		} {
			if got := strings.Join(w.found("tokens", "description", search), ","); got != want {
				t.Errorf("tokens for %q: %q, want %q", search, got, want)
			}
		}

		// What is changed of a token is found, and what it was is not; what is left as it is stays.
		_, err := service.Update(ctx, nil, labeled, tokens.Changes{Packages: []string{"initech/*"}})
		w.must(err)
		_, err = service.Update(ctx, nil, labeled, tokens.Changes{Description: new("ΟΔΥΣΣΕΥΣ")})
		w.must(err)
		for search, want := range map[string]string{"INITECH": "ΟΔΥΣΣΕΥΣ", "москва": "ΟΔΥΣΣΕΥΣ", "οδυσσευς": "ΟΔΥΣΣΕΥΣ", "labels": ""} {
			if got := strings.Join(w.found("tokens", "description", search), ","); got != want {
				t.Errorf("after a change, tokens for %q: %q, want %q", search, got, want)
			}
		}

		c := db.Client
		c.Pkg.Create().SetName("acme/ships_x").SetRepositoryID(w.repo.ID).SetDescription("Übersicht der ШКАФЫ, 50 %").SaveX(ctx)
		c.Pkg.Create().SetName("acme/shipsyx").SetRepositoryID(w.repo.ID).SetDescription("other").SaveX(ctx)
		memory := cached.NewMemory(db.Changes)
		packages := view.New(db, memory, repository.NewOwners(db, memory), nil, &url.URL{Scheme: "https", Host: "broker.example"}, 1<<20)
		for search, want := range map[string]string{
			"übersicht": "acme/ships_x", "шкафы ACME": "acme/ships_x", "ships_x": "acme/ships_x", "%": "acme/ships_x", "ships шкафы other": "",
		} {
			if got := strings.Join(w.found("packages", "name", search), ","); got != want {
				t.Errorf("packages for %q: %q, want %q", search, got, want)
			}
			found, total, err := packages.Search(ctx, search, "", pattern.Set{})
			w.must(err)
			names := []string{}
			for _, p := range found {
				names = append(names, p.Name)
			}
			if strings.Join(names, ",") != want || total != len(names) {
				t.Errorf("Composer's search for %q: %v of %d, want %q", search, names, total, want)
			}
		}
		if found, total, err := packages.Search(ctx, "acme\x00 \xff", "", pattern.Set{}); err != nil || len(found) > 0 || total > 0 {
			t.Errorf("Composer's search for what no package has: %v of %d, %v", found, total, err)
		}

		c.Repository.Create().SetName("umlauts").SetType("COMPOSER").SetURL("https://BÜCHER.example/50%25").SaveX(ctx)
		for search, want := range map[string]string{"bücher": "umlauts", "UMLAUTS": "umlauts", "%25": "umlauts", "%2": "umlauts", "b_cher": ""} {
			if got := strings.Join(w.found("repositories", "name", search), ","); got != want {
				t.Errorf("repositories for %q: %q, want %q", search, got, want)
			}
		}

		w.must(db.Tx(ctx, func(tx *database.Tx) error {
			return databasetest.Log(db).Write(ctx, tx, audit.Event{Action: "test.search", Target: "evt_target", Details: map[string]any{"reason": "ВОЗВРАТ <R&D>_"}})
		}))
		for _, search := range []string{"возврат", "Возврат <r&d>", "TEST.SEARCH", "EVT_target", ">_"} {
			if got := w.found("auditEvents", "action", search); !slices.Equal(got, []string{"test.search"}) {
				t.Errorf("events for %q: %v", search, got)
			}
		}
		for _, list := range []string{"tokens", "packages", "repositories", "auditEvents"} {
			a := w.ask(person(user.RoleOWNER), `query($s:String!){`+list+`(where:{search:$s}){totalCount}}`, map[string]any{"s": strings.Repeat("ab ", 200)})
			if a.code() != "BAD_USER_INPUT" || a.Errors[0].Extensions.Field != "search" {
				t.Errorf("%s for a text of 600 characters: %s", list, a.body)
			}
		}
	})
}
