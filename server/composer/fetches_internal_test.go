package composer

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"broker/server/archive"
	"broker/server/catalog"
)

// held has no archive until the test lets it go on, and then none.
type held struct{ goOn chan error }

func (h held) Open(ctx context.Context, d *catalog.Dist, _ string) (*archive.Content, error) {
	if d.ID == "panics" {
		panic("a fault of ours")
	}
	select {
	case err := <-h.goOn:
		return nil, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (held) Pin(context.Context, *catalog.Dist, string) error { return nil }

func fetchOf(id int, token string) fetch { return fetch{&catalog.Dist{ID: fmt.Sprint(id)}, "", token} }

// However many archives a token's lock files name, those of another are fetched as well.
func TestNoTokenTakesEveryFetch(t *testing.T) {
	t.Parallel()
	f := NewFetches(nil, held{make(chan error)}, slog.New(slog.DiscardHandler))
	defer f.Close()
	taken := 0
	for id := range 2 * fetchesWaiting {
		if fetching, _ := f.add(fetchOf(id, "tok_1")); fetching {
			taken++
		}
	}
	if taken != fetchesOfOne {
		t.Errorf("%d of one token wait", taken)
	}
	if fetching, _ := f.add(fetchOf(-1, "tok_2")); !fetching {
		t.Error("one of another token does not")
	}
	if fetching, _ := f.add(fetchOf(0, "tok_2")); !fetching {
		t.Error("one that waits already is not told to be fetched")
	}
}

// A try that came to nothing speaks for the next for two minutes, and not for the builds of the day after: by then its
// source may be back. What ends a fetch frees its place, a fault of ours too.
func TestAFailureIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan error)
		f := NewFetches(nil, held{goOn}, slog.New(slog.DiscardHandler))
		defer f.Close()
		one := fetchOf(1, "tok_1")
		try := func(want string) {
			t.Helper()
			fetching, failed := f.add(one)
			if !fetching || want == "" && failed != "" || !strings.Contains(failed, want) {
				t.Errorf("%v %q, want %q", fetching, failed, want)
			}
			goOn <- &catalog.Unavailable{Reason: "it cannot be reached"}
			synctest.Wait()
		}
		try("")
		time.Sleep(failureFor - time.Second)
		try("it cannot be reached")
		time.Sleep(failureFor)
		try("")
		f.add(fetch{&catalog.Dist{ID: "panics"}, "", "tok_1"})
		synctest.Wait()
		if len(f.waiting)+len(f.of) > 0 {
			t.Errorf("%v, %v wait", f.waiting, f.of)
		}
	})
}
