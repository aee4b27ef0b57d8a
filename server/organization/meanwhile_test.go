package organization_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	entorganization "broker/ent/organization"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/organization"
)

// What is wanted of an organization holds although it is changed while the organization is looked through.
func TestAChangeDuringALookIsNotLost(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		f := newFake(t, entorganization.HostGITHUB, upstream{id: 1, path: "acme/lib"}, upstream{id: 2, path: "acme/app"})
		secret := token
		org, err := w.service.Add(t.Context(), organization.Input{Host: f.kind, URL: &f.URL, Name: "acme", Token: &secret, Include: []string{"lib"}})
		w.must(err)
		changed := false
		f.refuse = func(_ http.ResponseWriter, r *http.Request) bool {
			if !changed && strings.Contains(r.URL.Path, "contents") {
				changed = true
				_, err := w.service.Update(t.Context(), org.ID, organization.Input{Include: []string{"*"}})
				w.must(err)
			}
			return false
		}
		w.must(w.service.Walk(t.Context(), org.ID))
		w.walk(org.ID)
		if names := w.names(f); len(names) != 2 {
			t.Errorf("there are %v, want both repositories", names)
		}
	})
}

// An organization whose look ended with its process is looked through again once nobody else can be at it.
func TestALookThatEndedWithItsProcessIsMadeAgain(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		f := newFake(t, entorganization.HostGITHUB, upstream{id: 1, path: "acme/lib"})
		secret := token
		org, err := w.service.Add(t.Context(), organization.Input{Host: f.kind, URL: &f.URL, Name: "acme", Token: &secret})
		w.must(err)
		begun := w.service.Now().UTC()
		w.must(w.db.Client.Organization.UpdateOneID(org.ID).SetWalkedUntil(begun.Add(11 * time.Minute)).SetDueAt(begun.Add(time.Hour)).Exec(t.Context()))
		w.must(w.service.Walk(t.Context(), org.ID))
		if names := w.names(f); len(names) != 0 {
			t.Errorf("there are %v while another process looks, want none", names)
		}
		w.clock.Add(12 * 60)
		w.must(w.service.Walk(t.Context(), org.ID))
		if names := w.names(f); len(names) != 1 {
			t.Errorf("there are %v after the lease, want the one", names)
		}
	})
}
