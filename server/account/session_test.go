package account

import (
	"testing"
	"time"

	"broker/ent/user"
	"broker/server/database"
	"broker/server/database/databasetest"
)

// A change of role gives each session of the person another value with its next request, once of however many; the value
// of before works for those that were under way, and no longer.
func TestRolesRenewSessions(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		go db.Changes.Run(t.Context())
		s, c := newService(t, db)
		s.mustCreate(t, "owner@example.org", user.RoleOWNER)
		anna := s.mustCreate(t, "anna@example.org", user.RoleMAINTAINER)
		old := s.begin(t, anna)
		current := func(value string) *Current {
			t.Helper()
			found, err := s.Current(t.Context(), value)
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		before := current(old)
		if before == nil || before.Renewed != nil {
			t.Fatalf("before: %+v", before)
		}
		viewer := user.RoleVIEWER
		if _, err := s.Update(t.Context(), anna.ID, Changes{Role: &viewer}); err != nil {
			t.Fatal(err)
		}
		var renewed string
		for range 3 { // the first one that knows of the change has the new value
			if found := current(old); found != nil && found.Renewed != nil {
				if renewed != "" {
					t.Error("renewed twice")
				}
				renewed = found.Renewed.Value
			} else if found == nil {
				t.Error("a request that was under way is refused")
			}
		}
		if renewed == "" || renewed == old {
			t.Fatalf("the new value is %q", renewed)
		}
		after := current(renewed)
		if after == nil || after.SessionID != before.SessionID || after.Renewed != nil || after.User.Role != viewer {
			t.Errorf("afterwards: %+v", after)
		}
		c.advance(renewFor + time.Second)
		if current(old) != nil {
			t.Error("the value of before works on")
		}
		if current(renewed) == nil {
			t.Error("the new value ended with the one of before")
		}
		name := "Anna"
		if _, err := s.Update(t.Context(), anna.ID, Changes{Name: &name}); err != nil {
			t.Fatal(err)
		}
		if found := current(renewed); found == nil || found.Renewed != nil {
			t.Error("another name renews the session")
		}
	})
}

// Whoever signs in in a browser that has a session gets another one, and that one ends: also where it was another person's.
func TestSigningInEndsTheSessionOfBefore(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, _ := newService(t, db)
		anna, ben := s.mustCreate(t, "anna@example.org", user.RoleOWNER), s.mustCreate(t, "ben@example.org", user.RoleVIEWER)
		first, elsewhere := s.begin(t, anna), s.begin(t, anna)
		browser := from("192.0.2.1")
		browser.Session = s.alive(t, first)
		second, err := s.SignIn(t.Context(), anna.Email, password, "", browser)
		if err != nil {
			t.Fatal(err)
		}
		if s.alive(t, first) != "" || s.alive(t, second.Value) == "" || s.alive(t, elsewhere) == "" {
			t.Error("signing in again")
		}
		browser.Session = s.alive(t, second.Value)
		if _, err := s.SignIn(t.Context(), ben.Email, "wrong", "", browser); err == nil || s.alive(t, second.Value) == "" {
			t.Errorf("a wrong password ends the session: %v", err)
		}
		third, err := s.SignIn(t.Context(), ben.Email, password, "", browser)
		if err != nil || s.alive(t, second.Value) != "" || s.alive(t, third.Value) == "" {
			t.Errorf("signing in as somebody else: %v", err)
		}
	})
}
