package source_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"broker/server/source"
)

// What was read of a package is its own until it is released, however many others are read meanwhile and in the memory
// of those that were released before.
func TestPackagesAreTheirOwnUntilReleased(t *testing.T) {
	t.Parallel()
	c := at(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/packages.json" {
			w.Write([]byte(`{"metadata-url":"/p2/%package%.json","available-package-patterns":["n/*"]}`))
			return
		}
		name, v := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/p2/"), ".json"), "1.0"
		if strings.HasSuffix(name, "~dev") {
			name, v = strings.TrimSuffix(name, "~dev"), "dev-main"
		}
		fmt.Fprintf(w, `{"packages":{%q:[%s]}}`, name, strings.Replace(version(name, v), "{", `{"description":"`+strings.Repeat(name+" ", 1+len(r.URL.Path)*50)+`",`, 1))
	}))
	if _, err := c.Names(t.Context()); err != nil {
		t.Fatal(err)
	}
	const atOnce = 8
	for round := range 5 {
		var packages [atOnce]source.Package
		var reading sync.WaitGroup
		for i := range packages {
			reading.Go(func() {
				p, err := c.Package(t.Context(), fmt.Sprintf("n/p%d-%d", round, i), source.Known{})
				if err != nil || len(p.Versions) != 2 {
					t.Errorf("%d versions, %v", len(p.Versions), err)
				}
				packages[i] = p
			})
		}
		reading.Wait()
		for i, p := range packages {
			name := fmt.Sprintf("n/p%d-%d", round, i)
			for _, v := range p.Versions {
				said := string(v.Said())
				if strings.Count(said, name) < 500 || strings.Count(said, "n/p") != strings.Count(said, name) {
					t.Fatalf("%s %s became %.300s", name, v.Version, said)
				}
			}
		}
		for _, p := range packages {
			p.Release()
		}
	}
}
