package mirror_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/pattern"
	"broker/server/view"
)

// filtering has packages.json say of filter lists what is given.
func (w *world) filtering(how any) {
	w.on("/packages.json", body(marshal(fields{"packages": []any{}, "metadata-url": "/p2/%package%.json", "available-packages": []string{"acme/lib"}, "filter": how})))
}

// flagged has the package's document, with one release, say of filter lists what is given.
func (w *world) flagged(filter any) {
	version := fields{"name": "acme/lib", "version": "1.0.0", "dist": w.dist("/a.zip", zipOf("a"), commit)}
	document := fields{"packages": fields{"acme/lib": []fields{version}}, "minified": "composer/2.0"}
	if filter != nil {
		document["filter"] = filter
	}
	w.on("/p2/acme/lib.json", body(marshal(document)))
}

// told is what the package's document tells under a key, as it is served.
func (w *world) told(key string) string {
	w.Helper()
	d, err := w.view.Document(w.Context(), "acme/lib", false, func() error { return nil })
	w.must(err)
	plain, err := catalog.Decompress(d.Body, d.Size)
	w.must(err)
	var document map[string]json.RawMessage
	w.must(json.Unmarshal(plain, &document))
	return string(document[key])
}

// answers is what the package is answered for under lists, to a token with these patterns.
func (w *world) answers(lists []string, patterns ...string) string {
	w.Helper()
	visible, err := pattern.Parse(patterns)
	w.must(err)
	found, err := w.view.Filter(w.Context(), []string{"acme/lib", "acme/none"}, lists, visible)
	w.must(err)
	return string(marshal(found))
}

func (w *world) offeredLists(patterns ...string) string {
	w.Helper()
	visible, err := pattern.Parse(patterns)
	w.must(err)
	d, err := w.view.Root(w.Context(), visible)
	w.must(err)
	plain, err := catalog.Decompress(d.Body, d.Size)
	w.must(err)
	var root struct{ Filter json.RawMessage }
	w.must(json.Unmarshal(plain, &root))
	return string(root.Filter)
}

// What a source's filter lists say of a package stands in its document and in the answers of the API, byte for byte as
// Composer 2.10 reads it, and in no other form: lists that the root does not enable or whose names are reserved, entries
// of other packages, constraints that nobody can read and values of wrong types are left out, as are addresses with
// secrets; texts lose what could move a cursor. A change of nothing but these is noticed; a list that is no longer
// offered is gone.
func TestFilterListsAreThoseOfTheSource(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		const lists = `{"malware":{"enabled":true},"acme-policy":{"enabled":1},"off":{"enabled":false},"advisories":{"enabled":true},"ignored":{"enabled":true},"7":{"enabled":true},"none":true}`
		w.filtering(json.RawMessage(`{"metadata":true,"lists":` + lists + `,"summary-url":"/summary.json"}`))
		w.flagged(json.RawMessage(`{"malware":[
			{"constraint":"1.0.0","url":"https://example.org/f/1","reason":"Malware: steals keys","id":"F-1","source":"aikido"},
			{"constraint":"1.0.0","url":"https://example.org/f/1","reason":"Malware: steals keys","id":"F-1","source":"aikido"},
			{"constraint":"<0.5","url":"https://user:secret@example.org/","reason":"\u001b[31mred","id":5,"source":["x"]},
			{"package":"acme/lib","constraint":"3.0"},
			{"package":"acme/other","constraint":"*"},
			{"constraint":"no constraint ~~"},{"constraint":7},{"constraint":""},{"reason":"nothing"},"text",null],
			"acme-policy":{"a":{"constraint":"dev-main","url":"javascript:alert(1)"}},
			"off":[{"constraint":"*"}],"advisories":[{"constraint":"*"}],"ignored":[{"constraint":"*"}],"7":[{"constraint":"*"}],"none":[{"constraint":"*"}],"other":[{"constraint":"*"}]}`))
		if got := w.offeredLists(); got != `{"metadata":true,"lists":{"malware":{"enabled":true}},"api-url":"https://broker.example/filter"}` {
			t.Errorf("before the first sync the root offers %s", got)
		}
		w.mustSync()
		const malware = `[{"constraint":"1.0.0","url":"https://example.org/f/1","reason":"Malware: steals keys","id":"F-1","source":"aikido"},{"constraint":"\u003c0.5","reason":"[31mred"},{"constraint":"3.0"}]`
		if got := w.told("filter"); got != `{"acme-policy":[{"constraint":"dev-main"}],"malware":`+malware+`}` {
			t.Errorf("the document tells %s", got)
		}
		if got := w.told("security-advisories"); got != "[]" {
			t.Errorf("the document tells the advisories %s", got)
		}
		if got, want := w.answers([]string{"malware", "nobody's"}), `{"malware":`+strings.ReplaceAll(malware, `{"constraint"`, `{"package":"acme/lib","constraint"`)+`}`; got != want {
			t.Errorf("the API answers\n%s, want\n%s", got, want)
		}
		if got := w.answers(nil); got != "{}" {
			t.Errorf("of no list the API answers %s", got)
		}
		if got := w.answers([]string{"malware"}, "globex/*"); got != "{}" {
			t.Errorf("a token that may not see the package is answered %s", got)
		}
		if got := w.offeredLists(); got != `{"metadata":true,"lists":{"acme-policy":{"enabled":true},"malware":{"enabled":true}},"api-url":"https://broker.example/filter"}` {
			t.Errorf("the root offers %s", got)
		}
		if got := w.offeredLists("globex/*"); strings.Contains(got, "acme") {
			t.Errorf("a token that may not see the package is offered %s", got)
		}

		w.flagged(fields{"malware": []fields{{"constraint": "2.0.0"}}})
		w.mustSync()
		if got := w.told("filter"); got != `{"malware":[{"constraint":"2.0.0"}]}` {
			t.Errorf("after a change of nothing else the document tells %s", got)
		}
		w.flagged(nil)
		w.mustSync()
		if got, stored := w.told("filter"), db.Client.FilterEntry.Query().CountX(t.Context()); got != "" || stored != 0 {
			t.Errorf("after the entry is gone the document tells %s, and %d are stored", got, stored)
		}

		w.flagged(fields{"malware": []fields{{"constraint": "2.0.0"}}, "acme-policy": []fields{{"constraint": "*"}}})
		w.mustSync()
		for _, step := range []struct {
			root any
			want string
		}{
			{fields{"metadata": true, "lists": fields{"acme-policy": fields{"enabled": true}}}, `{"acme-policy":[{"constraint":"*"}]}`},
			{fields{"metadata": false, "lists": json.RawMessage(lists), "api-url": "/filter"}, ""}, // as Composer, which ignores it all
			{fields{"metadata": true, "lists": json.RawMessage(lists)}, `{"acme-policy":[{"constraint":"*"}],"malware":[{"constraint":"2.0.0"}]}`},
			{[]any{}, ""},
		} {
			w.filtering(step.root) // while no document is another
			w.asNextSync()
			w.mustSync()
			if got := w.told("filter"); got != step.want {
				t.Errorf("with the root %s the document tells %s", marshal(step.root), got)
			}
		}
	})
}

// What is taken of filter lists is bounded, of a package and of a repository.
func TestFilterListsAreBounded(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.filtering(fields{"metadata": true, "lists": fields{"malware": fields{"enabled": true}}})
		var many []fields
		for i := range 300 {
			many = append(many, fields{"constraint": fmt.Sprintf("1.%d", i), "reason": strings.Repeat("é", 2000), "id": strings.Repeat("x", 2000), "url": "https://example.org/" + strings.Repeat("x", 5000)})
		}
		w.flagged(fields{"malware": many})
		w.mustSync()
		var filter map[string][]view.Filtered
		w.must(json.Unmarshal([]byte(w.told("filter")), &filter))
		if n := len(filter["malware"]); n != 200 {
			t.Errorf("%d entries are told", n)
		}
		if one := filter["malware"][0]; len(one.Reason) > 500 || len(one.ID) > 190 || one.URL != "" {
			t.Errorf("an entry of %d and %d bytes, %s", len(one.Reason), len(one.ID), one.URL)
		}
	})
}

// A block is told to Composer 2.10 as well, with its reason and link: in the document beside what the source says, and by
// the API also of what no repository has; the root names what is blocked, for Composer asks of nothing else. Once it is
// lifted, nothing tells of it.
func TestBlocksStandInTheFilter(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.filtering(fields{"metadata": true, "lists": fields{"malware": fields{"enabled": true}}})
		w.flagged(fields{"malware": []fields{{"constraint": "0.1"}}})
		w.mustSync()
		before := w.root()
		packages := catalog.New(db, databasetest.Log(db), w.public)
		named, err := packages.BlockVersions(t.Context(), catalog.NewBlock{Package: "acme/lib", Versions: "^1.0", Reason: "steals keys", Link: "https://example.org/b"})
		w.must(err)
		of, err := packages.BlockVersions(t.Context(), catalog.NewBlock{Package: "acme/n*", Reason: "nothing of it"})
		w.must(err)
		entry := fmt.Sprintf(`{"constraint":"^1.0","url":"https://example.org/b","reason":"steals keys","id":%q,"source":"broker.example"}`, named.ID)
		if got := w.told("filter"); got != `{"malware":[`+entry+`,{"constraint":"0.1"}]}` {
			t.Errorf("the document tells %s", got)
		}
		if got := w.told("packages"); got != `{"acme/lib":[]}` {
			t.Errorf("the document offers %s", got)
		}
		none := fmt.Sprintf(`{"package":"acme/none","constraint":"*","reason":"nothing of it","id":%q,"source":"broker.example"}`, of.ID)
		if got := w.answers([]string{"malware"}, "acme/none"); got != `{"malware":[`+none+`]}` {
			t.Errorf("of what nobody has the API answers %s", got)
		}
		if got := w.root(); got == before || !strings.Contains(w.root(), `"available-package-patterns":["acme/n*"]`) {
			t.Errorf("the root: %s", w.root())
		}
		w.must(packages.Unblock(t.Context(), named.ID))
		w.must(packages.Unblock(t.Context(), of.ID))
		if got := w.told("filter"); got != `{"malware":[{"constraint":"0.1"}]}` {
			t.Errorf("without the block the document tells %s", got)
		}
		if got := w.answers([]string{"malware"}, "acme/none"); got != "{}" || w.root() != before {
			t.Errorf("without the block the API answers %s, the root is the same: %v", got, w.root() == before)
		}
	})
}
