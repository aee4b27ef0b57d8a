//go:build storage

package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broker/server/fixture"
	"broker/server/servicetest"
)

// witness stands before an object store and notes what clients send there.
type witness struct {
	*httptest.Server
	mu    sync.Mutex
	asked []*http.Request
}

func newWitness(t *testing.T, store *servicetest.ObjectStore) *witness {
	t.Helper()
	w := &witness{}
	to := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: store.Address})
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.asked = append(w.asked, r.Clone(r.Context()))
		w.mu.Unlock()
		to.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.Close)
	t.Cleanup(w.CloseClientConnections)
	return w
}

// byComposer are what Composer itself asked for.
func (w *witness) byComposer() (requests []*http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.asked {
		if strings.HasPrefix(r.UserAgent(), "Composer/") {
			requests = append(requests, r)
		}
	}
	return requests
}

// TestInstancesShareABucket guarantees that what one instance fetched another one serves with the upstream off, to the
// real Composer, which the bucket hands archives to by itself without ever seeing the token; that usage counts the bytes;
// and that what is damaged or lost in the bucket is found and fetched again.
func TestInstancesShareABucket(t *testing.T) {
	t.Parallel()
	store := servicetest.S3(t)
	seen := newWitness(t, store)
	settings := append([]string{sharedKey, "BROKER_STORAGE_URL=" + servicetest.S3URL(seen.Listener.Addr().String())}, store.Env...)
	database := servicetest.Postgres(t)
	a := newWorld(t, database, fixture.Listed, settings...)
	b := start(t, database, settings...)
	first := a.project(t, a.secret)
	first.MustRun("require", "acme/lib:2.0.0")
	lock := first.Read("composer.lock")
	a.upstream.SwitchOff()
	second := b.project(t, a.secret)
	second.WriteText("composer.json", strings.ReplaceAll(first.Read("composer.json"), a.url, b.url))
	second.WriteText("composer.lock", strings.ReplaceAll(lock, a.url, b.url))
	second.MustRun("install")
	requests := seen.byComposer()
	if len(requests) < 2 {
		t.Fatalf("Composer asked the bucket %d times", len(requests))
	}
	for _, r := range requests {
		for name, values := range r.Header {
			if name == "Authorization" || strings.Contains(strings.Join(values, ""), a.secret) {
				t.Errorf("the bucket was sent %s", name)
			}
		}
		if strings.Contains(r.URL.String(), a.secret) {
			t.Error("the bucket was sent the secret in an address")
		}
	}
	redirects(t, b, distPath(a.upstream, "acme/lib", "2.0.0"), a.secret)
	contains(t, a.run("storage", "verify"), "archives are whole; 0 were damaged")
}

// TestEverySourceOnTwoInstances guarantees that one project installs from every kind of source through one instance, and
// with every upstream off through another one that shares its address, its database and its bucket.
func TestEverySourceOnTwoInstances(t *testing.T) {
	t.Parallel()
	store := servicetest.S3(t)
	var behind atomic.Pointer[url.URL] // the instance that answers
	balancer := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(behind.Load()) }})
	t.Cleanup(balancer.Close)
	settings := append([]string{sharedKey, "BROKER_STORAGE_URL=" + store.URL, "BROKER_PUBLIC_URL=" + balancer.URL}, store.Env...)
	database := servicetest.Postgres(t)
	a := newEverySource(t, database, settings...)
	b := start(t, database, settings...)
	through := func(s *server) {
		address, err := url.Parse(s.url)
		if err != nil {
			t.Fatal(err)
		}
		behind.Store(address)
	}
	project := func() *servicetest.Project {
		p := servicetest.NewProject(t, balancer.URL)
		p.Login(balancer.Listener.Addr().String(), "token", a.secret)
		return p
	}
	through(a.server)
	first := project()
	first.MustRun(append([]string{"require"}, everyName...)...)
	a.off()
	through(b)
	second := project()
	for _, name := range []string{"composer.json", "composer.lock"} {
		second.WriteText(name, first.Read(name))
	}
	second.MustRun("install")
	if got, want := a.installed(second), a.installed(first); got != want {
		t.Errorf("installed are %s through one instance, and %s through the other", want, got)
	}
	second.MustRun("update")
}

// redirects checks the answer that sends a client to the bucket.
func redirects(t *testing.T, s *server, path, secret string) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("token", secret)
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusFound || response.Header.Get("Cache-Control") != "private, no-store" {
			t.Errorf("%s: %s, %v", method, response.Status, response.Header)
		}
		plain, err := http.NewRequestWithContext(t.Context(), method, response.Header.Get("Location"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if followed, err := client.Do(plain); err != nil || followed.StatusCode != http.StatusOK {
			t.Errorf("%s, followed: %v %v", method, followed, err)
		} else {
			followed.Body.Close()
		}
	}
}

// TestBucketAway guarantees that a server whose bucket cannot be reached starts and says so, serves metadata and refuses
// archives with 503 and a time to wait, and serves them once the bucket is back, passed through where that is asked for.
func TestBucketAway(t *testing.T) {
	t.Parallel()
	store := servicetest.S3(t)
	settings := append([]string{"BROKER_STORAGE_URL=" + store.URL, "BROKER_STORAGE_REDIRECT=off"}, store.Env...)
	store.Stop()
	w := newWorld(t, "", fixture.Listed, settings...)
	path := distPath(w.upstream, "acme/lib", "2.0.0")
	w.await("/ready to say so", func() bool {
		response, body := w.get("/ready", "")
		return response.StatusCode == http.StatusOK && strings.Contains(body, `"storage":"unreachable"`)
	})
	if response, _ := w.get("/p2/acme/lib.json", w.secret); response.StatusCode != http.StatusOK {
		t.Errorf("metadata: %s", response.Status)
	}
	begun := time.Now()
	response, body := w.get(path, w.secret)
	refused(t, response, body, http.StatusServiceUnavailable, "STORAGE_UNAVAILABLE")
	if response.Header.Get("Retry-After") == "" || time.Since(begun) > 5*time.Second {
		t.Errorf("refused after %s with %v", time.Since(begun), response.Header)
	}
	store.Start()
	w.await("archives to be served", func() bool {
		response, body = w.get(path, w.secret)
		return response.StatusCode == http.StatusOK
	})
	if body != string(w.upstream.Archive("acme/lib", "2.0.0")) {
		t.Error("other bytes came")
	}
	if _, body := w.get("/ready", ""); strings.Contains(body, "storage") {
		t.Errorf("afterwards /ready says %s", body)
	}
}
