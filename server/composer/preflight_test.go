package composer_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fixture"
	"broker/server/repository"
	"broker/server/tokens"
	"broker/server/view"
)

// entry is a package of a lock file.
type entry map[string]any

// lockedTo is an entry whose archive is at an address, of a commit.
func lockedTo(name, version, address, commit string) entry {
	return entry{"name": name, "version": version, "type": "library", "dist": entry{"type": "zip", "url": address, "reference": commit, "shasum": ""}}
}

func lockFile(packages ...entry) string {
	body, err := json.Marshal(map[string]any{"content-hash": "x", "packages": append([]entry{}, packages...), "packages-dev": []entry{}})
	if err != nil {
		panic(err) // maps of texts always encode
	}
	return string(body)
}

// preflight is the answer to a lock file, each package by its name and version.
func (w *world) preflight(secret string, packages ...entry) (view.Preflighted, map[string]view.PreflightedLocked) {
	w.Helper()
	r := w.post(secret, "/preflight", "application/json", lockFile(packages...))
	var answer view.Preflighted
	if r.Code != http.StatusOK || json.Unmarshal(r.Body.Bytes(), &answer) != nil {
		w.Fatalf("preflight: %d %s", r.Code, r.Body)
	}
	if h := r.Header(); h.Get("Content-Type") != "application/json" || !strings.Contains(h.Get("Cache-Control"), "no-store") {
		w.Errorf("headers of a preflight: %v", h)
	}
	of := map[string]view.PreflightedLocked{}
	for _, one := range answer.Packages {
		if one.Reason == "" || !strings.HasSuffix(one.Reason, ".") {
			w.Errorf("%s %s: %s because of %q", one.Name, one.Version, one.Outcome, one.Reason)
		}
		of[one.Name+" "+one.Version] = one
	}
	if len(answer.Packages) != len(packages) || answer.Summary.Packages != len(packages) {
		w.Errorf("%d of %d packages are answered", len(answer.Packages), len(packages))
	}
	return answer, of
}

// settled is preflight once nothing is being fetched any more.
func (w *world) settled(secret string, packages ...entry) (view.Preflighted, map[string]view.PreflightedLocked) {
	w.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		answer, of := w.preflight(secret, packages...)
		if answer.Summary.Fetching == 0 {
			return answer, of
		}
		if time.Now().After(deadline) {
			w.Fatalf("archives are still being fetched: %+v", answer)
		}
	}
}

// A lock file is answered package by package, whether it names archives at this server or at their source: what is allowed
// and not stored is fetched, so that the next preflight finds it stored; it costs one request.
func TestPreflight(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		secret := w.token(tokens.NewToken{PackageRules: w.rules("acme/contracts ^9")})
		everything := w.token(tokens.NewToken{})
		_, err := w.catalog.BlockVersions(t.Context(), catalog.NewBlock{Package: "acme/lib", Versions: "1.0.1", Reason: "steals keys"})
		w.must(err)
		here := "https://broker.example" + w.distPath(everything, "acme/lib", "1.0.0")
		commit := func(version string) string { return w.upstream.Reference("acme/lib", version) }
		const github = "https://api.github.com/repos/acme/lib/zipball/"
		sourced := entry{"name": "acme/lib", "version": "dev-main", "source": entry{"type": "git", "url": "https://git.example.org", "reference": commit("dev-main")}}
		packages := []entry{
			lockedTo("acme/lib", "1.0.0", here, commit("1.0.0")), lockedTo("Acme/Lib", "1.1.0", github+commit("1.1.0"), commit("1.1.0")),
			lockedTo("acme/lib", "1.0.1", github, commit("1.0.1")), lockedTo("acme/lib", "1.2.0", github, strings.Repeat("a", 40)), lockedTo("acme/lib", "7.0.0", github, strings.Repeat("b", 40)),
			lockedTo("acme/contracts", "1.0.0", github, w.upstream.Reference("acme/contracts", "1.0.0")), lockedTo("other/thing", "1.0.0", "https://elsewhere.example/x.zip", "abc"), sourced,
			{"name": "php", "version": "8.2.0"}, {"name": "acme/all", "version": "1.0.0", "type": "metapackage"}, {"name": "acme/beside", "version": "dev-main", "dist": entry{"type": "path", "url": "../beside", "reference": "x"}},
			{"name": "acme/../etc", "version": "1.0.0"},
		}
		before := remaining(w.get(secret, "/list.json"))
		first := w.post(secret, "/preflight", "application/json", lockFile(packages...))
		if left := remaining(first); left != before-1 {
			t.Errorf("a preflight left %d of %d requests", left, before)
		}
		answer, of := w.settled(secret, packages...)
		want := map[string]view.PreflightedLocked{
			"acme/lib 1.0.0": {Outcome: view.Allowed, Stored: true}, "Acme/Lib 1.1.0": {Outcome: view.Allowed, Stored: true}, "acme/lib dev-main": {Outcome: view.Allowed, Stored: true},
			"acme/lib 1.0.1": {Outcome: view.BlockedNow, Reason: "steals keys"}, "acme/lib 1.2.0": {Outcome: view.Missing, Changed: true, Reason: commit("1.2.0")},
			"acme/lib 7.0.0": {Outcome: view.Missing, Reason: "acme/lib has no version 7.0.0."}, "acme/contracts 1.0.0": {Outcome: view.NotAllowed, Reason: "versions ^9"},
			"other/thing 1.0.0": {Outcome: view.Missing, Reason: "No repository of this server has other/thing."}, "php 8.2.0": {Outcome: view.Allowed, Stored: true, Reason: "platform"},
			"acme/all 1.0.0": {Outcome: view.Allowed, Stored: true, Reason: "metapackage"}, "acme/beside dev-main": {Outcome: view.Allowed, Stored: true, Reason: "beside the project"},
			"acme/../etc 1.0.0": {Outcome: view.Missing, Reason: "No package can be called"},
		}
		for key, expected := range want {
			got, there := of[key]
			if !there || got.Outcome != expected.Outcome || got.Stored != expected.Stored || got.Changed != expected.Changed || got.Fetching || !strings.Contains(got.Reason, expected.Reason) {
				t.Errorf("%s: %+v, want %+v", key, got, expected)
			}
		}
		if s := answer.Summary; answer.OK || s.Allowed != 6 || s.Missing != 4 || s.Blocked != 1 || s.NotAllowed != 1 || s.Stored != 6 || s.Changed != 1 {
			t.Errorf("the summary is %v %+v", answer.OK, s)
		}
		if good, _ := w.settled(everything, packages[0], packages[1], sourced); !good.OK {
			t.Errorf("what can be had is answered by %+v", good)
		}
		w.upstream.SwitchOff()
		for _, path := range []string{w.distPath(everything, "acme/lib", "1.0.0"), w.distPath(everything, "acme/lib", "1.1.0"), w.distPath(everything, "acme/lib", "dev-main")} {
			if r := w.get(everything, path); r.Code != http.StatusOK {
				t.Errorf("%s was said to be stored: %d %s", path, r.Code, r.Body)
			}
		}
	})
}

// An archive is fetched once however many lock files name it at once; one that its source does not deliver is told of, and
// tried again with each preflight.
func TestPreflightFetchesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	secret := w.token(tokens.NewToken{})
	one := lockedTo("acme/lib", "1.0.0", "", w.upstream.Reference("acme/lib", "1.0.0"))
	path := w.upstream.ArchivePath("acme/lib", "1.0.0")
	w.upstream.Break(path, fixture.Status(http.StatusNotFound))
	answer, _ := w.settled(secret, one)
	if got := answer.Packages[0]; answer.OK || got.Outcome != view.Missing || !strings.Contains(got.Reason, "no longer has the archive") {
		t.Errorf("an archive that its source lost is answered by %+v", got)
	}
	w.upstream.Repair()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if answer, _ = w.preflight(secret, one); answer.OK && answer.Summary.Stored == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("after the repair: %+v", answer)
		}
	}
	w.upstream.ResetRequests()
	two := lockedTo("acme/lib", "1.1.0", "", w.upstream.Reference("acme/lib", "1.1.0"))
	for range 5 {
		w.preflight(secret, two, two)
	}
	if answer, _ = w.settled(secret, two); !answer.OK || w.upstream.Requests(w.upstream.ArchivePath("acme/lib", "1.1.0")) != 1 {
		t.Errorf("%d requests, and then %+v", w.upstream.Requests(w.upstream.ArchivePath("acme/lib", "1.1.0")), answer)
	}
}

// A version that a cooldown holds back, or that its source lost, is told of: a lock gets it.
func TestPreflightOfWhatIsNotOffered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	secret := w.token(tokens.NewToken{})
	gone := lockedTo("acme/nightly", "dev-main", "https://broker.example"+w.distPath(secret, "acme/nightly", "dev-main"), "")
	w.settled(secret, gone)
	days := 7
	_, err := w.sources.Update(t.Context(), w.repo.ID, repository.Input{CooldownDays: &days})
	w.must(err)
	w.upstream.Publish("acme/lib", "2.9.0")
	w.upstream.Remove("acme/nightly")
	w.sync()
	young := lockedTo("acme/lib", "2.9.0", "", w.upstream.Reference("acme/lib", "2.9.0"))
	answer, of := w.settled(secret, gone, young)
	if got := of["acme/lib 2.9.0"]; !answer.OK || got.Outcome != view.HeldBack || !got.Stored || !strings.Contains(got.Reason, "Held back until") || answer.Summary.Held != 1 {
		t.Errorf("what is held back: %+v", got)
	}
	if got := of["acme/nightly dev-main"]; got.Outcome != view.Allowed || !got.Stored || !strings.Contains(got.Reason, "Updates do not see it any more.") {
		t.Errorf("what is gone: %+v", got)
	}
}

// A package that nobody asked for yet of a source that does not list its packages is fetched, as an install would; of one
// that does not answer is said that there may be one. A name outside the token's patterns is not asked for.
func TestPreflightFollows(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		unlisted := fixture.Start(t, fixture.Options{Names: fixture.Unlisted})
		name, address := "followed", unlisted.URL()
		_, err := w.sources.Create(t.Context(), repository.Input{Name: &name, Type: "COMPOSER", URL: &address, Owns: []string{}})
		w.must(err)
		w.waitForSync()
		secret := w.token(tokens.NewToken{})
		cache := lockedTo("globex/cache", "1.0.0", "", unlisted.Reference("globex/cache", "1.0.0"))
		narrow := w.token(tokens.NewToken{Packages: []string{"acme/*"}})
		unlisted.ResetRequests()
		if answer, _ := w.preflight(narrow, cache); answer.Packages[0].Outcome != view.NotAllowed || unlisted.AllRequests() != 0 {
			t.Errorf("%d requests for a name that the token does not include: %+v", unlisted.AllRequests(), answer)
		}
		if answer, _ := w.settled(secret, cache); !answer.OK {
			t.Errorf("what is followed is answered by %+v", answer)
		}
		unlisted.SwitchOff()
		if answer, _ := w.preflight(secret, lockedTo("globex/logger", "1.0.0", "", "abc")); answer.Packages[0].Outcome != view.Missing || !strings.Contains(answer.Packages[0].Reason, "There may be a package globex/logger, but") {
			t.Errorf("of a source that is away: %+v", answer)
		}
	})
}

// A body that is no lock file is refused with what is wrong of it, in the form that Composer prints.
func TestPreflightRefusesWhatIsNoLock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	secret := w.token(tokens.NewToken{})
	for body, why := range map[string]string{
		"": "it is not JSON", `{"require":{}}`: "composer.json has not", `{"packages":[{"name":"acme/lib"}]}`: "entry 1 of packages has no version",
		`{"packages":[],"x":"` + strings.Repeat("x", 10<<20) + `"}`: "more than 10 MiB",
	} {
		r := w.post(secret, "/preflight", "application/json", body)
		w.refused(r, http.StatusBadRequest, "BAD_USER_INPUT")
		if !strings.Contains(r.Body.String(), why) {
			t.Errorf("%.40s: %s", body, r.Body)
		}
	}
	w.refused(w.post("", "/preflight", "application/json", lockFile()), http.StatusUnauthorized, "UNAUTHENTICATED")
	if answer, _ := w.preflight(secret); !answer.OK {
		t.Errorf("an empty lock is answered by %+v", answer)
	}
}

// A lock file that waits until others were read is answered like one that does not, over HTTP/1.1 and HTTP/2: the time for
// it to arrive begins when it is read.
func TestPreflightsWaitForOneAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	for _, two := range []bool{false, true} {
		secret := w.token(tokens.NewToken{})
		server := httptest.NewUnstartedServer(w.routes)
		server.Config.ReadTimeout, server.EnableHTTP2 = time.Second, two
		server.StartTLS()
		t.Cleanup(server.Close)
		ask := func(body io.Reader) string {
			r, err := http.NewRequest(http.MethodPost, server.URL+"/preflight", body)
			if err != nil {
				return err.Error()
			}
			r.SetBasicAuth("token", secret)
			response, err := server.Client().Do(r)
			if err != nil {
				return err.Error()
			}
			defer response.Body.Close()
			answer, err := io.ReadAll(response.Body)
			return fmt.Sprint(response.Proto, " ", response.StatusCode, " ", string(answer), " ", err)
		}
		answers, slow := make(chan string), make([]*io.PipeWriter, 2) // as many as a token may have at a time
		for i := range slow {
			var body *io.PipeReader
			body, slow[i] = io.Pipe()
			go func() { answers <- ask(body) }()
			io.WriteString(slow[i], `{"packages"`) // its request is under way
		}
		time.Sleep(100 * time.Millisecond)
		go func() { answers <- ask(strings.NewReader(lockFile())) }()
		time.Sleep(2 * time.Second) // longer than a request may take to arrive
		for _, one := range slow {
			io.WriteString(one, `:[]}`)
			one.Close()
		}
		for range 3 {
			if answer := <-answers; !strings.HasPrefix(answer, map[bool]string{false: "HTTP/1.1 200 ", true: "HTTP/2.0 200 "}[two]) {
				t.Error(answer)
			}
		}
	}
}

// A lock file of thousands of packages that a token of many patterns does not include is answered shortly: of the patterns
// the first are named.
func TestPreflightOfWhatIsNotIncludedIsShort(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	var patterns []string
	for n := range 100 {
		patterns = append(patterns, fmt.Sprintf("globex/%s-%03d", strings.Repeat("long", 20), n))
	}
	packages := make([]entry, 5000)
	for n := range packages {
		packages[n] = lockedTo(fmt.Sprintf("acme/p%d", n), "1.0.0", "https://x.example/x.zip", "abc")
	}
	r := w.post(w.token(tokens.NewToken{Packages: patterns}), "/preflight", "application/json", lockFile(packages...))
	if r.Code != http.StatusOK || r.Body.Len() > 5<<20 || !strings.Contains(r.Body.String(), patterns[4]+" and 95 more, and so not acme/p4999.") {
		t.Errorf("%d, %d bytes: %.900s", r.Code, r.Body.Len(), r.Body)
	}
}

// A lock file costs the token more than one request where it has many packages, but it never costs more than is left: who
// may ask at all gets an answer.
func TestPreflightOfManyPackagesCostsMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	limit := 10
	secret := w.token(tokens.NewToken{RateLimit: &limit})
	for _, c := range []struct{ packages, left int }{{0, 9}, {20, 8}, {21, 6}, {300, 0}} {
		packages := make([]entry, c.packages)
		for n := range packages {
			packages[n] = lockedTo(fmt.Sprintf("acme/p%d", n), "1.0.0", "https://x.example/x.zip", "abc")
		}
		r := w.post(secret, "/preflight", "application/json", lockFile(packages...))
		if left := r.Header().Get("X-RateLimit-Remaining"); r.Code != http.StatusOK || left != fmt.Sprint(c.left) {
			t.Errorf("%d packages: %d, %s requests are left", c.packages, r.Code, left)
		}
	}
}
