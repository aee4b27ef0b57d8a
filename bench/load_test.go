package main

import (
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// serve starts a server, and returns it with a place that notes what was asked for.
func serve(t *testing.T, answer http.HandlerFunc) (*server, *asked) {
	t.Helper()
	a := &asked{times: map[string]int{}}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.note(r.URL.Path + " " + r.Header.Get("Authorization"))
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return &server{address: strings.TrimPrefix(s.URL, "http://")}, a
}

type asked struct {
	mu    sync.Mutex
	times map[string]int
}

func (a *asked) note(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.times[what]++
}

// all is what was asked for, and how often.
func (a *asked) all() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.times)
}

// someTokens are made-up credentials of one length.
func someTokens(n int) *tokens {
	t := &tokens{each: len("token-0000")}
	for i := range n {
		t.sent = fmt.Appendf(t.sent, "token-%04d", i)
	}
	return t
}

// TestLoadUsesEachToken guarantees that a load of a number of requests sends exactly these, each token's once, and that
// the next load goes on where it ended, whatever the number of connections.
func TestLoadUsesEachToken(t *testing.T) {
	t.Parallel()
	for _, connections := range []int{1, 3, 64} {
		s, a := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") })
		l := &load{address: s.address, connections: connections, status: 200, request: get(s, "/x", "", someTokens(1000))}
		for range 2 {
			found, err := l.run(t.Context(), time.Minute, 500)
			if err != nil {
				t.Fatal(err)
			}
			if len(found.latencies) != 500 {
				t.Errorf("%d connections: %d answers", connections, len(found.latencies))
			}
		}
		times := a.all()
		for i := range 1000 {
			if n := times[fmt.Sprintf("/x token-%04d", i)]; n != 1 {
				t.Errorf("%d connections: token %d was used %d times", connections, i, n)
			}
		}
	}
}

// TestLoadSkipsBodies guarantees that bodies of every size are skipped to their last byte: those that come with their
// head, those that fill the room for it, and those that come in many pieces.
func TestLoadSkipsBodies(t *testing.T) {
	t.Parallel()
	sizes := []int{0, 1, 100, headMax - 300, headMax - 1, headMax, headMax + 1, 1 << 20, 3<<20 + 7}
	s, a := serve(t, func(w http.ResponseWriter, r *http.Request) {
		size, err := strconv.Atoi(r.URL.Path[1:])
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Length", strconv.Itoa(size))
		w.Write(make([]byte, size))
	})
	l := &load{address: s.address, connections: 2, status: 200,
		request: getEach(s, func(i int) string { return "/" + strconv.Itoa(sizes[i%len(sizes)]) }, "", someTokens(1))}
	found, err := l.run(t.Context(), time.Minute, 5*len(sizes))
	if err != nil {
		t.Fatal(err)
	}
	if len(found.latencies) != 5*len(sizes) || len(a.all()) != len(sizes) {
		t.Errorf("%d answers, asked for %v", len(found.latencies), a.all())
	}
}

// TestLoadRefuses guarantees that answers which are not what is to be measured end the load with what they said.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"a refusal": {func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "the limit is reached", http.StatusTooManyRequests)
		}, "429 instead of 200: the limit is reached"},
		"an end": {func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, "unexpected EOF"},
		"half a body": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100000")
			w.Write(make([]byte, 50000))
		}, "broke off"},
		"an answer of unknown length": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
		}, "chunks"},
	} {
		s, _ := serve(t, c.answer)
		l := &load{address: s.address, connections: 4, status: 200, request: get(s, "/x", "", someTokens(1))}
		if _, err := l.run(t.Context(), time.Minute, 100); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (&load{address: "127.0.0.1:1", connections: 1}).run(t.Context(), time.Second, 1); err == nil {
		t.Error("nobody listens, and the load does not say so")
	}
}

// TestUseEach guarantees that what was refused is asked for again until all was answered, and that the refusals of the
// first time are told.
func TestUseEach(t *testing.T) {
	t.Parallel()
	var busy atomic.Int64
	s, a := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if busy.Add(1) <= 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	l := &load{address: s.address, connections: 8, status: 200, request: get(s, "/x", "", someTokens(50))}
	first, err := useEach(t.Context(), l, 50)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.latencies) != 50 || first.refused != 3 {
		t.Errorf("%d answers, %d refused", len(first.latencies), first.refused)
	}
	for i := range 50 {
		if n := a.all()[fmt.Sprintf("/x token-%04d", i)]; n != 2 {
			t.Errorf("token %d was used %d times", i, n)
		}
	}
	busy.Store(math.MinInt64) // refused for good
	if _, err := useEach(t.Context(), l, 50); err == nil {
		t.Error("what is always refused was used")
	}
}

// TestPaceCountsFromWhenDue guarantees that one slow answer counts for all who would have waited behind it.
func TestPaceCountsFromWhenDue(t *testing.T) {
	t.Parallel()
	var once sync.Once
	s, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		once.Do(func() { time.Sleep(300 * time.Millisecond) })
	})
	p, err := paceFor(t.Context(), s.address, get(s, "/x", "", someTokens(1)), 10*time.Millisecond, 500*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	slow := 0
	for _, waited := range p.waited {
		if waited > 100*time.Millisecond {
			slow++
		}
	}
	if slow < 15 { // due within the first 200 ms: twenty
		t.Errorf("of %d requests only %d waited", len(p.waited), slow)
	}
	if longest := percentile(p.took, 100); longest < 300*time.Millisecond || len(p.took) != len(p.waited) {
		t.Errorf("of %d answers the longest took %s", len(p.took), longest)
	}
}

// TestPaceCountsFailures guarantees that refusals and the API's errors are told apart from answers.
func TestPaceCountsFailures(t *testing.T) {
	t.Parallel()
	answers := []string{`{"data":{}}`, `{"errors":[{"message":"no"}]}`, "busy"}
	s, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		i, err := strconv.Atoi(r.URL.Path[1:])
		if err != nil {
			t.Error(err)
		}
		if i%3 == 2 {
			w.WriteHeader(503)
		}
		io.WriteString(w, answers[i%3])
	})
	stop := make(chan struct{})
	request := getEach(s, func(i int) string {
		if i == 29 {
			close(stop) // this one is the last
		}
		return "/" + strconv.Itoa(i)
	}, "", someTokens(1))
	p, err := pace(t.Context(), s.address, request, time.Millisecond, stop)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.took) != 30 || p.failed != 20 || p.example != "503 busy" {
		t.Errorf("%d answers, %d failed, such as %s", len(p.took), p.failed, p.example)
	}
}
