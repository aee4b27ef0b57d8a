package safehttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// turning is a host whose answers a test decides, asked by a client whose time passes when the test says so.
type turning struct {
	*httptest.Server
	*Client
	t      *testing.T
	answer atomic.Pointer[http.HandlerFunc]
	asked  atomic.Int64
	clock  lockedClock
}

// lockedClock is a clock for several goroutines.
type lockedClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *lockedClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *lockedClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newTurning(t *testing.T) *turning {
	w := &turning{t: t, clock: lockedClock{at: time.Unix(1e9, 0)}}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.asked.Add(1)
		(*w.answer.Load())(rw, r)
	}))
	t.Cleanup(w.Server.Close)
	pace := quick()
	pace.Tries = 1
	w.Client = NewTimed(policy(t, "127.0.0.0/8"), "test", pace, w.clock.now)
	w.status(200)
	return w
}

func (w *turning) says(answer http.HandlerFunc) { w.answer.Store(&answer) }

func (w *turning) status(code int, header ...string) {
	w.says(func(rw http.ResponseWriter, _ *http.Request) {
		if len(header) > 0 {
			rw.Header().Set(header[0], header[1])
		}
		rw.WriteHeader(code)
	})
}

// get asks and reads the answer; sent tells whether the host saw the request.
func (w *turning) get(o Options) (sent bool, err error) {
	before := w.asked.Load()
	o.Inside, o.MaxBytes = true, 1<<20
	response, err := w.Get(w.t.Context(), w.URL, o)
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
	return w.asked.Load() > before, err
}

// times asks so often, and fails where the requests are not all sent.
func (w *turning) times(n int) {
	w.t.Helper()
	for i := range n {
		if sent, err := w.get(Options{}); !sent {
			w.t.Fatalf("request %d of %d is not sent: %v", i+1, n, err)
		}
	}
}

// kept fails unless a request fails at once, is not sent, and says since when the host is out of reach.
func (w *turning) kept(since time.Time) {
	w.t.Helper()
	sent, err := w.get(Options{})
	out, ok := errors.AsType[*OutOfReach](err)
	if sent || !ok || !out.Since.Equal(since) || !strings.Contains(err.Error(), "out of reach since") {
		w.t.Errorf("sent %v: %v; want out of reach since %s", sent, err, since)
	}
	var status *StatusError
	if errors.As(err, &status) {
		w.t.Error("a request that was not sent has a status")
	}
}

// A host that fails ten times in a row is not asked for ten seconds; then one request is let through at a time, and each
// that fails doubles the wait, up to a minute. The first answer ends it.
func TestAHostOutOfReachIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newTurning(t)
	since := w.clock.now()
	w.status(503)
	w.times(breakAfter)
	w.kept(since)
	for _, wait := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, time.Minute} {
		w.clock.pass(wait - time.Millisecond)
		w.kept(since)
		w.clock.pass(time.Millisecond)
		w.times(1)
		w.kept(since)
	}
	if open := w.OutOfReach(); len(open) != 1 || !open[originOf(w.URL)].Since.Equal(since) || !open[originOf(w.URL)].Last.Equal(w.clock.now()) {
		t.Errorf("told as %v", open)
	}
	w.clock.pass(time.Minute)
	w.status(200)
	w.times(30)
	if open := w.OutOfReach(); open != nil {
		t.Errorf("after an answer: %v", open)
	}
	w.status(503)
	w.times(breakAfter)
	w.kept(w.clock.now())
}

func originOf(address string) string { return "http://" + strings.TrimPrefix(address, "http://") }

// While a host is out of reach exactly one of many requests at once is let through when its time has come.
func TestOneRequestProbes(t *testing.T) {
	t.Parallel()
	w := newTurning(t)
	w.status(502)
	w.times(breakAfter)
	w.clock.pass(breakFor)
	held, seen := make(chan struct{}), make(chan struct{}, 100)
	w.says(func(rw http.ResponseWriter, _ *http.Request) {
		seen <- struct{}{}
		<-held
	})
	before := w.asked.Load()
	var group, kept sync.WaitGroup
	kept.Add(29)
	for range 30 {
		group.Go(func() {
			if _, err := w.get(Options{}); err != nil {
				if _, ok := errors.AsType[*OutOfReach](err); !ok {
					t.Error(err)
				}
				kept.Done()
			}
		})
	}
	<-seen
	kept.Wait() // all others fail while the one is under way
	close(held)
	group.Wait()
	if n := w.asked.Load() - before; n != 1 {
		t.Errorf("%d requests were let through", n)
	}
	w.status(200)
	w.times(1)
}

// What a sync begins with is sent whatever is thought of the host, and an answer to it is believed at once.
func TestAProbeIsAlwaysSent(t *testing.T) {
	t.Parallel()
	w := newTurning(t)
	w.status(500)
	w.times(breakAfter)
	for range 3 {
		if sent, err := w.get(Options{Probe: true}); !sent || err == nil {
			t.Errorf("sent %v, %v", sent, err)
		}
	}
	w.status(200)
	if sent, err := w.get(Options{Probe: true}); !sent || err != nil {
		t.Errorf("sent %v, %v", sent, err)
	}
	w.times(1)
}

// Only what keeps a host from answering counts, and only in a row. A "not found", a refusal, a redirect, an answer that is
// cut, or a caller who went away is no outage however often it comes.
func TestWhatIsAnOutage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		outage bool
	}{
		"500":                    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, true},
		"429":                    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, true},
		"a connection that dies": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true},
		"200":                    {func(http.ResponseWriter, *http.Request) {}, false},
		"404":                    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, false},
		"410":                    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) }, false},
		"401":                    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, false},
		"403":                    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, false},
		"a circle":               {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) }, false},
		"a forbidden redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://10.0.0.1/", http.StatusFound)
		}, false},
		"cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.Write([]byte("half"))
		}, false},
		"too large": {func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 2<<20)) }, false},
		"no gzip": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, "none")
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTurning(t)
			w.Config.ErrorLog = nil
			w.says(test.answer)
			for range 3 * breakAfter {
				w.get(Options{})
			}
			_, err := w.get(Options{})
			if _, out := errors.AsType[*OutOfReach](err); out != test.outage {
				t.Errorf("after %d in a row: %v", 3*breakAfter, err)
			}
			w.says(test.answer)
			fresh := newTurning(t)
			for range 3 * breakAfter {
				fresh.says(test.answer)
				for range breakAfter - 1 {
					fresh.get(Options{})
				}
				fresh.status(404)
				if sent, _ := fresh.get(Options{}); !sent {
					t.Fatal("failures that are not in a row count")
				}
			}
		})
	}
}

// Callers who go away say nothing of the host.
func TestGoingAwayIsNoOutage(t *testing.T) {
	t.Parallel()
	w := newTurning(t)
	w.says(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	for range 2 * breakAfter {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Millisecond, cancel)
		if _, err := w.Get(ctx, w.URL, Options{Inside: true, MaxBytes: 1}); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	w.status(200)
	w.times(1)
}

// A host that is silent for as long as its callers wait, or that begins to answer and then hardly goes on, is out of reach.
func TestSilenceIsAnOutage(t *testing.T) {
	t.Parallel()
	silent := newTurning(t)
	silent.says(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	for range breakAfter {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		_, err := silent.Get(ctx, silent.URL, Options{Inside: true, MaxBytes: 1})
		cancel()
		if err == nil {
			t.Fatal("a silent host answers")
		}
	}
	silent.kept(silent.clock.now())

	dripping := newTurning(t)
	dripping.says(func(rw http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			rw.Write([]byte("x"))
			rw.(http.Flusher).Flush()
			dripping.clock.pass(10 * time.Second)
			time.Sleep(time.Millisecond)
		}
	})
	since := dripping.clock.now()
	for range breakAfter {
		if _, err := dripping.get(Options{}); !errors.Is(err, ErrSlow) {
			t.Fatal(err)
		}
	}
	if open := dripping.OutOfReach(); len(open) != 1 || !open[originOf(dripping.URL)].Since.Equal(since) {
		t.Errorf("told as %v", open)
	}
}

// A host that says when to come again is left alone for as long, within reason.
func TestAHostSaysWhenToComeAgain(t *testing.T) {
	t.Parallel()
	for says, want := range map[string]time.Duration{"90": 90 * time.Second, "1": breakFor, "86400": askedToWait, "soon": breakFor} {
		w := newTurning(t)
		since := w.clock.now()
		w.status(429, "Retry-After", says)
		w.times(breakAfter)
		w.clock.pass(want - time.Millisecond)
		w.kept(since)
		w.clock.pass(time.Millisecond)
		w.status(200)
		w.times(2)
	}
}

// One host's outage is no other's, and a redirect to a host that is out of reach is its outage alone.
func TestHostsAreApart(t *testing.T) {
	t.Parallel()
	down, up := newTurning(t), newTurning(t)
	down.status(503)
	down.times(breakAfter)
	up.Client = down.Client
	up.times(20)
	up.says(func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, down.URL, http.StatusFound) })
	for range 20 {
		sent, err := up.get(Options{})
		out, ok := errors.AsType[*OutOfReach](err)
		if !sent || !ok || "http://"+out.Host != down.URL {
			t.Fatalf("sent %v: %v", sent, err)
		}
	}
}

// However many hosts are asked, so many are remembered; the one that is forgotten is not one that fails just now.
func TestRememberedHostsAreBounded(t *testing.T) {
	t.Parallel()
	b, now := newBreaker(), time.Unix(1e9, 0)
	for n := range 3 * hostsMax {
		b.failed(fmt.Sprint("old", n), now, now, 0, ErrSlow)
		now = now.Add(time.Second)
		if n%100 == 0 {
			for range breakAfter {
				b.failed("down", now, now, 0, ErrSlow)
			}
		}
	}
	if len(b.hosts) > hostsMax {
		t.Errorf("%d hosts are remembered", len(b.hosts))
	}
	if down := b.hosts["down"]; down == nil || down.row < breakAfter {
		t.Error("a host that fails just now is forgotten")
	}
}
