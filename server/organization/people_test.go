package organization_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/auditevent"
	entorganization "broker/ent/organization"
	entrepository "broker/ent/repository"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/jobs"
	"broker/server/organization"
	"broker/server/repository"
)

// byHand adds a git repository as a person does.
func (w *world) byHand(name, address string, c repository.Credential) *ent.Repository {
	w.Helper()
	row, err := w.repositories.Create(audit.WithActor(w.Context(), audit.Actor{ID: "usr_anna", Name: "anna"}), repository.Input{
		Name: &name, Type: entrepository.TypeVCS, URL: &address, Credential: &c, Packages: []string{}, Owns: []string{}, CooldownExceptions: []string{}})
	w.must(err)
	return row
}

// A repository that a person added becomes one of the organization, whatever the case and the end of its address, which
// the audit log tells as the organization's doing. It keeps its name and credential, and stays when the organization is
// removed with what it added.
func TestWhatAPersonAddedIsAdoptedAndStays(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		f := newFake(t, entorganization.HostGITHUB, upstream{id: 1, path: "acme/lib"}, upstream{id: 2, path: "acme/app"}, upstream{id: 3, path: "acme/tool"})
		own := repository.Credential{Type: entrepository.CredentialTypeGITHUB, Secret: "my-own-token"}
		mine := []*ent.Repository{w.byHand("my-lib", f.URL+"/Acme/Lib", own), w.byHand("my-app", f.URL+"/acme/app.git/", own)}
		org := w.add(f, organization.Input{})
		if got := w.names(f); len(got) != 3 {
			t.Fatalf("there are %v, want the two that were there and the third", got)
		}
		for _, before := range mine {
			row := db.Client.Repository.GetX(t.Context(), before.ID)
			if row.Name != before.Name || string(*row.Credential) != string(*before.Credential) || row.OrganizationID == nil || *row.OrganizationID != org.ID {
				t.Errorf("adopted as %v", row)
			}
			event := db.Client.AuditEvent.Query().Where(auditevent.Action("repository.adopt"), auditevent.Target(row.ID)).OnlyX(t.Context())
			if event.ActorID != org.ID || event.Actor != "organization acme" || !strings.Contains(event.Details, org.ID) || !strings.Contains(event.Details, row.Name) {
				t.Errorf("the audit log tells of %s by %s (%s)", event.Details, event.Actor, event.ActorID)
			}
		}
		if by := db.Client.AuditEvent.Query().Where(auditevent.Action("repository.create"), auditevent.ActorID(org.ID)).CountX(t.Context()); by != 1 {
			t.Errorf("the organization added %d, as the audit log tells, want 1", by)
		}
		w.must(w.service.Remove(t.Context(), org.ID, true))
		var left []string
		for _, row := range db.Client.Repository.Query().Order(ent.Asc(entrepository.FieldName)).AllX(t.Context()) {
			left = append(left, row.Name)
		}
		if !slices.Equal(left, []string{"my-app", "my-lib"}) {
			t.Errorf("%v are left, want what the person had added", left)
		}
	})
}

// A repository that has another name at the host is followed there with the credential that a person gave it; the
// organization's own credential stays as well. One that a person pointed elsewhere is told of, and not followed.
func TestARenameLeavesThePersonsCredential(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		f := newFake(t, entorganization.HostGITHUB, upstream{id: 1, path: "acme/token"}, upstream{id: 2, path: "acme/basic"}, upstream{id: 3, path: "acme/none"},
			upstream{id: 4, path: "acme/ours"}, upstream{id: 5, path: "acme/elsewhere"}, upstream{id: 6, path: "acme/case"})
		org := w.add(f, organization.Input{})
		named := func(name string) *ent.Repository {
			return db.Client.Repository.Query().Where(entrepository.Name(name)).OnlyX(t.Context())
		}
		for name, own := range map[string]repository.Credential{
			"token": {Type: entrepository.CredentialTypeGITHUB, Secret: "a-persons-own"},
			"basic": {Type: entrepository.CredentialTypeHTTP_BASIC, Username: "anna", Secret: "x"},
			"none":  {Type: entrepository.CredentialTypeNONE},
		} {
			_, err := w.repositories.Update(t.Context(), named(name).ID, repository.Input{Credential: &own})
			w.must(err)
		}
		other := f.URL + "/acme/a-fork.git"
		_, err := w.repositories.Update(t.Context(), named("elsewhere").ID, repository.Input{URL: &other, Credential: &repository.Credential{Type: "GITHUB", Secret: "x"}})
		w.must(err)
		before := map[string]*ent.Repository{}
		for _, row := range db.Client.Repository.Query().AllX(t.Context()) {
			before[row.Name] = row
		}
		f.with(func() {
			for i := range f.repos[:5] {
				f.repos[i].path += "-renamed"
			}
			f.repos[5].path = "Acme/CASE"
		})
		org = w.walk(org.ID)
		for name, had := range before {
			row := named(name)
			if row.CredentialType != had.CredentialType || (row.Credential == nil) != (had.Credential == nil) || row.Credential != nil && string(*row.Credential) != string(*had.Credential) {
				t.Errorf("%s has another credential than before", name)
			}
			want := f.URL + "/acme/" + name + "-renamed.git"
			switch name {
			case "elsewhere":
				want = other
			case "case":
				want = f.URL + "/acme/case.git"
			}
			if *row.URL != want {
				t.Errorf("%s is at %s, want %s", name, *row.URL, want)
			}
		}
		if !strings.Contains(textOf(org.Notice), "elsewhere has another address") {
			t.Errorf("it says %q", textOf(org.Notice))
		}
	})
}

// The address of a rename is no way to have a credential sent to another host.
func TestARenameIsOfTheSameHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	row := w.byHand("lib", "https://git.example.org/acme/lib.git", repository.Credential{Type: entrepository.CredentialTypeGITHUB, Secret: "x"})
	for _, address := range []string{"https://evil.example/acme/lib.git", "https://git.example.org:8443/acme/lib.git", "ssh://git.example.org/acme/lib.git"} {
		if _, err := w.repositories.Update(t.Context(), row.ID, repository.Input{URL: &address, Renamed: true}); err == nil {
			t.Errorf("the credential would be sent to %s", address)
		}
	}
}

// An organization that is removed with its repositories while it is looked through leaves none of them, and the look ends.
func TestRemovedWhileItIsLookedThrough(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		var all []upstream
		for i := range 60 {
			all = append(all, upstream{id: i + 1, path: fmt.Sprintf("acme/lib-%d", i)})
		}
		f := newFake(t, entorganization.HostGITHUB, all...)
		secret := token
		org, err := w.service.Add(t.Context(), organization.Input{Host: f.kind, URL: &f.URL, Name: "acme", Token: &secret})
		w.must(err)
		removed := make(chan error, 1)
		f.refuse = func(http.ResponseWriter, *http.Request) bool {
			if f.looks == 20 {
				f.looks++
				go func() { removed <- w.service.Remove(context.WithoutCancel(t.Context()), org.ID, true) }()
			}
			return false
		}
		w.must(w.service.Walk(t.Context(), org.ID))
		w.must(<-removed)
		if left := db.Client.Repository.Query().CountX(t.Context()); left > 0 {
			t.Errorf("%d repositories are left of an organization that was removed with them", left)
		}
	})
}

// A pause during a look is in force for the next repository, and says nothing of a failure; resumed, the look goes on.
func TestPausedWhileItIsLookedThrough(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		var all []upstream
		for i := range 40 {
			all = append(all, upstream{id: i + 1, path: fmt.Sprintf("acme/lib-%d", i)})
		}
		f := newFake(t, entorganization.HostGITHUB, all...)
		secret, no, yes := token, false, true
		org, err := w.service.Add(t.Context(), organization.Input{Host: f.kind, URL: &f.URL, Name: "acme", Token: &secret})
		w.must(err)
		var once sync.Once
		before, paused := 0, make(chan struct{})
		f.refuse = func(http.ResponseWriter, *http.Request) bool {
			if f.looks == 10 {
				once.Do(func() {
					_, err := w.service.Update(t.Context(), org.ID, organization.Input{Enabled: &no})
					w.must(err)
					before = db.Client.Repository.Query().CountX(t.Context())
					close(paused)
				})
			}
			return false
		}
		w.must(w.service.Walk(t.Context(), org.ID))
		<-paused // the look may end before who paused it has counted
		org = db.Client.Organization.GetX(t.Context(), org.ID)
		if got := db.Client.Repository.Query().CountX(t.Context()); got != before || before == 40 || org.LastError != nil || org.WalkedUntil != nil {
			t.Errorf("%d were added after the pause, %d before it; it says %q", got-before, before, textOf(org.LastError))
		}
		if _, looks, _ := f.counted(); looks > 10+8 {
			t.Errorf("%d repositories were looked into, although it was paused after 10", looks)
		}
		f.with(func() { f.refuse = nil })
		_, err = w.service.Update(t.Context(), org.ID, organization.Input{Enabled: &yes})
		w.must(err)
		w.must(w.service.Walk(t.Context(), org.ID))
		if got := w.names(f); len(got) != 40 {
			t.Errorf("resumed, there are %d, want 40", len(got))
		}
	})
}

// A host that names a time is not asked before it, whoever has the organization looked through: not for a webhook, a
// person's click, a change of its patterns or a process that was lost. Another token has a limit of its own.
func TestAHostIsNotAskedBeforeItAllows(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		f := newFake(t, entorganization.HostGITHUB, upstream{id: 1, path: "acme/lib"})
		asked := 0
		f.refuse = func(rw http.ResponseWriter, _ *http.Request) bool {
			asked++
			rw.Header().Set("Retry-After", strconv.Itoa(3600))
			rw.WriteHeader(http.StatusTooManyRequests)
			return true
		}
		org := w.add(f, organization.Input{})
		for range 3 {
			_, err := w.service.Changed(t.Context(), org.ID)
			w.must(err)
			w.must(w.service.Walk(t.Context(), org.ID))
			org = w.walk(org.ID)
			_, err = w.service.Update(t.Context(), org.ID, organization.Input{Exclude: []string{"x"}})
			w.must(err)
			same := token
			_, err = w.service.Update(t.Context(), org.ID, organization.Input{Token: &same})
			w.must(err)
			w.must(w.service.Walk(t.Context(), org.ID))
			w.must(db.Client.Organization.UpdateOneID(org.ID).SetWalkedUntil(time.Now().Add(-time.Minute).UTC()).Exec(t.Context()))
			w.must(w.service.Walk(t.Context(), org.ID))
			w.must(db.Client.Organization.UpdateOneID(org.ID).ClearWalkedUntil().Exec(t.Context()))
			w.clock.Add(15 * 60)
		}
		if asked != 1 {
			t.Errorf("the host was asked %d times within its hour", asked)
		}
		if !strings.Contains(textOf(org.LastError), "limit of requests is used up") {
			t.Errorf("it says %q", textOf(org.LastError))
		}
		f.with(func() { f.refuse, f.token = nil, "another" })
		other := "another"
		_, err := w.service.Update(t.Context(), org.ID, organization.Input{Token: &other})
		w.must(err)
		w.must(w.service.Walk(t.Context(), org.ID))
		if got := w.names(f); len(got) != 1 {
			t.Errorf("with another token there are %v", got)
		}
	})
}

// Hosts tell no acme from Acme: it is one organization, and what two have is added once. Two that an older version took
// stay, and are looked through.
func TestCaseMakesNoOther(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		f := newFake(t, entorganization.HostGITHUB, upstream{id: 1, path: "acme/a"}, upstream{id: 2, path: "acme/b"})
		f.refuse = func(rw http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/orgs/Acme/") {
				return false
			}
			f.list(rw, r, func(upstream) bool { return true })
			return true
		}
		w.add(f, organization.Input{})
		secret := token
		for _, name := range []string{"acme", "Acme", " ACME/"} {
			if _, err := w.service.Add(t.Context(), organization.Input{Host: f.kind, URL: &f.URL, Name: name, Token: &secret}); err == nil || !strings.Contains(err.Error(), "added already") {
				t.Errorf("%q is added as well: %v", name, err)
			}
		}
		second := db.Client.Organization.Create().SetHost(f.kind).SetURL(f.URL).SetName("Acme").SetDueAt(time.Now().UTC()).SaveX(t.Context())
		_, err := w.service.Update(t.Context(), second.ID, organization.Input{Token: &secret})
		w.must(err)
		if second = w.walk(second.ID); second.LastError != nil || second.Notice != nil {
			t.Errorf("of the second it says %s, %s", textOf(second.LastError), textOf(second.Notice))
		}
		if got := w.names(f); len(got) != 2 {
			t.Errorf("there are %v, want each once", got)
		}
	})
}

// Of a user whose own token is given, private repositories are added as well; another token, or an app's, sees the public
// ones.
func TestPrivateRepositoriesOfAUser(t *testing.T) {
	t.Parallel()
	for self, want := range map[string]int{"Anna": 2, "bob": 1, "": 1} {
		t.Run("the token of "+self, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, databasetest.New(t))
			f := newFake(t, entorganization.HostGITHUB, upstream{id: 1, path: "anna/open"}, upstream{id: 2, path: "anna/closed", private: true})
			f.user, f.self = true, self
			org := w.add(f, organization.Input{})
			if got := w.names(f); len(got) != want || org.LastError != nil {
				t.Errorf("there are %v, want %d; it says %q", got, want, textOf(org.LastError))
			}
			f.counted()
			w.walk(org.ID)
			if lists, _, unseen := f.counted(); lists != 0 || unseen != 1 {
				t.Errorf("where nothing changed, %d pages were read, %d asked for", lists, unseen)
			}
		})
	}
}

// An organization whose look ended with its process, or whose job was lost, is looked through again by the chore, and one
// that is not due, paused, or limited by its host is not.
func TestTheChoreAsksForWhatIsDue(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		now := time.Now().UTC()
		for name, change := range map[string]func(*ent.OrganizationCreate){
			"lost":    func(c *ent.OrganizationCreate) { c.SetWalkedUntil(now.Add(-time.Second)).SetDueAt(now.Add(time.Hour)) },
			"due":     func(c *ent.OrganizationCreate) { c.SetDueAt(now.Add(-time.Second)) },
			"waited":  func(c *ent.OrganizationCreate) { c.SetDueAt(now.Add(-time.Hour)).SetWaitUntil(now.Add(-time.Second)) },
			"begun":   func(c *ent.OrganizationCreate) { c.SetWalkedUntil(now.Add(time.Hour)).SetDueAt(now.Add(-time.Hour)) },
			"later":   func(c *ent.OrganizationCreate) { c.SetDueAt(now.Add(time.Hour)) },
			"paused":  func(c *ent.OrganizationCreate) { c.SetDueAt(now.Add(-time.Hour)).SetEnabled(false) },
			"limited": func(c *ent.OrganizationCreate) { c.SetDueAt(now.Add(-time.Hour)).SetWaitUntil(now.Add(time.Hour)) },
		} {
			create := db.Client.Organization.Create().SetHost("GITHUB").SetURL("https://git.example.org").SetName(name)
			change(create)
			create.SaveX(t.Context())
		}
		var mu sync.Mutex
		var asked []string
		all := make(chan struct{})
		w.repositories.Syncs.Handle(organization.Task, func(ctx context.Context, id string) error {
			mu.Lock()
			defer mu.Unlock()
			name := db.Client.Organization.GetX(ctx, id).Name
			if slices.Contains(asked, name) {
				return nil
			}
			if asked = append(asked, name); len(asked) == 3 {
				close(all)
			}
			return nil
		})
		w.must(w.repositories.Syncs.Start(t.Context(), func(context.Context, *jobs.Run) error { return nil }))
		w.must(w.service.AskDue(t.Context()))
		select {
		case <-all:
		case <-time.After(time.Minute):
			t.Error("not all were asked for within a minute")
		}
		mu.Lock()
		defer mu.Unlock()
		slices.Sort(asked)
		if !slices.Equal(asked, []string{"due", "lost", "waited"}) {
			t.Errorf("%v were asked for", asked)
		}
	})
}
