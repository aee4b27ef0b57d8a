package connections_test

import (
	"io"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"broker/server/connections"
	"broker/server/servicetest"
)

// serveSecured is serve with TLS; client makes clients that trust it.
func serveSecured(t *testing.T, limits connections.Limits, handler http.HandlerFunc) (url string, client func() *http.Client) {
	t.Helper()
	authority, dir := servicetest.NewAuthority(t), t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	authority.Sign(cert, key, "127.0.0.1")
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	limited := connections.Limit(inner, limits)
	refuse := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	server := &http.Server{Handler: limited.Gate(handler, refuse, "/health"), ConnContext: connections.Context, ReadHeaderTimeout: 5 * time.Second}
	go server.ServeTLS(limited, cert, key)
	t.Cleanup(func() { server.Close() })
	return "https://" + inner.Addr().String(), func() *http.Client {
		client := servicetest.Trusting(authority.Roots())
		t.Cleanup(client.CloseIdleConnections)
		return client
	}
}

// Secured connections are bounded as others are.
func TestSecuredConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	url, client := serveSecured(t, connections.Limits{All: 8, PerAddress: 2}, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) })
	status := func(c *http.Client, path string) int {
		t.Helper()
		r, err := c.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		io.Copy(io.Discard, r.Body)
		return r.StatusCode
	}
	first, second := client(), client()
	for n, want := range []int{200, 200, 503, 503} {
		c := []*http.Client{first, second, client(), client()}[n]
		if got := status(c, "/"); got != want {
			t.Errorf("connection %d: %d, want %d", n+1, got, want)
		}
		if got := status(c, "/health"); got != 200 {
			t.Errorf("connection %d: /health: %d", n+1, got)
		}
	}
	if got := status(first, "/"); got != 200 {
		t.Errorf("within the limit, again: %d", got)
	}
}

// An answer that a client of HTTP/2 takes nothing of is given up, though the client takes all else on its connection; one
// that is taken slowly is not.
func TestAStreamThatIsNotReadIsGivenUp(t *testing.T) {
	t.Parallel()
	const size = 32 << 20
	gaveUp := make(chan error, 1)
	url, client := serveSecured(t, connections.Limits{All: 8, PerAddress: 8, Stalled: 2 * time.Second}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/large" {
			io.WriteString(w, r.Proto)
			return
		}
		_, err := w.Write(make([]byte, size))
		gaveUp <- err
	})
	c := client()
	unread, err := c.Get(url + "/large")
	if err != nil || unread.Proto != "HTTP/2.0" {
		t.Fatal(unread, err)
	}
	defer unread.Body.Close()
	deadline := time.After(time.Minute)
	for done := false; !done; {
		select {
		case err := <-gaveUp:
			if err == nil {
				t.Fatal("32 MiB fitted into what nobody read")
			}
			done = true
		case <-deadline:
			t.Fatal("it is not given up")
		case <-time.After(100 * time.Millisecond):
			r, err := c.Get(url + "/small")
			if err != nil {
				t.Fatal(err)
			}
			r.Body.Close()
		}
	}
	slow, err := c.Get(url + "/large")
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Body.Close()
	read := int64(0)
	for range 4 { // longer in all than a piece may take
		n, err := io.CopyN(io.Discard, slow.Body, 4<<20)
		if read += n; err != nil {
			t.Fatalf("after %d bytes: %v", read, err)
		}
		time.Sleep(700 * time.Millisecond)
	}
	rest, err := io.Copy(io.Discard, slow.Body)
	if read+rest != size || err != nil {
		t.Errorf("%d of %d bytes: %v", read+rest, size, err)
	}
}
