package organization_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"broker/ent"
	entorganization "broker/ent/organization"
	entrepository "broker/ent/repository"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fault"
	"broker/server/git"
	"broker/server/jobs"
	"broker/server/organization"
	"broker/server/repository"
	"broker/server/safehttp"
	"broker/server/seal"
	"broker/server/servicetest"
)

// world looks through organizations when a test says so; nothing syncs what it adds.
type world struct {
	*testing.T
	db           *database.DB
	service      *organization.Service
	repositories *repository.Service
	clock        atomic.Int64 // seconds after now
}

func newWorld(t *testing.T, db *database.DB) *world {
	t.Helper()
	servicetest.Require(t, "git", "git")
	w := &world{T: t, db: db}
	log := slog.New(slog.DiscardHandler)
	queue, err := jobs.New(db, jobs.DefaultPace, log)
	w.must(err)
	t.Cleanup(func() { queue.Stop(context.WithoutCancel(t.Context())) })
	sealer, err := seal.New(make([]byte, seal.KeySize))
	w.must(err)
	policy, err := safehttp.ParsePolicy("127.0.0.0/8")
	w.must(err)
	pace := safehttp.DefaultPace
	pace.Tries = 1
	w.repositories = repository.New(repository.Config{
		DB: db, Audit: databasetest.Log(db), Syncs: queue, Client: safehttp.NewPaced(policy, "test", pace), Policy: policy, Sealer: sealer,
		Git: git.New(git.Config{Dir: filepath.Join(t.TempDir(), "git"), HTTP: policy.AllowsPlain, Limits: git.DefaultLimits,
			Route: func(context.Context, *url.URL) (git.Route, error) {
				return git.Route{Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}, nil
			}}),
	})
	w.service = &organization.Service{DB: db, Audit: databasetest.Log(db), Sealer: sealer, Repositories: w.repositories, Log: log,
		Now: func() time.Time { return time.Now().Add(time.Duration(w.clock.Load()) * time.Second) }}
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// add adds the organization of a fake host, and looks through it.
func (w *world) add(f *fake, more organization.Input) *ent.Organization {
	w.Helper()
	name, secret := "acme", token
	if f.kind == entorganization.HostGITLAB {
		name = "acme/php"
	}
	if f.user {
		name = "anna"
	}
	more.Host, more.URL, more.Name = f.kind, &f.URL, name
	if more.Token == nil {
		more.Token = &secret
	}
	row, err := w.service.Add(w.Context(), more)
	w.must(err)
	return w.walk(row.ID)
}

// walk looks through an organization, as if somebody had asked for it.
func (w *world) walk(id string) *ent.Organization {
	w.Helper()
	_, err := w.service.Sync(w.Context(), id)
	w.must(err)
	w.must(w.service.Walk(w.Context(), id))
	row := w.db.Client.Organization.GetX(w.Context(), id)
	if row.WalkedUntil != nil {
		w.Fatal("nobody looks through it any more, and it says so")
	}
	return row
}

// names are the repositories that are here, with their addresses at a host.
func (w *world) names(f *fake) []string {
	w.Helper()
	var all []string
	for _, row := range w.db.Client.Repository.Query().Order(ent.Asc(entrepository.FieldName)).AllX(w.Context()) {
		all = append(all, row.Name+" "+strings.TrimPrefix(*row.URL, f.URL))
	}
	return all
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

var kinds = []entorganization.Host{entorganization.HostGITHUB, entorganization.HostGITLAB, entorganization.HostGITEA}

// each runs a test for each kind of host.
func each(t *testing.T, test func(t *testing.T, kind entorganization.Host, owner string)) {
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			owner := "acme"
			if kind == entorganization.HostGITLAB {
				owner = "acme/php"
			}
			test(t, kind, owner)
		})
	}
}

// Of an organization of any kind of host those repositories are added that have a composer.json and are no fork, archived
// or empty, with its token and at its own address, whatever the host says of others; new ones as they come.
func TestRepositoriesAreAddedAsTheyCome(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind entorganization.Host, owner string) {
		databasetest.Each(t, func(t *testing.T, db *database.DB) {
			w := newWorld(t, db)
			f := newFake(t, kind,
				upstream{id: 1, path: owner + "/Lib.PHP"}, upstream{id: 2, path: owner + "/docs", noPackage: true},
				upstream{id: 3, path: owner + "/a-fork", fork: true}, upstream{id: 4, path: owner + "/old", archived: true},
				upstream{id: 5, path: owner + "/none", empty: true}, upstream{id: 6, path: owner + "/tools"}, upstream{id: 7, path: owner + "/../x"}, upstream{id: 8, path: owner + "/-x"})
			row := w.add(f, organization.Input{})
			want := []string{"lib-php /" + owner + "/Lib.PHP.git", "tools /" + owner + "/tools.git"}
			if got := w.names(f); !slices.Equal(got, want) || row.LastError != nil || row.Notice != nil || row.LastSyncedAt == nil {
				t.Fatalf("added %v; %s, %s", got, textOf(row.LastError), textOf(row.Notice))
			}
			for _, one := range db.Client.Repository.Query().WithSyncs().AllX(t.Context()) {
				if one.CredentialType != entrepository.CredentialType(kind) || len(one.Edges.Syncs) != 1 || *one.OrganizationID != row.ID || !one.Enabled || one.Type != "VCS" {
					t.Errorf("added as %v", one)
				}
			}
			f.counted()
			w.walk(row.ID)
			if lists, looks, unseen := f.counted(); lists != 0 || looks != 0 || unseen != 1 {
				t.Errorf("where nothing changed, %d pages were read, %d repositories looked into, %d pages asked for", lists, looks, unseen)
			}
			f.with(func() {
				f.repos = append(f.repos, upstream{id: 9, path: owner + "/new"})
				f.repos[1].noPackage, f.repos[1].changed = false, "2026-02-02T03:04:05Z"
			})
			w.walk(row.ID)
			want = append([]string{"docs /" + owner + "/docs.git"}, want[0], "new /"+owner+"/new.git", want[1])
			if got := w.names(f); !slices.Equal(got, want) {
				t.Errorf("then there are %v", got)
			}
			if _, looks, _ := f.counted(); looks != 2 {
				t.Errorf("%d repositories were looked into for two that are new", looks)
			}
		})
	})
}

// A rename is followed, under the name that the repository has here. What is archived, or gone, stays and is told of;
// what a person removed is not added again, and what they do not want never.
func TestWhatPeopleAndHostsChangeIsKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind entorganization.Host, owner string) {
		w := newWorld(t, databasetest.New(t))
		f := newFake(t, kind, upstream{id: 1, path: owner + "/lib"}, upstream{id: 2, path: owner + "/tools"}, upstream{id: 3, path: owner + "/old"},
			upstream{id: 4, path: owner + "/unwanted"}, upstream{id: 5, path: owner + "/test-one"}, upstream{id: 6, path: owner + "/gone"})
		row := w.add(f, organization.Input{Exclude: []string{"TEST-*"}})
		removed := w.db.Client.Repository.Query().Where(entrepository.Name("unwanted")).OnlyX(t.Context())
		w.must(w.repositories.Delete(t.Context(), removed.ID))
		own := w.db.Client.Repository.Query().Where(entrepository.Name("tools")).OnlyX(t.Context())
		moved := f.URL + "/" + owner + "/fork-of-tools.git"
		_, err := w.repositories.Update(t.Context(), own.ID, repository.Input{URL: &moved, Credential: &repository.Credential{Type: "NONE"}})
		w.must(err)
		f.with(func() {
			f.repos[0].path, f.repos[2].archived = owner+"/library", true
			f.repos = f.repos[:5]
		})
		row = w.walk(row.ID)
		want := []string{"gone /" + owner + "/gone.git", "lib /" + owner + "/library.git", "old /" + owner + "/old.git", "tools /" + owner + "/fork-of-tools.git"}
		if got := w.names(f); !slices.Equal(got, want) {
			t.Errorf("there are %v", got)
		}
		for _, says := range []string{"gone is not in the organization any more", "old is archived at the host", "tools has another address"} {
			if !strings.Contains(textOf(row.Notice), says) {
				t.Errorf("it says %q, not that %s", textOf(row.Notice), says)
			}
		}
		if lib := w.db.Client.Repository.Query().Where(entrepository.Name("lib")).OnlyX(t.Context()); lib.CredentialType != entrepository.CredentialType(kind) {
			t.Error("a repository that was renamed lost its credential")
		}
		no := []string{}
		if _, err = w.service.Update(t.Context(), row.ID, organization.Input{Exclude: no, Include: []string{"test-*"}}); err != nil {
			t.Fatal(err)
		}
		w.walk(row.ID)
		if got := w.names(f); len(got) != 5 || !slices.Contains(got, "test-one /"+owner+"/test-one.git") {
			t.Errorf("with other patterns there are %v", got)
		}
		w.must(w.service.Remove(t.Context(), row.ID, false))
		if got := w.names(f); len(got) != 5 || w.db.Client.Organization.Query().CountX(t.Context()) != 0 {
			t.Errorf("without the organization there are %v", got)
		}
		row = w.add(f, organization.Input{})
		if got := w.names(f); len(got) != 7 { // what is here by its address is not added a second time; tools is at another
			t.Errorf("added again, there are %v", got)
		}
		w.must(w.service.Remove(t.Context(), row.ID, true))
		if got := w.names(f); len(got) != 3 { // gone, old and the first tools were none of it
			t.Errorf("removed with its repositories, there are %v", got)
		}
	})
}

// A host whose limit is used up is left alone until it says, and what was looked at before is not looked at again; each
// kind of host says it in its way.
func TestLimitsOfHostsAreHonoured(t *testing.T) {
	t.Parallel()
	for name, say := range map[string]func(http.Header, time.Time) int{
		"GitHub's": func(h http.Header, until time.Time) int {
			h.Set("X-RateLimit-Remaining", "0")
			h.Set("X-RateLimit-Reset", strconv.FormatInt(until.Unix(), 10))
			return http.StatusForbidden
		},
		"GitHub's second": func(h http.Header, until time.Time) int {
			h.Set("Retry-After", strconv.Itoa(int(time.Until(until).Seconds())))
			return http.StatusForbidden
		},
		"GitLab's": func(h http.Header, until time.Time) int {
			h.Set("RateLimit-Reset", strconv.FormatInt(until.Unix(), 10))
			return http.StatusTooManyRequests
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, databasetest.New(t))
			var repos []upstream
			for i := range 40 {
				repos = append(repos, upstream{id: i + 1, path: fmt.Sprintf("acme/lib-%d", i)})
			}
			f := newFake(t, entorganization.HostGITHUB, repos...)
			until := time.Now().Add(30 * time.Minute)
			f.refuse = func(out http.ResponseWriter, _ *http.Request) bool {
				if f.looks < 20 {
					return false
				}
				out.WriteHeader(say(out.Header(), until))
				return true
			}
			row := w.add(f, organization.Input{})
			if !strings.Contains(textOf(row.LastError), "limit of requests is used up") || row.DueAt.Sub(until).Abs() > 30*time.Second {
				t.Fatalf("it says %q, and goes on at %s", textOf(row.LastError), row.DueAt)
			}
			before := len(w.names(f))
			if before < 12 || before > 20 { // those under way when it came may be looked at again
				t.Errorf("%d were added before", before)
			}
			w.must(w.service.AskDue(t.Context()))
			w.must(w.service.Walk(t.Context(), row.ID))
			if lists, looks, _ := f.counted(); lists != 1 || looks != 20 {
				t.Errorf("the host was not left alone: %d, %d", lists, looks)
			}
			f.with(func() { f.refuse = nil })
			w.clock.Store(31 * 60)
			w.must(w.service.Walk(t.Context(), row.ID))
			if got := w.names(f); len(got) != 40 {
				t.Errorf("then there are %d", len(got))
			}
			if _, looks, _ := f.counted(); looks < 40-before || looks > 40-before+8 {
				t.Errorf("%d were looked at for %d", looks, 40-before)
			}
			if row = w.db.Client.Organization.GetX(t.Context(), row.ID); row.LastError != nil {
				t.Errorf("then it says %s", *row.LastError)
			}
		})
	}
}

// One repository that cannot be looked at, or added, holds up no other; it is told of, and tried again.
func TestOneBadRepositoryHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind entorganization.Host, owner string) {
		w := newWorld(t, databasetest.New(t))
		f := newFake(t, kind, upstream{id: 1, path: owner + "/a"}, upstream{id: 2, path: owner + "/bad", broken: true}, upstream{id: 3, path: owner + "/c"})
		row := w.add(f, organization.Input{})
		if got := w.names(f); len(got) != 2 || !strings.Contains(textOf(row.Notice), "bad (") || row.LastError != nil {
			t.Errorf("added %v; %s, %s", got, textOf(row.Notice), textOf(row.LastError))
		}
		f.with(func() { f.repos[1].broken = false })
		row = w.walk(row.ID)
		if got := w.names(f); len(got) != 3 || row.Notice != nil {
			t.Errorf("then there are %v; %s", got, textOf(row.Notice))
		}
	})
}

// A host that cannot be asked is told of in a sentence, with what to do; what is here stays.
func TestHostsThatRefuseAreToldOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	f := newFake(t, entorganization.HostGITEA, upstream{id: 1, path: "acme/lib"})
	row := w.add(f, organization.Input{})
	answers := func(status int, body string) {
		f.with(func() {
			f.refuse = func(out http.ResponseWriter, _ *http.Request) bool {
				out.WriteHeader(status)
				fmt.Fprint(out, body)
				return true
			}
		})
	}
	for name, c := range map[string]struct {
		status     int
		body, says string
	}{
		"a wrong token":  {401, "", "check the token"},
		"a small token":  {403, "", "check the token"},
		"no such one":    {404, "", `no organization, group or user "acme"`},
		"a fault":        {500, "", "500"},
		"a page of HTML": {200, "<html>", "no list of repositories"},
		"an object":      {200, `{"id":1}`, "no list of repositories"},
		"too much":       {200, "[" + strings.Repeat(" ", 9<<20) + "]", "no list of repositories"},
	} {
		answers(c.status, c.body)
		row = w.walk(row.ID)
		if !strings.Contains(textOf(row.LastError), c.says) || strings.Contains(textOf(row.LastError), token) || len(w.names(f)) != 1 {
			t.Errorf("%s: %s", name, textOf(row.LastError))
		}
		if status := organization.Status(row, time.Now()); status != entrepository.StatusFAILED {
			t.Errorf("%s: it is %s", name, status)
		}
	}
	f.with(func() { f.refuse = nil })
	if row = w.walk(row.ID); row.LastError != nil {
		t.Errorf("then it says %s", *row.LastError)
	}
}

// Names that are taken, too long, or of other characters, are given another way.
func TestNamesAreMadeUnique(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	w.db.Client.Repository.Create().SetName("lib").SetType("COMPOSER").SetURL("https://x.example").SaveX(t.Context())
	w.db.Client.Repository.Create().SetName("acme-php-sub-lib").SetType("COMPOSER").SetURL("https://x.example").SaveX(t.Context())
	long := strings.Repeat("x", 80)
	f := newFake(t, entorganization.HostGITLAB, upstream{id: 1, path: "acme/php/lib"}, upstream{id: 2, path: "acme/php/sub/lib"}, upstream{id: 3, path: "acme/php/sub.lib"},
		upstream{id: 4, path: "acme/php/" + long}, upstream{id: 5, path: "acme/php/" + long + "y"}, upstream{id: 6, path: "acme/php/___"})
	w.add(f, organization.Input{})
	var names []string
	for _, row := range w.db.Client.Repository.Query().Where(entrepository.OrganizationIDNotNil()).AllX(t.Context()) {
		names = append(names, row.Name)
		if len(row.Name) > 64 || strings.Trim(row.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			t.Errorf("%q is no name", row.Name)
		}
	}
	slices.Sort(names)
	if len(names) != 6 || !slices.Contains(names, "acme-php-lib") || !slices.Contains(names, "sub-lib") || !slices.Contains(names, "acme-php-sub-lib-2") || !slices.Contains(names, "repository") {
		t.Errorf("they are called %v", names)
	}
}

// A thousand repositories are looked through in pages, a few at a time; of a user's as well, and where the host is
// configured with a wrong address of its own.
func TestAThousandRepositories(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind entorganization.Host, owner string) {
		w := newWorld(t, databasetest.New(t))
		var repos []upstream
		for i := range 1000 {
			repos = append(repos, upstream{id: i + 1, path: fmt.Sprintf("anna/lib-%d", i), noPackage: i%10 != 0})
		}
		f := newFake(t, kind, repos...)
		f.user, f.badLink = true, true
		begun := time.Now()
		row := w.add(f, organization.Input{})
		t.Logf("1,000 repositories, of which 100 are added: %s", time.Since(begun))
		if got := w.names(f); len(got) != 100 || row.LastError != nil {
			t.Errorf("%d are added; %s", len(got), textOf(row.LastError))
		}
		if time.Since(begun) > 2*time.Minute {
			t.Errorf("it took %s", time.Since(begun))
		}
		f.counted()
		w.walk(row.ID)
		if _, looks, _ := f.counted(); looks != 0 {
			t.Errorf("%d were looked into although nothing changed", looks)
		}
	})
}

// Another token is given to the repositories that had the one before, and to no other; none is ever told.
func TestTokensAreHandedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	f := newFake(t, entorganization.HostGITHUB, upstream{id: 1, path: "acme/lib"}, upstream{id: 2, path: "acme/own"})
	row := w.add(f, organization.Input{})
	own := w.db.Client.Repository.Query().Where(entrepository.Name("own")).OnlyX(t.Context())
	_, err := w.repositories.Update(t.Context(), own.ID, repository.Input{Credential: &repository.Credential{Type: "GITHUB", Secret: "of its own"}})
	w.must(err)
	next := "another"
	f.with(func() { f.token = next })
	if row, err = w.service.Update(t.Context(), row.ID, organization.Input{Token: &next}); err != nil {
		t.Fatal(err)
	}
	if row = w.walk(row.ID); row.LastError != nil {
		t.Errorf("with the other token it says %s", *row.LastError)
	}
	for name, want := range map[string]bool{"lib": true, "own": false} {
		one := w.db.Client.Repository.Query().Where(entrepository.Name(name)).OnlyX(t.Context())
		before := *one.Credential
		w.must(w.repositories.ReplaceToken(t.Context(), one, next, repository.Credential{Type: "GITHUB", Secret: "x"}))
		if got := string(*w.db.Client.Repository.GetX(t.Context(), one.ID).Credential) != string(before); got != want {
			t.Errorf("%s has the token of its organization: %t", name, got)
		}
	}
	for _, event := range w.db.Client.AuditEvent.Query().AllX(t.Context()) {
		if strings.Contains(event.Details, token) || strings.Contains(event.Details, next) {
			t.Errorf("the audit log has a token: %s", event.Details)
		}
	}
}

// What is said of an organization is checked by field; the same one is added once; one that is paused is left alone.
func TestOrganizationInputIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	at := func(s string) *string { return &s }
	for name, c := range map[string]struct {
		in    organization.Input
		field string
	}{
		"no address of Gitea":  {organization.Input{Host: "GITEA", Name: "acme"}, "url"},
		"a private address":    {organization.Input{Host: "GITEA", URL: at("https://10.0.0.1"), Name: "acme"}, "url"},
		"plain http":           {organization.Input{Host: "GITEA", URL: at("http://git.example.org"), Name: "acme"}, "url"},
		"a secret in it":       {organization.Input{Host: "GITEA", URL: at("https://u:p@git.example.org"), Name: "acme"}, "url"},
		"no name":              {organization.Input{Host: "GITHUB"}, "name"},
		"a name that leads up": {organization.Input{Host: "GITLAB", Name: "acme/../x"}, "name"},
		"a path at GitHub":     {organization.Input{Host: "GITHUB", Name: "acme/lib"}, "name"},
		"a token of lines":     {organization.Input{Host: "GITHUB", Name: "acme", Token: at("a\nb")}, "token"},
		"a bad pattern":        {organization.Input{Host: "GITHUB", Name: "acme", Include: []string{"[a"}}, "include"},
		"too many patterns":    {organization.Input{Host: "GITHUB", Name: "acme", Exclude: slices.Repeat([]string{"a"}, 101)}, "exclude"},
	} {
		_, err := w.service.Add(t.Context(), c.in)
		if invalid, ok := err.(*fault.Invalid); !ok || invalid.Field != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	f := newFake(t, entorganization.HostGITHUB)
	row := w.add(f, organization.Input{})
	if _, err := w.service.Add(t.Context(), organization.Input{Host: "GITHUB", URL: at(f.URL + "/"), Name: "acme"}); err == nil {
		t.Error("it is added twice")
	}
	no := false
	_, err := w.service.Update(t.Context(), row.ID, organization.Input{Enabled: &no})
	w.must(err)
	f.counted()
	w.must(w.service.Walk(t.Context(), row.ID))
	if lists, _, unseen := f.counted(); lists+unseen != 0 {
		t.Error("it is looked through while it is paused")
	}
	if _, err := w.service.Sync(t.Context(), row.ID); err == nil {
		t.Error("it can be asked for while it is paused")
	}
}

// Whoever asks for a look while one is under way gets another one after it, and nobody looks twice at once.
func TestALookThatIsAskedForMeanwhileFollows(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		f := newFake(t, entorganization.HostGITHUB, upstream{id: 1, path: "acme/lib"})
		row := w.add(f, organization.Input{})
		f.with(func() {
			asked := false
			f.refuse = func(http.ResponseWriter, *http.Request) bool {
				if !asked {
					asked = true
					if _, err := w.service.Sync(t.Context(), row.ID); err != nil {
						t.Error(err)
					}
					if err := w.service.Walk(t.Context(), row.ID); err != nil { // another process, which leaves it to this one
						t.Error(err)
					}
					f.repos = append(f.repos, upstream{id: 2, path: "acme/new"})
				}
				return false
			}
		})
		f.counted()
		w.walk(row.ID)
		if got := w.names(f); len(got) != 2 {
			t.Errorf("there are %v", got)
		}
		if lists, _, unseen := f.counted(); lists+unseen < 2 || lists+unseen > 4 {
			t.Errorf("%d pages were read, %d asked for", lists, unseen)
		}
	})
}
