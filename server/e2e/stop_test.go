package e2e

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"broker/server/fixture"
)

// TestStopLetsADownloadFinish guarantees that a restart breaks nobody's installation: what is under way arrives whole,
// and the program ends with 0.
func TestStopLetsADownloadFinish(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	path := distPath(w.upstream, "acme/dataset", "1.0.0")
	want := w.upstream.Archive("acme/dataset", "1.0.0")
	r, err := http.NewRequest(http.MethodGet, w.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("token", w.secret)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	head := make([]byte, 1<<16)
	if _, err := io.ReadFull(response.Body, head); err != nil {
		t.Fatal(err)
	}
	if err := w.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	w.await("the stop to begin", func() bool { return strings.Contains(w.log.String(), "msg=stopping") })
	time.Sleep(200 * time.Millisecond) // the client is slow
	rest, err := io.ReadAll(response.Body)
	if err != nil || string(head)+string(rest) != string(want) {
		t.Errorf("%d of %d bytes arrived: %v", len(head)+len(rest), len(want), err)
	}
	if code := w.wait(); code != 0 {
		t.Errorf("the program ended with %d", code)
	}
}

// TestStopWaitsForTheUpstream guarantees the same for an archive that is only being fetched.
func TestStopWaitsForTheUpstream(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	w.upstream.Break(w.upstream.ArchivePath("acme/lib", "2.0.0"), fixture.Drip(10, 100*time.Millisecond))
	path := distPath(w.upstream, "acme/lib", "2.0.0")
	arrived := make(chan string, 1)
	go func() {
		_, body, _ := w.fetch(path, w.secret) // one that fails has no body
		arrived <- body
	}()
	w.await("the upstream to be asked", func() bool { return w.upstream.Requests(w.upstream.ArchivePath("acme/lib", "2.0.0")) == 1 })
	if code := w.stop(); code != 0 {
		t.Errorf("the program ended with %d", code)
	}
	if got := <-arrived; got != string(w.upstream.Archive("acme/lib", "2.0.0")) {
		t.Errorf("%d bytes arrived", len(got))
	}
}

// TestRestartForgetsNothing guarantees that a stop gives nobody a new quota, and loses neither usage nor archives nor
// sessions nor tokens.
func TestRestartForgetsNothing(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		w := newWorld(t, database, fixture.Available)
		limit := 5
		id, secret := w.api.token(tokenInput{RateLimit: &limit})
		path := distPath(w.upstream, "acme/lib", "2.0.0")
		w.get("/p2/acme/lib.json", secret)
		w.get("/p2/acme/nothing.json", secret)
		before, archive := w.get(path, secret)
		if before.Header.Get("X-RateLimit-Remaining") != "2" {
			t.Fatalf("before the stop %s are left", before.Header.Get("X-RateLimit-Remaining"))
		}
		if code := w.stop(); code != 0 {
			t.Fatalf("the program ended with %d", code)
		}
		w.upstream.SwitchOff()
		w.start()

		after, again := w.get(path, secret)
		if left, _ := strconv.Atoi(after.Header.Get("X-RateLimit-Remaining")); after.StatusCode != http.StatusOK || left != 1 {
			t.Errorf("after the restart: %s, %d are left", after.Status, left)
		}
		if again != archive {
			t.Error("the archive differs after the restart")
		}
		var out struct {
			Token struct {
				LastUsedAt     *time.Time
				LastUsedClient string
				Usage          struct{ Requests, Downloads, Bytes int }
			}
		}
		w.api.must(&out, `query ($id: ID!) { token(id: $id) { lastUsedAt lastUsedClient usage(range: DAY) { requests downloads bytes } } }`, object{"id": id})
		// The last download is still in the memory of the new process.
		if u := out.Token.Usage; u.Requests < 3 || u.Requests > 4 || u.Downloads < 1 || u.Bytes < len(archive) {
			t.Errorf("usage after the restart: %+v", u)
		}
		if out.Token.LastUsedAt == nil || time.Since(*out.Token.LastUsedAt) > time.Minute || !strings.Contains(out.Token.LastUsedClient, "Go-http-client") {
			t.Errorf("last used %v with %q", out.Token.LastUsedAt, out.Token.LastUsedClient)
		}
	})
}

// TestInstallationsAreCounted guarantees that Composer's own report arrives, for archives of its cache too.
func TestInstallationsAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	p := w.project(t, w.secret)
	p.MustRun("require", "acme/contracts:*")
	p.ForgetPackages()
	p.MustRun("install") // from Composer's cache
	if code := w.stop(); code != 0 {
		t.Fatalf("the program ended with %d", code)
	}
	w.start()
	var out struct {
		Token struct {
			LastUsedClient string
			Usage          struct{ Downloads, Installs int }
		}
	}
	w.api.must(&out, `query ($id: ID!) { token(id: $id) { lastUsedClient usage(range: DAY) { downloads installs } } }`, object{"id": w.token})
	if u := out.Token.Usage; u.Downloads != 1 || u.Installs != 2 {
		t.Errorf("1 download and 2 installations are counted as %+v", u)
	}
	contains(t, out.Token.LastUsedClient, "Composer")
}

// TestSetupLinkWorksOnce guarantees that whoever finds the link later is not let in.
func TestSetupLinkWorksOnce(t *testing.T) {
	t.Parallel()
	s := start(t, "")
	code := s.setupCode()
	const setup = `mutation ($in: SetupInput!) { setup(input: $in) { user { id } } }`
	if codes := s.visitor().do(nil, setup, object{"in": object{"code": "AAAAAAAAAAAAAAAAAAAAAAAAAA", "email": email, "password": password}}); len(codes) != 1 {
		t.Errorf("a wrong code is let in: %v", codes)
	}
	s.owner()
	if codes := s.visitor().do(nil, setup, object{"in": object{"code": code, "email": "other@example.org", "password": password}}); len(codes) != 1 {
		t.Errorf("the code works twice: %v", codes)
	}
	var out struct {
		SignIn struct{ User struct{ Email string } }
	}
	const signIn = `mutation ($in: SignInInput!) { signIn(input: $in) { user { email } } }`
	a := s.visitor()
	if codes := a.do(nil, signIn, object{"in": object{"email": email, "password": s.hide("not my password at all")}}); len(codes) != 1 {
		t.Errorf("a wrong password: %v", codes)
	}
	a.must(&out, signIn, object{"in": object{"email": email, "password": password}})
	a.hideCookies()
	a.must(nil, `{ tokens { totalCount } }`, nil)
	a.must(nil, `mutation { signOut }`, nil)
	if codes := a.do(nil, `{ tokens { totalCount } }`, nil); len(codes) != 1 || !strings.HasPrefix(codes[0], "UNAUTHENTICATED") {
		t.Errorf("after signing out: %v", codes)
	}
}

// TestStopAnswersWhatItAccepted guarantees that a stop under 32 clients who ask without a pause, each on a connection of
// its own that stays, leaves no request without an answer; who asks whether it is ready is told that it is not.
func TestStopAnswersWhatItAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	var clients sync.WaitGroup
	var unready atomic.Bool
	stopping, answered := make(chan struct{}), atomic.Int64{}
	for n := range 32 {
		clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
			for {
				path := []string{"/p2/acme/lib.json", "/packages.json", "/ready"}[n%3]
				r, err := http.NewRequest(http.MethodGet, w.url+path, nil)
				if err != nil {
					t.Error(err)
					return
				}
				r.SetBasicAuth("token", w.secret)
				response, err := client.Do(r)
				if err != nil {
					// Only a closed port is no answer: whoever finds it has lost no request.
					if !errors.Is(err, syscall.ECONNREFUSED) {
						t.Errorf("%s: %v", path, err)
					}
					select {
					case <-stopping:
					default:
						t.Errorf("%s failed before the stop: %v", path, err)
					}
					return
				}
				if _, err := io.Copy(io.Discard, response.Body); err != nil {
					t.Errorf("%s broke off: %v", path, err)
				}
				response.Body.Close()
				answered.Add(1)
				if path == "/ready" && response.StatusCode == http.StatusServiceUnavailable {
					unready.Store(true)
				}
			}
		})
	}
	w.await("requests", func() bool { return answered.Load() > 500 })
	close(stopping)
	if code := w.stop(); code != 0 {
		t.Errorf("the program ended with %d", code)
	}
	clients.Wait()
	if !unready.Load() {
		t.Error("nobody was told that it is not ready")
	}
}
