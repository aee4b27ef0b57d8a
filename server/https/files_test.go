package https

import (
	"crypto/tls"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"broker/server/servicetest"
)

// world is a server whose certificate is in files, and its log.
type world struct {
	testing.TB
	authority *servicetest.Authority
	cert, key string
	address   string
	log       *transcript
}

type transcript struct {
	mu sync.Mutex
	b  strings.Builder
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(p)
}

func (t *transcript) count(part string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Count(t.b.String(), part)
}

func newWorld(t *testing.T) (*world, *big.Int) {
	t.Helper()
	dir := t.TempDir()
	w := &world{TB: t, authority: servicetest.NewAuthority(t), cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), log: &transcript{}}
	first := w.authority.Sign(w.cert, w.key, "127.0.0.1")
	files, err := Load(w.cert, w.key, "127.0.0.1", slog.New(slog.NewTextHandler(w.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	files.every = 10 * time.Millisecond
	go files.Run(t.Context())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{TLSConfig: files.Config(), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) })}
	go server.ServeTLS(listener, "", "")
	t.Cleanup(func() { server.Close() })
	w.address = listener.Addr().String()
	return w, first
}

func (w *world) await(what string, done func() bool) {
	w.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("waited in vain for %s", what)
		}
	}
}

// served is the serial number of the certificate that a new connection gets.
func (w *world) served() *big.Int {
	w.Helper()
	c, err := tls.Dial("tcp", w.address, &tls.Config{RootCAs: w.authority.Roots()})
	if err != nil {
		w.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].SerialNumber
}

// New connections get a changed certificate, and those that there are go on; a pair that is no good is told of once, and
// the one before is served on until there is a good one.
func TestChangedFilesAreServed(t *testing.T) {
	t.Parallel()
	w, first := newWorld(t)
	client := servicetest.Trusting(w.authority.Roots())
	ask := func() (string, *big.Int) {
		response, err := client.Get("https://" + w.address)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return string(body), response.TLS.PeerCertificates[0].SerialNumber
	}
	if proto, serial := ask(); proto != "HTTP/2.0" || serial.Cmp(first) != 0 || w.served().Cmp(first) != 0 {
		t.Fatalf("at first: %s, %s", proto, serial)
	}
	second := w.authority.Sign(w.cert, w.key, "127.0.0.1")
	w.await("the second certificate", func() bool { return w.served().Cmp(second) == 0 })
	if _, serial := ask(); serial.Cmp(first) != 0 {
		t.Error("the connection of before was dropped")
	}

	told := w.log.count("level=ERROR") // 1 where the files were looked at twice between the two writes
	good, err := os.ReadFile(w.key)
	if err != nil {
		t.Fatal(err)
	}
	for n, broken := range []func(){
		func() { servicetest.Replace(t, w.key, []byte("no key")) },
		func() { w.authority.Sign(filepath.Join(t.TempDir(), "other.pem"), w.key, "127.0.0.1") },
		func() { os.Remove(w.key) },
		func() { servicetest.Replace(t, w.cert, nil) },
	} {
		broken()
		w.await("the log to tell", func() bool { return w.log.count("level=ERROR") > told })
		time.Sleep(100 * time.Millisecond)
		if now := w.log.count("level=ERROR"); now != told+1 || w.served().Cmp(second) != 0 {
			t.Errorf("broken pair %d: told %d times, and %s is served", n, now-told, w.served())
		}
		told = w.log.count("level=ERROR")
	}
	servicetest.Replace(t, w.key, good)
	third := w.authority.Sign(w.cert, w.key, "127.0.0.1")
	w.await("the third certificate", func() bool { return w.served().Cmp(third) == 0 })
}

// What cannot be used at the start stops it; a certificate for another host is told of.
func TestFilesAtTheStart(t *testing.T) {
	t.Parallel()
	dir, log := t.TempDir(), &transcript{}
	logger := slog.New(slog.NewTextHandler(log, nil))
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if _, err := Load(cert, key, "broker.example", logger); err == nil || !strings.Contains(err.Error(), cert) {
		t.Errorf("without files: %v", err)
	}
	servicetest.NewAuthority(t).Sign(cert, key, "other.example")
	if _, err := Load(cert, cert, "broker.example", logger); err == nil || !strings.Contains(err.Error(), cert) {
		t.Errorf("without a key: %v", err)
	}
	if _, err := Load(cert, key, "broker.example", logger); err != nil || log.count("not for the host of BROKER_PUBLIC_URL") != 1 {
		t.Errorf("for another host: %v, told %d times", err, log.count("level=WARN"))
	}
}

// Plain http is sent to the same address at the public one, whatever host it asks for, with its method.
func TestPlainHTTPIsSentToHTTPS(t *testing.T) {
	t.Parallel()
	h := Redirect(&Files{}, &url.URL{Scheme: "https", Host: "broker.example:8443"})
	for _, c := range []struct {
		method, target, location string
		status                   int
	}{
		{"GET", "http://evil.example/p2/acme/lib.json?a=b%20c", "https://broker.example:8443/p2/acme/lib.json?a=b%20c", 301},
		{"HEAD", "/", "https://broker.example:8443/", 301},
		{"GET", "//evil.example/x", "https://broker.example:8443//evil.example/x", 301},
		{"GET", "/%0d%0aX:y", "https://broker.example:8443/%0d%0aX:y", 301},
		{"POST", "/graphql", "https://broker.example:8443/graphql", 308},
		{"OPTIONS", "*", "https://broker.example:8443/", 308},
		{"GET", "/.well-known/acme-challenge/x", "https://broker.example:8443/.well-known/acme-challenge/x", 301},
	} {
		r := httptest.NewRequest(c.method, "/", nil)
		if u, err := url.ParseRequestURI(c.target); err == nil {
			r.URL, r.RequestURI = u, c.target
		}
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		if answer.Code != c.status || answer.Header().Get("Location") != c.location || answer.Header().Get("Strict-Transport-Security") != "" {
			t.Errorf("%s %s: %d %v", c.method, c.target, answer.Code, answer.Header())
		}
	}
}
