package mirror_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"broker/server/catalog"
	"broker/server/database/databasetest"
)

// further are faults of a document that its status or its content alone does not tell: what else may be said instead of one.
var further = map[string]fault{
	"six redirects": func(w http.ResponseWriter, r *http.Request, good []byte) {
		if hops := strings.Count(r.URL.RawQuery, "x"); hops < 6 {
			http.Redirect(w, r, r.URL.Path+"?x"+r.URL.RawQuery, http.StatusFound)
			return
		}
		w.Write(good)
	},
	"a redirect to a name that is none": redirects("http://nowhere.invalid/x"),
	"400":                               status(400),
	"405":                               status(405),
	"451":                               status(451),
	"504":                               status(504),
}

// Whatever befalls the answer for a package that is followed by name and of which nothing is stored, it is no "not found":
// the package may be there. Nothing is stored of it, its source is asked twice at most however many ask, and a good answer
// is taken as soon as there is one. Only the source's own word is a "not found".
func TestFaultyAnswersAreNoNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	w.Config.ErrorLog = log.New(io.Discard, "", 0)
	w.unlisted()
	n := 0
	for _, all := range []map[string]fault{faults, documentFaults, further} {
		for what, fault := range all {
			n++
			name := fmt.Sprintf("acme/p%d", n)
			path := "/p2/" + name + ".json"
			good := marshal(fields{"packages": fields{name: []fields{{"name": name, "version": "1.0.0", "dist": w.dist("/a.zip", zipOf("x"), commit)}}}})
			w.on(path, fault.of(good))
			var group sync.WaitGroup
			for range 5 {
				group.Go(func() {
					_, err := w.view.Document(t.Context(), name, false, free)
					_, unavailable := errors.AsType[*catalog.Unavailable](err)
					if what == "null" { // how some servers say that they do not have it
						unavailable = errors.Is(err, catalog.ErrNotFound)
					}
					if !unavailable {
						t.Errorf("%s: %v", what, err)
					}
				})
			}
			group.Wait()
			// The transport asks once more where a used connection ends; each hop of a redirect is a request.
			if asked := w.count(path); asked > 3 && !strings.Contains(what, "circle") && !strings.Contains(what, "six") {
				t.Errorf("%s: asked %d times", what, asked)
			}
			if stored := w.db.Client.Document.Query().CountX(t.Context()); stored != 2*(n-1) {
				t.Fatalf("%s: %d documents are stored", what, stored)
			}
			w.later.Add(int64(11 * time.Minute))
			w.on(path, body(good))
			if !strings.Contains(w.text(name, false), "1.0.0") {
				t.Errorf("%s: the good answer is not taken", what)
			}
		}
	}
}

// What is stored of a followed package is served whatever its source answers meanwhile, also that it does not have it.
func TestWhatIsStoredOutlivesFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	w.Config.ErrorLog = log.New(io.Discard, "", 0)
	w.has("acme/lib", "1.0.0")
	w.unlisted()
	before := w.text("acme/lib", false)
	good := marshal(fields{"packages": fields{"acme/lib": []fields{}}})
	gone := map[string]fault{"404 of what it had": status(404), "410 of what it had": status(410)}
	for _, all := range []map[string]fault{faults, documentFaults, further, gone} {
		for what, fault := range all {
			w.on("/p2/acme/lib.json", fault.of(good))
			w.count("/p2/acme/lib.json")
			for begun := time.Now(); w.count("/p2/acme/lib.json") == 0; time.Sleep(5 * time.Millisecond) {
				w.later.Add(int64(11 * time.Minute))
				w.text("acme/lib", false) // has it read again, unless the last fault is just being noted
				if time.Since(begun) > 20*time.Second {
					t.Fatalf("%s: it is not read again", what)
				}
			}
			if now := w.text("acme/lib", false); now != before {
				t.Errorf("%s: %s is served", what, now)
			}
		}
	}
}

// While a source is down each who asks for one of its packages or archives is told at once, once that is known; what is
// stored is served as ever. It is asked a few times, not once by each.
func TestAnOutageIsToldAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	dists := map[string]offer{}
	for n := range 40 {
		content := zipOf(fmt.Sprint(n))
		version := fmt.Sprintf("1.%d.0", n)
		w.publish(fields{"version": version, "dist": w.dist(fmt.Sprintf("/%d.zip", n), content, commit)})
		w.mustSync()
		dists[version] = w.offers(false)[version]
	}
	w.unlisted()
	served := w.text("acme/lib", false)
	w.Server.Close()
	begun := time.Now()
	for version, offered := range dists {
		if _, err := w.open(offered); !unavailable(err) {
			t.Errorf("the archive of %s: %v", version, err)
		}
	}
	for n := range 200 {
		_, err := w.view.Document(t.Context(), fmt.Sprintf("acme/new%d", n), false, free)
		if _, ok := errors.AsType[*catalog.Unavailable](err); !ok {
			t.Fatalf("a package: %v", err)
		}
		w.later.Add(int64(time.Minute)) // the follower asks again; the client knows
		if w.text("acme/lib", false) != served {
			t.Fatal("what is stored is not served")
		}
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("240 answers took %s", took)
	}
}
