package safehttp

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func policy(t testing.TB, list string) Policy {
	t.Helper()
	p, err := ParsePolicy(list)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Addresses that are not public are never dialled, however they are written, unless the operator allows them.
func TestPrivateAddressesAreNotDialled(t *testing.T) {
	t.Parallel()
	client := New(policy(t, ""), "test")
	for _, address := range []string{
		"127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254",
		"100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"168.63.129.16", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
		"64:ff9b::7f00:1", "2001:db8::1", "2002:7f00:1::", "fec0::1", "::127.0.0.1", "100::1",
	} {
		parsed := netip.MustParseAddr(address)
		if err := client.checkAddress(netip.AddrPortFrom(parsed, 443).String(), false, true); !errors.Is(err, ErrBlocked) {
			t.Errorf("%s may be dialled: %v", address, err)
		}
		host := address
		if parsed.Is6() {
			host = "[" + address + "]"
		}
		if _, err := client.Get(t.Context(), "https://"+host+"/", Options{Inside: true, MaxBytes: 1}); !errors.Is(err, ErrBlocked) {
			t.Errorf("https://%s/: %v", host, err)
		}
	}
	for _, address := range []string{"1.1.1.1", "8.8.8.8", "2606:4700::1111"} {
		if err := client.checkAddress(netip.AddrPortFrom(netip.MustParseAddr(address), 443).String(), false, true); err != nil {
			t.Errorf("%s may not be dialled: %v", address, err)
		}
	}
}

func TestPolicyOfURLs(t *testing.T) {
	t.Parallel()
	p := policy(t, "127.0.0.0/8, git.internal ,10.1.2.3")
	for address, allowed := range map[string]bool{
		"https://packages.example.org/x":     true,
		"https://packages.example.org:443/":  true,
		"https://packages.example.org:8443/": false,
		"http://packages.example.org/":       false,
		"http://127.0.0.1:8080/":             true,
		"http://git.internal/":               true,
		"http://GIT.internal.:99/":           true,
		"https://10.1.2.3:99/":               true,
		"https://10.1.2.4/":                  false,
		"https://user:secret@example.org/":   false,
		"ftp://git.internal/":                false,
		"file:///etc/passwd":                 false,
		"https:opaque":                       false,
		"https://127.0.0.1.evil.example:80/": false,
		"http://git.internal.evil.example/":  false,
		"http://127.0.0.1@evil.example/":     false,
		"https://[::1]/":                     false,
		"gopher://127.0.0.1/":                false,
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.CheckURL(u); (err == nil) != allowed {
			t.Errorf("%s: allowed %v, want %v (%v)", address, err == nil, allowed, err)
		}
	}
	for _, list := range []string{"10.0.0.0/99", "http://x", "*", "a b"} {
		if _, err := ParsePolicy(list); err == nil {
			t.Errorf("ParsePolicy(%q) succeeded", list)
		}
	}
}

// A name that leads to a private address is not dialled, also when it led elsewhere a moment ago.
func TestRebindingGainsNothing(t *testing.T) {
	t.Parallel()
	client := New(policy(t, ""), "test")
	client.resolver = answering(t, net.IPv4(127, 0, 0, 1))
	for range 3 {
		_, err := client.Get(t.Context(), "https://rebind.example/", Options{Inside: true, MaxBytes: 1})
		if !errors.Is(err, ErrBlocked) || !strings.Contains(err.Error(), "private") {
			t.Fatalf("Get = %v, want a refusal that says private", err)
		}
	}
}

// answering is a resolver whose every name is one address.
func answering(t *testing.T, address net.IP) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buffer := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			conn.WriteTo(dnsAnswer(buffer[:n], address.To4()), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// dnsAnswer answers a question of type A with an address, and any other with nothing.
func dnsAnswer(query []byte, address []byte) []byte {
	end := 12
	for query[end] != 0 {
		end += int(query[end]) + 1
	}
	end += 5
	answer := append([]byte{}, query[:end]...)
	answer[2], answer[3] = 0x84, 0
	copy(answer[6:12], []byte{0, 0, 0, 0, 0, 0})
	if query[end-3] == 1 { // type A
		answer[7] = 1
		answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		answer = append(answer, address...)
	}
	return answer
}

// witness is a server that notes the secrets it is shown.
type witness struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func newWitness(t *testing.T, answer http.HandlerFunc) *witness {
	w := &witness{}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		for _, values := range r.Header {
			for _, value := range values {
				if strings.Contains(value, "canary") || strings.Contains(value, "Y2FuYXJ5") {
					w.seen = append(w.seen, value)
				}
			}
		}
		w.mu.Unlock()
		answer(rw, r)
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *witness) saw() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.seen) > 0
}

// A credential reaches its own origin, and nobody a redirect leads to.
func TestCredentialStaysWithItsOrigin(t *testing.T) {
	t.Parallel()
	for _, credential := range []Credential{
		{Type: Basic, Username: "canary", Secret: "canary"},
		{Type: Bearer, Secret: "canary"},
		{Type: Header, Header: "PRIVATE-TOKEN", Secret: "canary"},
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			t.Run(fmt.Sprint(credential.Type, status), func(t *testing.T) {
				t.Parallel()
				elsewhere := newWitness(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })
				home := newWitness(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL+"/x", status) })
				u, err := url.Parse(home.URL)
				if err != nil {
					t.Fatal(err)
				}
				credential := credential // the subtests run side by side, each with its own origin
				credential.Origin = Origin(u)
				response, err := New(policy(t, "127.0.0.0/8"), "test").Get(t.Context(), home.URL+"/x", Options{Inside: true, Credential: &credential, MaxBytes: 10})
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
				if !home.saw() || elsewhere.saw() {
					t.Errorf("its origin saw it: %v; another did: %v", home.saw(), elsewhere.saw())
				}
			})
		}
	}
	if s := fmt.Sprintf("%v %+v %#v", Credential{Secret: "canary"}, &Credential{Secret: "canary"}, Credential{Secret: "canary"}); strings.Contains(s, "canary") {
		t.Errorf("the secret is printed: %s", s)
	}
}

// Redirects end: after five, and at what policy forbids.
func TestRedirectsAreBounded(t *testing.T) {
	t.Parallel()
	client := New(policy(t, "127.0.0.0/8"), "test")
	var hops atomic.Int32
	loop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hops.Add(1)
		http.Redirect(w, r, "/again", http.StatusFound)
	}))
	t.Cleanup(loop.Close)
	if _, err := client.Get(t.Context(), loop.URL, Options{Inside: true, MaxBytes: 1}); !errors.Is(err, ErrBlocked) || hops.Load() != redirectsMax+1 {
		t.Errorf("after %d hops: %v", hops.Load(), err)
	}
	for _, target := range []string{"http://10.0.0.1/", "https://192.168.1.1/", "file:///etc/passwd", "//169.254.169.254/latest", "http://example.org/"} {
		bad := httptest.NewServer(http.RedirectHandler(target, http.StatusFound))
		if _, err := client.Get(t.Context(), bad.URL, Options{Inside: true, MaxBytes: 1}); !errors.Is(err, ErrBlocked) {
			t.Errorf("redirect to %s: %v", target, err)
		}
		bad.Close()
	}
}

// A body larger than agreed is an error, packed or not; a bomb does not fill memory.
func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write(make([]byte, 10<<20))
	w.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/packed" {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(packed.Bytes())
			return
		}
		w.Write(make([]byte, 2000))
	}))
	t.Cleanup(server.Close)
	client := New(policy(t, "127.0.0.0/8"), "test")
	for path, limit := range map[string]int64{"/plain": 1999, "/packed": 1 << 20} {
		response, err := client.Get(t.Context(), server.URL+path, Options{Inside: true, MaxBytes: limit})
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if err == nil || n > limit+1 {
			t.Errorf("%s: read %d bytes, %v", path, n, err)
		}
	}
	response, err := client.Get(t.Context(), server.URL+"/plain", Options{Inside: true, MaxBytes: 2000})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || len(body) != 2000 {
		t.Errorf("a body of exactly the limit: %d bytes, %v", len(body), err)
	}
}

// A failure that passes is tried again; one that does not is told at once.
func TestOnlyPassingFailuresAreTriedAgain(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int{503: 3, 429: 3, 404: 1, 401: 1, 403: 1} {
		asked := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked++; w.WriteHeader(status) }))
		_, err := New(policy(t, "127.0.0.0/8"), "test").Get(t.Context(), server.URL, Options{Inside: true, MaxBytes: 1})
		server.Close()
		var answered *StatusError
		if !errors.As(err, &answered) || answered.Status != status || asked != want {
			t.Errorf("%d: asked %d times, want %d; %v", status, asked, want, err)
		}
	}
}

// A caller that goes away frees its place at the host.
func TestCanceledRequestFreesItsPlace(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hang" {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	client := New(policy(t, "127.0.0.0/8"), "test")
	for range 3 * perHost {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, cancel)
		if _, err := client.Get(ctx, server.URL+"/hang", Options{Inside: true, MaxBytes: 1}); err == nil {
			t.Error("a hanging request succeeded")
		}
		cancel()
	}
	response, err := client.Get(t.Context(), server.URL+"/ok", Options{Inside: true, MaxBytes: 1})
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
}
