package connections_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"broker/server/connections"
	"broker/server/forwarded"
)

// serve serves a limited listener until the test ends.
func serve(t *testing.T, limits connections.Limits, handler http.HandlerFunc) (address string) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	limited := connections.Limit(inner, limits)
	refuse := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	server := &http.Server{Handler: limited.Gate(handler, refuse, "/health"), ConnContext: connections.Context, ReadHeaderTimeout: 5 * time.Second}
	go server.Serve(limited)
	t.Cleanup(func() { server.Close() })
	return inner.Addr().String()
}

func hold(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func ask(t *testing.T, c net.Conn, path string) *http.Response {
	t.Helper()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	io.Copy(io.Discard, r.Body)
	r.Body.Close()
	return r
}

// Beyond the bound of an address, or of all, whoever connects is told so and sent away, and who looks whether the server
// lives is answered; a place that is given back is free. A trusted proxy is bounded in all alone.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	loopback := forwarded.Proxies{netip.MustParsePrefix("127.0.0.0/8")}
	for name, limits := range map[string]connections.Limits{
		"of an address":            {All: 1000, PerAddress: 5},
		"in all":                   {All: 5, PerAddress: 1000},
		"in all, behind a proxy":   {All: 5, PerAddress: 1, Trusted: loopback},
		"of an address, all equal": {All: 5, PerAddress: 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := serve(t, limits, func(http.ResponseWriter, *http.Request) {})
			var held []net.Conn
			for range 5 {
				c := hold(t, address)
				if r := ask(t, c, "/"); r.StatusCode != 200 {
					t.Fatalf("within the bound: %d", r.StatusCode)
				} else if !r.Close {
					held = append(held, c)
				}
			}
			for len(held) < 5 { // where it is crowded none is kept: hold some that have not asked
				held = append(held, hold(t, address))
			}
			for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
				r := ask(t, hold(t, address), "/")
				if r.StatusCode == 503 && r.Close {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("beyond the bound: %d, closes: %v", r.StatusCode, r.Close)
				}
				held = append(held, hold(t, address)) // one of those that have asked was given back late
			}
			if r := ask(t, hold(t, address), "/health"); r.StatusCode != 200 || !r.Close {
				t.Errorf("beyond the bound, /health: %d, closes: %v", r.StatusCode, r.Close)
			}
			for _, c := range held {
				c.Close()
			}
			for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
				if r := ask(t, hold(t, address), "/"); r.StatusCode == 200 {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("places are not given back")
				}
			}
		})
	}
}

// However many connect at once, none beyond the reserve is kept.
func TestFloodIsCutOff(t *testing.T) {
	t.Parallel()
	address := serve(t, connections.Limits{All: 1000, PerAddress: 10}, func(http.ResponseWriter, *http.Request) {})
	var held []net.Conn
	for range 300 {
		held = append(held, hold(t, address))
	}
	open := 0
	for _, c := range held {
		c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); err != nil && strings.Contains(err.Error(), "timeout") {
			open++
		}
	}
	if open > 10+connections.Reserve {
		t.Errorf("%d of 300 connections stay open", open)
	}
}

// Who looks whether the server lives is answered at once while others hold every place there is, the ones beyond the
// limits as well: from another address and from the same.
func TestHealthIsAnsweredWhateverOthersHold(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]connections.Limits{
		"of an address": {All: 1000, PerAddress: 10}, "in all": {All: 10, PerAddress: 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := serve(t, limits, func(http.ResponseWriter, *http.Request) {})
			for round := range 3 {
				for range 100 {
					fmt.Fprint(hold(t, address), "GET / HTTP/1.1\r\nX: ") // and no more of it
				}
				if r := ask(t, hold(t, address), "/health"); r.StatusCode != 200 {
					t.Errorf("after %d: %d", 100*(round+1), r.StatusCode)
				}
			}
		})
	}
}

// A trusted proxy of IPv6 is known by its address, not by the network that it is counted in.
func TestTrustedProxyOfIPv6(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		inner, err = net.Listen("tcp", "127.0.0.1:0") // a machine without IPv6
	}
	if err != nil {
		t.Fatal(err)
	}
	trusted := forwarded.Proxies{netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("127.0.0.1/32")}
	limited := connections.Limit(inner, connections.Limits{All: 100, PerAddress: 1, Trusted: trusted})
	server := &http.Server{ConnContext: connections.Context, Handler: limited.Gate(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), http.NotFoundHandler())}
	go server.Serve(limited)
	t.Cleanup(func() { server.Close() })
	for range 5 {
		if r := ask(t, hold(t, inner.Addr().String()), "/"); r.StatusCode != 200 {
			t.Errorf("%d", r.StatusCode)
		}
	}
}

// What is written arrives whole, from memory and from a file, with a bound and without.
func TestAnswersArriveWhole(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("0123456789abcdef"), 200_000) // 3.2 MB
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	address := serve(t, connections.Limits{All: 100, PerAddress: 100}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		f, err := os.Open(file)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		switch r.URL.Path {
		case "/memory":
			w.Write(content)
		case "/file":
			io.Copy(w, f)
		case "/bounded":
			io.CopyN(w, f, int64(len(content)))
		}
	})
	var all sync.WaitGroup
	for _, path := range []string{"/memory", "/file", "/bounded"} {
		all.Go(func() {
			r, err := http.Get("http://" + address + path)
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Body.Close()
			if got, err := io.ReadAll(r.Body); !bytes.Equal(got, content) || err != nil {
				t.Errorf("%s: %d bytes, %v", path, len(got), err)
			}
		})
	}
	all.Wait()
}

// Who asks and asks and takes nothing of the answers is cut off, whatever they are made of; who takes them slowly is not.
func TestWhoDoesNotReadIsCutOff(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("x"), 8<<20)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	var under sync.WaitGroup
	address := serve(t, connections.Limits{All: 100, PerAddress: 100, Stalled: 500 * time.Millisecond}, func(w http.ResponseWriter, r *http.Request) {
		under.Add(1)
		defer under.Done()
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		if r.URL.Path == "/memory" {
			w.Write(content)
			return
		}
		f, err := os.Open(file)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		io.CopyN(w, f, int64(len(content)))
	})
	for _, path := range []string{"/memory", "/file"} {
		for range 10 {
			c := hold(t, address)
			for range 40 {
				fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
			}
		}
	}
	for _, path := range []string{"/memory", "/file"} {
		slow, err := http.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		defer slow.Body.Close()
		read, chunk := 0, make([]byte, 256<<10)
		for {
			n, err := io.ReadFull(slow.Body, chunk)
			read += n
			if err != nil {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		if read != len(content) {
			t.Errorf("%s: a slow reader has %d of %d bytes", path, read, len(content))
		}
	}
	ended := make(chan struct{})
	go func() { under.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("answers that nobody reads go on")
	}
}
