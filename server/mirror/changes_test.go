package mirror_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"broker/server/database/databasetest"
)

// A source that tells what changed is asked for that alone by a sync, and for all where it does not tell, where a package
// could not be read, and where it says that it cannot tell.
func TestASyncAsksForWhatChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	names := []string{"acme/a", "acme/b", "acme/c"}
	serve := func(name, version string) {
		w.on("/p2/"+name+".json", func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Last-Modified", "Mon, 02 Jan 2023 03:04:05 GMT")
			fmt.Fprintf(rw, `{"packages":{%q:[{"name":%[1]q,"version":%q,"dist":{"type":"zip","url":"https://up.example/a.zip","reference":"0a"}}]}}`, name, version)
		})
	}
	for _, name := range names {
		serve(name, "1.0")
	}
	w.on("/packages.json", body([]byte(`{"packages":[],"metadata-url":"/p2/%package%.json","metadata-changes-url":"/changes.json"}`)))
	var since string
	answer := func(status int, said string) {
		w.on("/changes.json", func(rw http.ResponseWriter, r *http.Request) {
			since = r.URL.Query().Get("since")
			rw.WriteHeader(status)
			fmt.Fprint(rw, said)
		})
	}
	answer(200, `{"actions":[{"type":"resync","time":1,"package":"*"}],"timestamp":100}`)
	w.mustSync()
	w.repo = w.db.Client.Repository.GetX(t.Context(), w.repo.ID)
	for _, name := range names {
		if _, err := w.view.Document(t.Context(), name, false, free); err != nil {
			t.Fatal(err)
		}
	}
	asked := func() string {
		t.Helper()
		for _, name := range names {
			w.count("/p2/" + name + ".json")
		}
		_, err := w.sync()
		w.must(err)
		w.repo = w.db.Client.Repository.GetX(t.Context(), w.repo.ID)
		var of []string
		for _, name := range names {
			if w.count("/p2/"+name+".json") > 0 {
				of = append(of, name)
			}
		}
		return strings.Join(of, " ")
	}
	all := strings.Join(names, " ")
	for _, c := range []struct {
		status            int
		said, since, want string
	}{
		{200, `{"actions":[],"timestamp":200}`, "100", ""},
		{200, `{"actions":[{"type":"update","package":"Acme/B~dev","time":2},{"type":"update","package":"other/x","time":2}],"timestamp":300}`, "200", "acme/b"},
		{200, `{"actions":[{"type":"delete","package":"acme/c","time":2}],"timestamp":"400"}`, "300", "acme/c"},
		{200, `{"actions":[{"type":"resync","package":"*"}],"timestamp":500}`, "400", all},
		{200, `{"actions":[{"type":"what-may-come","package":"*"}],"timestamp":600}`, "500", all},
		{500, `{}`, "600", all}, {200, `<html>`, "600", all}, {200, `{"timestamp":700}`, "600", all}, {200, `{"actions":[]}`, "600", all}, {200, `{"actions":[],"timestamp":-1}`, "600", all},
		{200, `{"actions":[],"timestamp":700}`, "600", ""},
	} {
		answer(c.status, c.said)
		if got := asked(); got != c.want || since != c.since {
			t.Errorf("%s since %s: asked for %q since %s, want %q", c.said, c.since, got, since, c.want)
		}
	}
	w.on("/p2/acme/a.json", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) })
	answer(200, `{"actions":[{"type":"update","package":"acme/a"}],"timestamp":800}`)
	if got := asked(); got != "acme/a" {
		t.Errorf("asked for %q", got)
	}
	serve("acme/a", "1.1")
	answer(200, `{"actions":[],"timestamp":900}`)
	if got := asked(); got != all || since != "0" { // it cannot be told what was missed
		t.Errorf("after a failure asked for %q since %s", got, since)
	}
	if text := w.text("acme/a", false); !strings.Contains(text, `"1.1"`) {
		t.Errorf("what was missed is not there: %s", text)
	}
}

// Where a source's names are said in its root, no other is asked for; a list that changed since it was read is read again.
func TestOnlyNamesThatMayBeThereAreAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	w.on("/packages.json", body([]byte(`{"packages":[],"metadata-url":"/p2/%package%.json","available-packages":["acme/one"],"available-package-patterns":["acme/t*","*-plugin/*x"]}`)))
	for _, name := range []string{"acme/one", "acme/two", "some-plugin/x", "acme/other", "other/two"} {
		w.on("/p2/"+name+".json", body([]byte(fmt.Sprintf(`{"packages":{%q:[{"name":%[1]q,"version":"1.0","dist":{"type":"zip","url":"https://up.example/a.zip"}}]}}`, name))))
	}
	w.mustSync()
	for name, there := range map[string]bool{"acme/one": true, "acme/two": true, "some-plugin/x": true, "acme/other": false, "other/two": false} {
		_, err := w.view.Document(t.Context(), name, false, free)
		if (err == nil) != there || (w.count("/p2/"+name+".json") > 0) != there {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A document by its digest that is no longer there has the list be read again, for whoever asks.
func TestAListThatIsOutOfDateIsReadAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	publish := func(version string) {
		document := fmt.Sprintf(`{"packages":{"acme/lib":{%q:{"name":"acme/lib","version":%[1]q,"dist":{"type":"zip","url":"https://up.example/a.zip"}}}}}`, version)
		providers := fmt.Sprintf(`{"providers":{"acme/lib":{"sha256":%q}}}`, shaOf(document))
		w.on("/packages.json", body([]byte(fmt.Sprintf(`{"packages":[],"providers-url":"/p/%%package%%/%%hash%%.json","provider-includes":{"p/all/%%hash%%.json":{"sha256":%q}},"providers-lazy-url":"/lazy/%%package%%.json"}`, shaOf(providers)))))
		w.on("/p/all/"+shaOf(providers)+".json", body([]byte(providers)))
		w.on("/p/acme/lib/"+shaOf(document)+".json", body([]byte(document)))
	}
	publish("1.0")
	w.mustSync()
	if _, err := w.view.Document(t.Context(), "acme/none", false, free); err == nil {
		t.Error("what is not there is there")
	}
	w.upstream.mu.Lock()
	clear(w.upstream.answers)
	w.upstream.mu.Unlock()
	publish("1.1")
	if text := w.text("acme/lib", false); !strings.Contains(text, `"1.1"`) {
		t.Errorf("offered is %s", text)
	}
}
