package safehttp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http/httpproxy"
)

// forwarder is a proxy as they are: it passes requests on, and connects for CONNECT.
func forwarder(t *testing.T, asked *atomic.Int64, credential *atomic.Value) *httptest.Server {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		credential.Store(r.Header.Get("Proxy-Authorization"))
		if r.Method != http.MethodConnect {
			r.RequestURI = ""
			answer, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			defer answer.Body.Close()
			w.WriteHeader(answer.StatusCode)
			io.Copy(w, answer.Body)
			return
		}
		there, err := net.Dial("tcp", r.Host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		here, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			there.Close()
			return
		}
		io.WriteString(here, "HTTP/1.1 200 Connected\r\n\r\n")
		go func() { defer there.Close(); io.Copy(there, here) }()
		defer here.Close()
		io.Copy(here, there)
	}))
	t.Cleanup(proxy.Close)
	return proxy
}

// Requests go through the operator's proxy, which may be at a private address itself; what the policy forbids is not
// handed to it, and NO_PROXY is asked directly.
func TestThroughAProxy(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	var credential atomic.Value
	proxy := forwarder(t, &asked, &credential)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "from upstream") }))
	defer upstream.Close()
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "from a secure one") }))
	defer secure.Close()
	through := func(allowed, none string) *Client {
		client := New(policy(t, allowed), "test")
		with := httpproxy.Config{HTTPProxy: "http://anna:secret@" + strings.TrimPrefix(proxy.URL, "http://"), NoProxy: none}
		with.HTTPSProxy = with.HTTPProxy
		get := with.ProxyFunc()
		client.Through(func(u *url.URL) (*url.URL, error) {
			named := *u
			if named.Hostname() == "127.0.0.1" && none == "" { // which the package never asks a proxy for
				named.Host = "upstream.test:" + u.Port()
			}
			return get(&named)
		})
		return client
	}
	answer, err := through("127.0.0.0/8", "").Get(t.Context(), upstream.URL, Options{Inside: true, MaxBytes: 100})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if string(body) != "from upstream" || err != nil || asked.Load() != 1 || !strings.HasPrefix(credential.Load().(string), "Basic ") {
		t.Errorf("%q %v, asked %d times with %v", body, err, asked.Load(), credential.Load())
	}
	// TLS is end to end: a certificate that nobody vouches for is refused although the proxy connects.
	if _, err := through("127.0.0.0/8", "").Get(t.Context(), secure.URL, Options{Inside: true, MaxBytes: 100}); err == nil || !strings.Contains(err.Error(), "certificate") || asked.Load() < 2 {
		t.Errorf("an untrusted certificate: %v, asked %d times", err, asked.Load())
	}
	trusting := through("127.0.0.0/8", "")
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	trusting.inside.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots}
	connected := asked.Load()
	answer, err = trusting.Get(t.Context(), secure.URL, Options{Inside: true, MaxBytes: 100})
	if err != nil {
		t.Fatal(err)
	}
	if body, err = io.ReadAll(answer.Body); string(body) != "from a secure one" || err != nil || asked.Load() != connected+1 {
		t.Errorf("%q %v, asked %d times", body, err, asked.Load()-connected)
	}
	answer.Body.Close()
	if !answer.Inside { // what it leads to may be beside it
		t.Error("an answer from a private address, through a proxy, is not known for one")
	}
	before := asked.Load()
	for _, address := range []string{"https://10.0.0.1/", "https://localhost/", "http://packages.example.org/"} {
		if _, err := through("", "").Get(t.Context(), address, Options{Inside: true, MaxBytes: 100}); !errors.Is(err, ErrBlocked) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := through("127.0.0.0/8", "127.0.0.1").Get(t.Context(), upstream.URL, Options{Inside: true, MaxBytes: 100}); err != nil {
		t.Errorf("without a proxy: %v", err)
	}
	if asked.Load() != before {
		t.Errorf("the proxy was asked %d times for what is not for it", asked.Load()-before)
	}
}
