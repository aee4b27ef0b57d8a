package organization_test

import (
	"testing"

	entorganization "broker/ent/organization"
	entrepository "broker/ent/repository"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/organization"
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
