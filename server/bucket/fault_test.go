//go:build storage

package bucket_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"broker/server/archive"
	"broker/server/servicetest"
)

// A store in S3 gives the guarantees of the suite.
func TestS3(t *testing.T) {
	t.Parallel()
	suite(t, servicetest.S3(t).URL)
}

// faulty stands before a server of S3 and has every call of a method fail in some way.
type faulty struct {
	*httptest.Server
	method atomic.Pointer[string]
	fault  atomic.Pointer[http.HandlerFunc]
	failed atomic.Int64
}

func newFaulty(t *testing.T, server *servicetest.ObjectStore) *faulty {
	t.Helper()
	f := &faulty{}
	to := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: server.Address})
	to.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault, method := f.fault.Load(), f.method.Load()
		if fault == nil || *method != "" && *method != r.Method {
			to.ServeHTTP(w, r)
			return
		}
		f.failed.Add(1)
		io.Copy(io.Discard, r.Body)
		(*fault)(w, r)
	}))
	t.Cleanup(f.Close)
	t.Cleanup(f.CloseClientConnections)
	return f
}

func (f *faulty) fail(method string, fault http.HandlerFunc) {
	f.method.Store(&method)
	f.fault.Store(&fault)
}

func (f *faulty) heal() { f.fault.Store(nil) }

func answer(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>a fault of a test</Message></Error>`, code)
	}
}

func hijacked(w http.ResponseWriter) net.Conn {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	return conn
}

// faults are what a server of objects does wrong.
var faults = map[string]http.HandlerFunc{
	"500": answer(http.StatusInternalServerError, "InternalError"),
	"503": answer(http.StatusServiceUnavailable, "SlowDown"),
	"403": answer(http.StatusForbidden, "AccessDenied"),
	"RST": func(w http.ResponseWriter, _ *http.Request) {
		conn := hijacked(w)
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	},
	"a truncated body": func(w http.ResponseWriter, _ *http.Request) {
		conn := hijacked(w)
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nETag: \"5d41402abc4b2a76b9719d911017c592\"\r\nLast-Modified: Sat, 28 Nov 2026 10:00:00 GMT\r\n\r\nhel")
		conn.Close()
	},
	"a page of a proxy": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>Sign in</html>") },
}

// Whatever the server does wrong at whichever call: what is read is the archive or an error, which is never that it does
// not exist; what is stored afterwards is whole; nothing is moved aside; and all works again by itself.
func TestFaultsOfS3(t *testing.T) {
	t.Parallel()
	server := servicetest.S3(t)
	for name, fault := range faults {
		for _, method := range []string{http.MethodHead, http.MethodGet, http.MethodPut, http.MethodDelete, ""} {
			t.Run(name+" of "+method, func(t *testing.T) {
				t.Parallel()
				f := newFaulty(t, server)
				url := servicetest.S3URL(f.Listener.Addr().String()) + "&prefix=" + strings.ReplaceAll(name+"-"+method, " ", "-")
				objects := open(t, url)
				store, redirecting := inBucket(t, objects, false), inBucket(t, objects, true)
				before := put(t, store, "hello")
				f.fail(method, fault)
				kept := map[string]archive.Info{}
				for _, content := range []string{"hello", "other"} {
					info, err := store.Put(t.Context(), strings.NewReader(content), archive.Expect{Size: -1})
					if _, ok := errors.AsType[*archive.Unreachable](err); err != nil && !ok {
						t.Errorf("Put: %v", err)
					}
					if err == nil {
						kept[content] = info
					}
				}
				if got, err := read(t, store, before); err == nil && got != "hello" || errors.Is(err, fs.ErrNotExist) {
					t.Errorf("Open: %q %v", got, err)
				}
				if _, err := redirecting.Open(t.Context(), before, http.MethodGet); errors.Is(err, fs.ErrNotExist) {
					t.Errorf("Open with an address: %v", err)
				}
				if err := store.Verify(t.Context(), before, 0); errors.Is(err, fs.ErrNotExist) {
					t.Errorf("Verify: %v", err)
				}
				if f.failed.Load() == 0 && method != http.MethodDelete {
					t.Error("the fault was never met")
				}
				f.heal()
				for content, info := range kept {
					if got, err := read(t, store, info); err != nil || got != content {
						t.Errorf("what was kept meanwhile: %q %v", got, err)
					}
				}
				for _, content := range []string{"hello", "other"} {
					info := put(t, store, content)
					if got, err := read(t, store, info); err != nil || got != content {
						t.Errorf("afterwards: %q %v", got, err)
					}
				}
				if all, quarantine := keys(t, objects); len(all) != 2 || quarantine != 0 {
					t.Errorf("the bucket has %v, and %d in quarantine", all, quarantine)
				}
			})
		}
	}
}

// A large archive is stored in pieces; where one of them fails nothing is.
func TestNoPieceIsStoredAlone(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, servicetest.S3(t))
	objects := open(t, servicetest.S3URL(f.Listener.Addr().String()))
	store := inBucket(t, objects, false)
	f.fail(http.MethodPut, answer(http.StatusForbidden, "AccessDenied"))
	if _, err := store.Put(t.Context(), strings.NewReader(large), archive.Expect{Size: -1}); err == nil {
		t.Error("it was kept")
	}
	f.fail(http.MethodPost, answer(http.StatusForbidden, "AccessDenied"))
	if _, err := store.Put(t.Context(), strings.NewReader(large), archive.Expect{Size: -1}); err == nil {
		t.Error("it was kept")
	}
	f.heal()
	if all, _ := keys(t, objects); len(all) != 0 {
		t.Errorf("the bucket has %v", all)
	}
	if got, err := read(t, store, put(t, store, large)); err != nil || got != large {
		t.Errorf("afterwards: %d bytes, %v", len(got), err)
	}
}

// A server that accepts and does not answer holds nobody for longer than a call's bound; once that is noticed, nobody
// waits at all, until it answers again.
func TestSilentStorageIsNoticed(t *testing.T) {
	t.Parallel()
	server := servicetest.S3(t)
	proxy := servicetest.NewProxy(t, "tcp", server.Address, 0)
	store := inBucket(t, open(t, servicetest.S3URL(proxy.Address)), true)
	info := put(t, store, "hello")
	var log bytes.Buffer
	proxy.Silence(true)
	begun := time.Now()
	if _, err := store.Open(t.Context(), info, http.MethodGet); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("silent: %v", err)
	}
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("it held for %s", took)
	}
	go store.Watch(t.Context(), slog.New(slog.NewTextHandler(&log, nil)))
	await(t, "the silence to be noticed", func() bool { return store.Ready() != nil })
	begun = time.Now()
	if _, err := store.Open(t.Context(), info, http.MethodGet); err == nil || time.Since(begun) > time.Second {
		t.Errorf("known to be silent: %v after %s", err, time.Since(begun))
	}
	proxy.Silence(false)
	await(t, "it to be used again", func() bool { return store.Ready() == nil })
	if _, err := store.Open(t.Context(), info, http.MethodGet); err != nil {
		t.Error(err)
	}
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited a minute for %s", what)
		}
	}
}
