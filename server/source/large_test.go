//go:build !race

// The race detector takes half a minute for copies of so much memory; make unit runs these without it.

package source_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"broker/server/source"
)

// However many large documents come at once, memory holds one of them, and every reader gets its turn, also one that
// reads two documents and one that gives up. Not parallel: it watches memory.
func TestLargeDocumentsTakeTurns(t *testing.T) {
	filler := strings.Repeat(" ", 1<<20)
	c := at(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/packages.json" {
			w.Write([]byte(`{"metadata-url":"/p2/%package%.json","available-package-patterns":["n/*"]}`))
			return
		}
		name, _ := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/p2/"), ".json")
		v := "1.0"
		if strings.HasSuffix(name, "~dev") {
			name, v = strings.TrimSuffix(name, "~dev"), "dev-main"
		}
		fmt.Fprintf(w, `{"packages":{%q:[`, name)
		for range 14 { // MiB, in each of the two documents
			w.Write([]byte(filler))
		}
		fmt.Fprint(w, version(name, v)+"]}}")
	}))
	if _, err := c.Names(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	peak := watchMemory(ctx)
	var done sync.WaitGroup
	for i := range 16 {
		done.Go(func() {
			mine, give := context.WithCancel(t.Context())
			defer give()
			if i%4 == 3 {
				go func() { time.Sleep(time.Duration(i) * time.Millisecond); give() }()
			}
			p, err := c.Package(mine, fmt.Sprintf("n/p%d", i), source.Known{})
			if err == nil && len(p.Versions) != 2 {
				t.Errorf("%d: %d versions", i, len(p.Versions))
			}
			if err != nil && mine.Err() == nil {
				t.Errorf("%d: %v", i, err)
			}
			p.Release()
		})
	}
	done.Wait()
	cancel()
	if most := peak(); most > 400<<20 {
		t.Errorf("%d MiB were in use", most>>20)
	}
}

// watchMemory samples the heap until the context ends, and returns the most there was beyond what there was before.
func watchMemory(ctx context.Context) (peak func() uint64) {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	before, most := stats.HeapInuse, uint64(0)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			runtime.ReadMemStats(&stats)
			most = max(most, stats.HeapInuse-min(before, stats.HeapInuse))
			time.Sleep(2 * time.Millisecond)
		}
	}()
	return func() uint64 { <-ended; return most }
}

// Documents, and files that are included, have a bound in all.
func TestLargeDocumentsAreBounded(t *testing.T) {
	t.Parallel()
	large := strings.Repeat(" ", 20<<20)
	c := at(t, files{
		"/packages.json": `{"metadata-url":"/p2/%package%.json","available-packages":["n/one"]}`,
		"/p2/n/one.json": `{"packages":{"n/one":[]}}` + large, "/p2/n/one~dev.json": `{"packages":{"n/one":[]}}` + large,
	})
	if _, _, err := all(t, c); !errors.Is(err, source.ErrUnusable) || !strings.Contains(err.Error(), "32 MiB") {
		t.Errorf("two documents of 20 MiB: %v", err)
	}
	includes := files{"/packages.json": `{"includes":{"a.json":{},"b.json":{},"c.json":{},"d.json":{}}}`}
	for _, name := range []string{"a", "b", "c", "d"} {
		includes["/"+name+".json"] = `{"packages":{}}` + large
	}
	if _, _, err := all(t, at(t, includes)); err == nil || !strings.Contains(err.Error(), "64 MiB") {
		t.Errorf("four files of 20 MiB: %v", err)
	}
}
