package repository_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	entrepository "broker/ent/repository"
	"broker/server/database/databasetest"
	"broker/server/fault"
	"broker/server/repository"
	"broker/server/safehttp"
	"broker/server/servicetest"
)

// secretValue is the secret of these tests; it is found nowhere in an answer.
const secretValue = "s3cr3t-of-the-test"

var basic = &repository.Credential{Type: entrepository.CredentialTypeHTTP_BASIC, Username: "u", Secret: secretValue}

// upstream is a host of Composer repositories that remembers who asked with which credential.
type upstream struct {
	*httptest.Server
	mu   sync.Mutex
	sent []string
}

func newUpstream(t *testing.T, answer http.HandlerFunc) *upstream {
	t.Helper()
	u := &upstream{}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.mu.Lock()
		u.sent = append(u.sent, r.Header.Get("Authorization"))
		u.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(u.Close)
	return u
}

func (u *upstream) got() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.sent)
}

func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(body)) }
}

const twoPackages = `{"packages":[],"metadata-url":"/p2/%package%.json","available-packages":["acme/a","acme/b","other/c"]}`

// A check of a Composer repository says in words what it has, or what is wrong and what to do; the secret is in no answer.
func TestCheckOfComposerRepositories(t *testing.T) {
	t.Parallel()
	s, _ := open(t, databasetest.New(t))
	good := newUpstream(t, says(twoPackages))
	guarded := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != secretValue {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("GitHub-Authentication-Token-Expiration", "2031-05-06 07:08:09 UTC")
		says(twoPackages)(w, r)
	})
	tls := httptest.NewTLSServer(says(twoPackages))
	t.Cleanup(tls.Close)
	tls.Config.ErrorLog = nil
	closed := httptest.NewServer(nil)
	closed.Close()
	to := func(address string) *upstream {
		return newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, address+r.URL.Path, http.StatusFound)
		})
	}
	host := func(u *upstream) string { return strings.TrimPrefix(u.URL, "http://") }
	toGuarded, toGood := to(guarded.URL), to(good.URL)
	for name, test := range map[string]struct {
		url        string
		credential *repository.Credential
		packages   []string
		ok         bool
		says       []string
	}{
		"listed":                     {url: good.URL, ok: true, says: []string{"3 packages", "protocol of Composer 2"}},
		"some are wanted":            {url: good.URL, packages: []string{"acme/*"}, ok: true, says: []string{"2 of them match the patterns"}},
		"none is wanted":             {url: good.URL, packages: []string{"mine/*"}, ok: true, says: []string{"None of them match"}},
		"with a credential":          {url: guarded.URL, credential: basic, ok: true, says: []string{"read with the credential"}},
		"without the one it needs":   {url: guarded.URL, says: []string{"401 Unauthorized", "give the repository a credential"}},
		"with a wrong one":           {url: guarded.URL, credential: &repository.Credential{Type: entrepository.CredentialTypeBEARER, Secret: secretValue + "x"}, says: []string{"401", "check the repository's credential"}},
		"forbidden":                  {url: newUpstream(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }).URL, credential: basic, says: []string{"403 Forbidden", "check the repository's credential"}},
		"nothing there":              {url: newUpstream(t, http.NotFound).URL, says: []string{"There is no packages.json at this address", "404"}},
		"redirected":                 {url: toGood.URL, ok: true, says: []string{host(toGood) + " redirects to " + host(good), "3 packages"}},
		"redirected to a guarded":    {url: toGuarded.URL, credential: basic, says: []string{host(guarded) + " answered 401", host(toGuarded) + " redirects there"}},
		"a web page":                 {url: newUpstream(t, says("\ufeff \n<!DOCTYPE html><html>")).URL, says: []string{"Is this the address of the repository's packages.json?"}},
		"other JSON":                 {url: newUpstream(t, says(`[1,2]`)).URL, says: []string{"not that of a Composer repository"}},
		"no JSON":                    {url: newUpstream(t, says(`hello`)).URL, says: []string{"packages.json"}},
		"nothing at all":             {url: newUpstream(t, says("")).URL, says: []string{"empty"}},
		"followed by name":           {url: newUpstream(t, says(`{"metadata-url":"/p2/%package%.json"}`)).URL, ok: true, says: []string{"does not list its packages"}},
		"inline":                     {url: newUpstream(t, says(`{"packages":{"acme/a":{"1.0":{"name":"acme/a","version":"1.0"}}}}`)).URL, ok: true, says: []string{"with 1 package, in packages.json itself"}},
		"a certificate of nobody":    {url: tls.URL, says: []string{"an authority that this server does not trust"}},
		"nobody listens":             {url: closed.URL, says: []string{"refuses connections"}},
		"a host that is not":         {url: "https://nothing.invalid", says: []string{"The host nothing.invalid is not known (DNS)"}},
		"to a private address":       {url: to("https://10.9.8.7").URL, says: []string{"private address", "BROKER_ALLOWED_UPSTREAMS"}},
		"to a name of the same host": {url: to("http://packages.example.org").URL, says: []string{"BROKER_ALLOWED_UPSTREAMS"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			health, err := s.Check(t.Context(), "", repository.Input{Name: say("new"), Type: entrepository.TypeCOMPOSER, URL: &test.url, Packages: test.packages, Credential: test.credential})
			if err != nil {
				t.Fatal(err)
			}
			if health.OK != test.ok || health.CheckedAt == nil || strings.Contains(health.Message, secretValue) || strings.Contains(health.Message, "10.9.8.7") {
				t.Errorf("%+v", health)
			}
			for _, part := range test.says {
				if !strings.Contains(health.Message, part) {
					t.Errorf("%q does not say %q", health.Message, part)
				}
			}
			if ends := health.CredentialExpiresAt; name == "with a credential" && (ends == nil || !ends.Equal(time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC))) {
				t.Errorf("the credential ends at %v", ends)
			}
		})
	}
}

// A check ends in time whatever the source does, and says so.
func TestCheckEndsInTime(t *testing.T) {
	t.Parallel()
	s, _ := open(t, databasetest.New(t))
	release := make(chan struct{})
	slow := newUpstream(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	health, err := s.Check(ctx, "", repository.Input{Type: entrepository.TypeCOMPOSER, URL: &slow.URL})
	if err != nil || health.OK || !strings.Contains(health.Message, "did not answer in time") || ctx.Err() != nil {
		t.Errorf("%+v, %v, %v", health, err, ctx.Err())
	}
}

// What leads to a private address tells nothing of what is there: neither the address nor whether anything answers.
func TestCheckIsNoPortScanner(t *testing.T) {
	t.Parallel()
	s, _ := open(t, databasetest.New(t))
	s.Policy = safehttp.Policy{}
	s.Client = safehttp.New(s.Policy, "test")
	address := "https://localhost/"
	health, err := s.Check(t.Context(), "", repository.Input{Type: entrepository.TypeCOMPOSER, URL: &address})
	if err != nil || health.OK || health.Message != "Its host leads to a private address, which this server does not reach. Whoever runs the server can allow it: BROKER_ALLOWED_UPSTREAMS." {
		t.Errorf("%+v, %v", health, err)
	}
	for _, refused := range []string{"http://localhost/", "https://localhost:8443/", "https://127.0.0.1/", "ftp://localhost/"} {
		_, err := s.Check(t.Context(), "", repository.Input{Type: entrepository.TypeCOMPOSER, URL: &refused})
		if invalid, ok := errors.AsType[*fault.Invalid](err); !ok || invalid.Field != "url" {
			t.Errorf("%s: %v", refused, err)
		}
	}
}

// A stored credential is sent to the very address it was stored for: not to another host, port or path that somebody who
// may manage repositories types in, and not after the address was changed back and forth.
func TestStoredCredentialStaysWithItsAddress(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	s, _ := open(t, db)
	own, other := newUpstream(t, says(twoPackages)), newUpstream(t, says(twoPackages))
	row, err := s.Create(t.Context(), repository.Input{Name: say("main"), Type: entrepository.TypeCOMPOSER, URL: say(own.URL + "/one"), Packages: []string{}, Credential: basic})
	if err != nil {
		t.Fatal(err)
	}
	check := func(url *string, c *repository.Credential) repository.Health {
		t.Helper()
		health, err := s.Check(t.Context(), row.ID, repository.Input{Type: entrepository.TypeCOMPOSER, URL: url, Credential: c})
		if err != nil || !health.OK {
			t.Fatalf("%+v, %v", health, err)
		}
		return health
	}
	for _, url := range []string{other.URL + "/one", own.URL + "/two", own.URL, own.URL + "/one?x", strings.Replace(own.URL, "127.0.0.1", "127.0.0.2", 1) + "/one"} {
		if strings.Contains(url, "127.0.0.2") {
			continue // nobody listens there
		}
		health := check(&url, nil)
		if want := "The stored credential is for " + own.URL + "/one only and was not sent"; !strings.Contains(health.Message, want) || strings.Contains(health.Message, "with the credential") {
			t.Errorf("%s: %s", url, health.Message)
		}
	}
	for _, sent := range append(own.got(), other.got()...) {
		if sent != "" {
			t.Fatalf("the credential was sent: %q", sent)
		}
	}
	for _, url := range []*string{nil, row.URL} {
		if health := check(url, nil); !strings.Contains(health.Message, "with the credential") {
			t.Errorf("unchanged: %s", health.Message)
		}
	}
	if sent := own.got(); sent[len(sent)-1] == "" {
		t.Error("the credential was not sent to its own address")
	}
	check(nil, &repository.Credential{Type: entrepository.CredentialTypeNONE})
	if sent := own.got(); sent[len(sent)-1] != "" {
		t.Error("the credential was sent although none was chosen")
	}
	if now := db.Client.Repository.GetX(t.Context(), row.ID); *now.URL != own.URL+"/one" {
		t.Errorf("a check changed it: %v", now)
	}
}

// A check of a git repository counts its branches and tags and finds composer.json, with its credential; nothing of it is
// kept, and when its token ends is asked for at its own origin and noted.
func TestCheckOfGitRepositories(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	s := openGit(t, db)
	host := servicetest.NewGitHost(t)
	lib := host.Repo("lib")
	lib.Tag("v1.0.0", lib.Commit("refs/heads/main", 1700000000, servicetest.Files("composer.json", `{"name":"acme/lib"}`)))
	lib.Git("branch", "other", "main")
	lib.Git("config", "uploadpack.allowFilter", "true")
	mono := host.Repo("mono")
	mono.Commit("refs/heads/main", 1700000000, servicetest.Files("packages/a/composer.json", "{}", "packages/b/composer.json", "{}"))
	host.Repo("empty")
	check := func(in repository.Input) repository.Health {
		t.Helper()
		in.Type = entrepository.TypeVCS
		health, err := s.Check(t.Context(), "", in)
		if err != nil {
			t.Fatal(err)
		}
		return health
	}
	for name, test := range map[string]struct {
		path  string
		paths []string
		ok    bool
		says  []string
	}{
		"a library":        {"/lib.git", nil, true, []string{"2 branches and 1 tag", "Its default branch has composer.json."}},
		"a monorepo":       {"/mono.git", []string{"packages/*"}, true, []string{"1 branch and no tag", "2 composer.json files at these paths"}},
		"without its path": {"/mono.git", nil, true, []string{"There is no composer.json at the top"}},
		"wrong paths":      {"/mono.git", []string{"modules/*"}, true, []string{"no composer.json at these paths"}},
		"empty":            {"/empty.git", nil, false, []string{"neither branches nor tags"}},
		"not there":        {"/nothing.git", nil, false, []string{"no repository at this address"}},
	} {
		health := check(repository.Input{URL: say(host.URL + test.path), Paths: test.paths})
		for _, part := range test.says {
			if health.OK != test.ok || !strings.Contains(health.Message, part) {
				t.Errorf("%s: %+v", name, health)
			}
		}
	}
	left, err := filepath.Glob(filepath.Join(s.Git.Dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range left {
		if kept, err := os.ReadDir(folder); strings.HasSuffix(folder, ".git") || err == nil && len(kept) > 0 {
			t.Errorf("%s is left, with %v", folder, kept)
		}
	}

	host.Ask("x-access-token", secretValue)
	token := &repository.Credential{Type: entrepository.CredentialTypeGITHUB, Secret: secretValue}
	if health := check(repository.Input{URL: say(host.URL + "/lib.git")}); health.OK || !strings.Contains(health.Message, "credential") {
		t.Errorf("without a token: %+v", health)
	}
	behind := host.Server.Config.Handler
	api := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/api/v3/rate_limit" && r.Header.Get("Authorization") == "Bearer "+secretValue:
			w.Header().Set("github-authentication-token-expiration", "2032-01-02 03:04:05 +0100")
		default:
			behind.ServeHTTP(w, r)
		}
	})
	health := check(repository.Input{URL: say(api.URL + "/lib.git"), Credential: token})
	ends := time.Date(2032, 1, 2, 2, 4, 5, 0, time.UTC)
	if !health.OK || health.CredentialExpiresAt == nil || !health.CredentialExpiresAt.Equal(ends) || strings.Contains(health.Message, secretValue) {
		t.Errorf("with a token: %+v", health)
	}
	row, err := s.Create(t.Context(), repository.Input{Name: say("lib"), Type: entrepository.TypeVCS, URL: say(api.URL + "/lib.git"), Packages: []string{}, Credential: token})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.LookAtCredentials(t.Context()); err != nil {
		t.Fatal(err)
	}
	if noted := db.Client.Repository.GetX(t.Context(), row.ID).CredentialExpiresAt; noted == nil || !noted.Equal(ends) {
		t.Errorf("noted is %v", noted)
	}
	if _, err := s.Update(t.Context(), row.ID, repository.Input{Credential: &repository.Credential{Type: entrepository.CredentialTypeNONE}}); err != nil {
		t.Fatal(err)
	}
	if noted := db.Client.Repository.GetX(t.Context(), row.ID).CredentialExpiresAt; noted != nil {
		t.Errorf("the end of a credential that was replaced is still told: %v", noted)
	}
}

// One caller checks so many sources a minute, and no more; others are not held up by it.
func TestChecksAreCounted(t *testing.T) {
	t.Parallel()
	s, _ := open(t, databasetest.New(t))
	now := time.Now()
	for i := range 20 {
		if err := s.MayCheck("usr_a", now.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatalf("check %d: %v", i, err)
		}
	}
	var busy *fault.Busy
	if err := s.MayCheck("usr_a", now.Add(30*time.Second)); !errors.As(err, &busy) {
		t.Errorf("the 21st within a minute: %v", err)
	}
	if err := s.MayCheck("usr_b", now.Add(30*time.Second)); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	if err := s.MayCheck("usr_a", now.Add(61*time.Second)); err != nil {
		t.Errorf("after a minute: %v", err)
	}
}
