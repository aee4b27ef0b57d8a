package organization_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	entorganization "broker/ent/organization"
	entrepository "broker/ent/repository"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/organization"
	"broker/server/seal"
)

// A token that an organization is given goes to those of its repositories alone that are at its host and have no
// credential of their own: not to one that a person pointed elsewhere, or gave a user name without a password.
func TestATokenIsGivenToNoOtherOrigin(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		f := newFake(t, entorganization.HostGITHUB, upstream{id: 1, path: "acme/a"}, upstream{id: 2, path: "acme/b"},
			upstream{id: 3, path: "acme/c"}, upstream{id: 4, path: "acme/d"}, upstream{id: 5, path: "acme/e"})
		f.token = ""
		none := ""
		org := w.add(f, organization.Input{Token: &none})
		rows := w.db.Client.Repository.Query().Order(entrepository.ByUpstreamID()).AllX(t.Context())
		if len(rows) != 5 {
			t.Fatalf("%d repositories, want 5", len(rows))
		}
		for i, address := range []string{"https://evil.example/acme/a.git", f.URL + ".evil.example/acme/b.git", "ssh://git@evil.example/acme/c.git"} {
			w.must(w.db.Client.Repository.UpdateOne(rows[i]).SetURL(address).Exec(t.Context()))
		}
		w.must(w.db.Client.Repository.UpdateOne(rows[3]).SetCredentialType(entrepository.CredentialTypeHTTP_BASIC).Exec(t.Context()))
		secret := "the-new-token"
		_, err := w.service.Update(t.Context(), org.ID, organization.Input{Token: &secret})
		w.must(err)
		for i, want := range []entrepository.CredentialType{entrepository.CredentialTypeNONE, entrepository.CredentialTypeNONE, entrepository.CredentialTypeNONE, entrepository.CredentialTypeHTTP_BASIC, entrepository.CredentialTypeGITHUB} {
			if row := w.db.Client.Repository.GetX(t.Context(), rows[i].ID); row.CredentialType != want {
				t.Errorf("%s has a credential of type %s, want %s", *row.URL, row.CredentialType, want)
			}
		}
	})
}

// A token that an organization gets while it is looked through reaches the repositories that are added meanwhile, so that
// the next one does as well.
func TestATokenReachesWhatIsAddedMeanwhile(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		f := newFake(t, entorganization.HostGITHUB, upstream{id: 1, path: "acme/a"}, upstream{id: 2, path: "acme/b"}, upstream{id: 3, path: "acme/c"})
		f.token = ""
		first, second, third := "FIRST-TOKEN", "SECOND-TOKEN", "THIRD-TOKEN"
		org, err := w.service.Add(t.Context(), organization.Input{Host: f.kind, URL: &f.URL, Name: "acme", Token: &first})
		w.must(err)
		var once sync.Once
		f.refuse = func(rw http.ResponseWriter, r *http.Request) bool {
			if strings.Contains(r.URL.Path, "contents") {
				once.Do(func() {
					_, err := w.service.Update(t.Context(), org.ID, organization.Input{Token: &second})
					w.must(err)
				})
			}
			return false
		}
		w.must(w.service.Walk(t.Context(), org.ID))
		w.walk(org.ID)
		_, err = w.service.Update(t.Context(), org.ID, organization.Input{Token: &third})
		w.must(err)
		sealer, err := seal.New(make([]byte, seal.KeySize))
		w.must(err)
		for _, row := range w.db.Client.Repository.Query().AllX(t.Context()) {
			plain, err := sealer.Open(*row.Credential, "repository|"+row.ID+"|credential")
			w.must(err)
			if !strings.Contains(string(plain), third) {
				t.Errorf("%s has %s", row.Name, plain)
			}
		}
	})
}
