package safehttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// clock is a time that passes when a test says so.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// drip gives a few bytes at a time, each after a while of the clock.
type drip struct {
	clock *clock
	bytes int
	every time.Duration
}

func (d *drip) Read(p []byte) (int, error) {
	d.clock.at = d.clock.at.Add(d.every)
	return min(d.bytes, len(p)), nil
}

// What comes slower than the least speed ends after a window; what comes faster goes on, however slow its reader is.
func TestSlowAnswersEnd(t *testing.T) {
	t.Parallel()
	pace := Pace{Window: 20 * time.Second, Least: 2048}
	for name, test := range map[string]struct {
		bytes       int
		every, work time.Duration
		ends        bool
	}{
		"a byte every three seconds":    {1, 3 * time.Second, 0, true},
		"a little less than the least":  {2047, time.Second, 0, true},
		"the least":                     {2048, time.Second, 0, false},
		"fast, read by a busy server":   {4096, time.Millisecond, time.Minute, false},
		"one long silence within speed": {1 << 20, 19 * time.Second, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clock{at: time.Unix(0, 0)}
			r := &pacedReader{r: &drip{c, test.bytes, test.every}, pace: pace, now: c.now}
			buffer, begun := make([]byte, 1<<20), c.at
			for range 1000 {
				_, err := r.Read(buffer)
				if err != nil {
					if !errors.Is(err, ErrSlow) || !test.ends {
						t.Errorf("after %s: %v", c.at.Sub(begun), err)
					}
					if waited := c.at.Sub(begun); waited > pace.Window+test.every {
						t.Errorf("it was waited for %s", waited)
					}
					return
				}
				c.at = c.at.Add(test.work)
			}
			if test.ends {
				t.Error("it never ended")
			}
		})
	}
}

// quick is a pace for tests.
func quick() Pace {
	p := DefaultPace
	p.Wait, p.LongestWait = time.Millisecond, time.Millisecond
	return p
}

// An answer that begins, or goes on, for longer than all of it may take ends then, and the error says so; it is not
// asked for again.
func TestAnswersEndInTime(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		for r.URL.Path == "/drips" && r.Context().Err() == nil {
			w.Write([]byte("x"))
			w.(http.Flusher).Flush()
			time.Sleep(time.Millisecond)
		}
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	for _, bulk := range []bool{false, true} {
		pace := quick()
		pace.Document, pace.Archive = time.Hour, time.Hour
		if bulk {
			pace.Archive = 100 * time.Millisecond
		} else {
			pace.Document = 100 * time.Millisecond
		}
		client := NewPaced(policy(t, "127.0.0.0/8"), "test", pace)
		for _, path := range []string{"/silent", "/drips"} {
			response, err := client.Get(t.Context(), server.URL+path, Options{Inside: true, MaxBytes: 1 << 30, Bulk: bulk})
			if err == nil {
				_, err = io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
			if !errors.Is(err, ErrSlow) || !strings.Contains(err.Error(), "longer than 100ms") {
				t.Errorf("%s, bulk %v: %v", path, bulk, err)
			}
		}
	}
	if len(asked) != 4 {
		t.Errorf("asked %d times, want once each", len(asked))
	}
}

// One asker's slow answers, and its slow archives, hold up no other asker and none of its documents.
func TestSlowAskersHoldUpNobody(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}
	}))
	t.Cleanup(server.Close)
	client := NewPaced(policy(t, "127.0.0.0/8"), "test", quick())
	take := func(n int, o Options) {
		for range n {
			response, err := client.Get(t.Context(), server.URL+"/slow", o)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { response.Body.Close() })
		}
	}
	take(perHost, Options{Inside: true, MaxBytes: 1, Asker: "slow"})
	take(bulkPerHost-1, Options{Inside: true, MaxBytes: 1, Asker: "slow", Bulk: true}) // of thirty slow archives none holds the next
	for _, o := range []Options{
		{Inside: true, MaxBytes: 1, Asker: "other"},
		{Inside: true, MaxBytes: 1, Asker: "other", Bulk: true},
		{Inside: true, MaxBytes: 1, Asker: "slow", Bulk: true},
	} {
		response, err := client.Get(t.Context(), server.URL+"/fast", o)
		if err != nil {
			t.Errorf("%+v: %v", o, err)
			continue
		}
		response.Body.Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := client.Get(ctx, server.URL+"/fast", Options{Inside: true, MaxBytes: 1, Asker: "slow"}); err == nil {
		t.Error("an asker had more places at a host than there are")
	}
}

// A source at a public address reaches public addresses alone, also those of a network that is allowed for another
// source: neither an address, nor a name, nor a redirect leads it inside. One at a private address may lead to others.
// Here 127.0.0.2 plays the world.
func TestOnlyPrivateSourcesLeadInside(t *testing.T) {
	t.Parallel()
	client := NewPaced(policy(t, "127.0.0.0/8,localhost"), "test", quick())
	client.public = func(a netip.Addr) bool { return a == netip.MustParseAddr("127.0.0.2") }
	private := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		io.WriteString(w, "secret")
	}))
	t.Cleanup(private.Close)
	_, port, _ := strings.Cut(strings.TrimPrefix(private.URL, "http://"), ":")
	// The same server under its public address, which httptest does not listen on by itself.
	world := listenAt(t, "127.0.0.2:0", private.Config.Handler)
	for _, test := range []struct {
		address string
		inside  bool
		allowed bool
	}{
		{world, false, true},
		{private.URL, false, false},
		{"http://localhost:" + port, false, false},
		{world + "/?to=" + private.URL, false, false},
		{world + "/?to=http://localhost:" + port, false, false},
		{world + "/?to=" + world, false, true},
		{private.URL, true, true},
		{"http://localhost:" + port, true, true},
		{private.URL + "/?to=" + private.URL, true, true},
		{private.URL + "/?to=" + world, true, true},
		{world + "/?to=" + private.URL, true, false}, // it says it is inside, and is answered from outside
		{private.URL + "/?to=" + world + "/%3Fto=" + private.URL, true, false},
	} {
		for range 2 { // the second time there is a connection to use again
			response, err := client.Get(t.Context(), test.address, Options{Inside: test.inside, MaxBytes: 100})
			if err != nil {
				if test.allowed || !errors.Is(err, ErrBlocked) {
					t.Errorf("%s, inside %v: %v", test.address, test.inside, err)
				}
				continue
			}
			response.Body.Close()
			if !test.allowed {
				t.Errorf("%s, inside %v: reached", test.address, test.inside)
			}
		}
	}
	for address, inside := range map[string]bool{private.URL: true, world: false} {
		response, err := client.Get(t.Context(), address, Options{Inside: true, MaxBytes: 100})
		if err != nil {
			t.Fatal(err)
		}
		if response.Body.Close(); response.Inside != inside {
			t.Errorf("%s: inside is %v", address, response.Inside)
		}
	}
}

func listenAt(t *testing.T, address string, handler http.Handler) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Listener.Close()
	var err error
	if server.Listener, err = listen(t, address); err != nil {
		t.Fatal(err)
	}
	server.Start()
	t.Cleanup(server.Close)
	return fmt.Sprintf("http://%s", server.Listener.Addr())
}

func listen(t *testing.T, address string) (net.Listener, error) {
	return new(net.ListenConfig).Listen(t.Context(), "tcp", address)
}
