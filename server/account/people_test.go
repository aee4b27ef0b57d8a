package account

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/user"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fault"
	"broker/server/seal"
)

// eachTwice runs a test on two instances that share a database: one file, then one PostgreSQL.
func eachTwice(t *testing.T, test func(t *testing.T, one, other *Service, c *clock)) {
	for name, url := range databasetest.URLs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := url(t)
			one, c := sealed(t, databasetest.Open(t, target))
			other, _ := sealed(t, databasetest.Open(t, target))
			other.now = c.now
			test(t, one, other, c)
		})
	}
}

// sealed is a service that has a key.
func sealed(t *testing.T, db *database.DB) (*Service, *clock) {
	t.Helper()
	s, c := newService(t, db)
	sealer, err := seal.New(make([]byte, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	s.SealWith(sealer)
	return s, c
}

func (s *Service) mustCreate(t *testing.T, email string, role user.Role) *ent.User {
	t.Helper()
	row, err := s.Create(t.Context(), email, password, role)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// begin starts a session and returns its value.
func (s *Service) begin(t *testing.T, row *ent.User) string {
	t.Helper()
	started, err := s.Begin(t.Context(), row, from("192.0.2.1"))
	if err != nil {
		t.Fatal(err)
	}
	return started.Value
}

// alive is the id of the session with a value; empty where it has ended.
func (s *Service) alive(t *testing.T, value string) string {
	t.Helper()
	found, err := s.Current(t.Context(), value)
	if err != nil {
		t.Fatal(err)
	}
	if found == nil {
		return ""
	}
	return found.SessionID
}

func isConflict(err error) bool { var c *fault.Conflict; return errors.As(err, &c) }
func isBusy(err error) bool     { var b *fault.Busy; return errors.As(err, &b) }

// fieldOf is the field of an error of input; empty for any other.
func fieldOf(err error) string {
	var invalid *fault.Invalid
	if errors.As(err, &invalid) {
		return invalid.Field
	}
	return ""
}

// Of many who demote and remove the last two owners at once, from two instances, one always fails: an owner is left.
func TestTheLastOwnerStays(t *testing.T) {
	t.Parallel()
	eachTwice(t, func(t *testing.T, one, other *Service, _ *clock) {
		viewer := user.RoleVIEWER
		demote := func(s *Service, id string) error {
			_, err := s.Update(t.Context(), id, Changes{Role: &viewer})
			return err
		}
		remove := func(s *Service, id string) error { return s.Remove(t.Context(), id) }
		anna := one.mustCreate(t, "anna@example.org", user.RoleOWNER)
		if _, _, err := one.Invite(t.Context(), "invited@example.org", user.RoleOWNER); err != nil {
			t.Fatal(err)
		}
		for _, do := range []func(*Service, string) error{demote, remove} {
			if err := do(one, anna.ID); !isConflict(err) {
				t.Errorf("the last owner who can sign in, beside one who is invited: %v", err)
			}
		}
		for round := range 12 {
			ben := one.mustCreate(t, "ben@example.org", user.RoleOWNER)
			var all sync.WaitGroup
			var refused atomic.Int64
			do := []func(*Service, string) error{demote, remove}
			for i, id := range []string{anna.ID, ben.ID} {
				all.Go(func() {
					if err := do[(round+i*round/2)%2]([]*Service{one, other}[i], id); isConflict(err) {
						refused.Add(1)
					} else if err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			owners := one.db.Client.User.Query().Where(user.RoleEQ(user.RoleOWNER), user.PasswordHashNEQ("")).AllX(t.Context())
			if len(owners) != 1 || refused.Load() != 1 {
				t.Fatalf("round %d: %d owners, %d refused", round, len(owners), refused.Load())
			}
			one.db.Client.User.Delete().Where(user.IDNEQ(owners[0].ID), user.PasswordHashNEQ("")).ExecX(t.Context())
			if anna = owners[0]; anna.Email == "ben@example.org" {
				anna = anna.Update().SetEmail("anna@example.org").SaveX(t.Context())
			}
		}
	})
}

// Who is removed, demoted or signed out is so on another instance as well, within a second, though it keeps sessions in
// memory; and a removed person's sign-in that was under way begins no session.
func TestRemovedEverywhere(t *testing.T) {
	t.Parallel()
	eachTwice(t, func(t *testing.T, one, other *Service, _ *clock) {
		go other.db.Changes.Run(t.Context())
		for !other.db.Changes.Live() {
			time.Sleep(time.Millisecond)
		}
		one.mustCreate(t, "owner@example.org", user.RoleOWNER)
		anna := one.mustCreate(t, "anna@example.org", user.RoleMAINTAINER)
		value := one.begin(t, anna)
		role := func() user.Role {
			row, err := other.Current(t.Context(), value)
			if err != nil {
				t.Fatal(err)
			}
			if row == nil {
				return ""
			}
			return row.User.Role
		}
		soon := func(what string, wanted user.Role) {
			t.Helper()
			start := time.Now()
			for role() != wanted {
				if time.Since(start) > 10*time.Second { // a second, on a machine that has nothing else to do
					t.Fatalf("%s: is %q on the other instance", what, role())
				}
				time.Sleep(5 * time.Millisecond)
			}
			t.Logf("%s: in force after %s", what, time.Since(start).Round(time.Millisecond))
		}
		soon("signed in", user.RoleMAINTAINER)
		viewer := user.RoleVIEWER
		if _, err := one.Update(t.Context(), anna.ID, Changes{Role: &viewer}); err != nil {
			t.Fatal(err)
		}
		soon("demoted", user.RoleVIEWER)
		if n, err := one.EndSessions(t.Context(), anna.ID, ""); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		soon("signed out", "")
		value = one.begin(t, anna)
		soon("signed in again", user.RoleVIEWER)
		if err := one.Remove(t.Context(), anna.ID); err != nil {
			t.Fatal(err)
		}
		soon("removed", "")
		var wrong *fault.Unauthenticated
		if _, err := one.Begin(t.Context(), anna, from("192.0.2.1")); !errors.As(err, &wrong) {
			t.Errorf("a session of who was removed: %v", err)
		}
	})
}

// An invitation works once, however many open it at the same time; not after seven days, not once it was renewed or
// taken back; and who has not accepted it cannot sign in.
func TestInvitations(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, c := newService(t, db)
		invite := func(email string) (*ent.User, string) {
			t.Helper()
			row, code, err := s.Invite(t.Context(), email, user.RoleMAINTAINER)
			if err != nil {
				t.Fatal(err)
			}
			return row, code
		}
		accept := func(code string) error {
			_, err := s.Accept(t.Context(), code, " Anna ", password, from("192.0.2.1"))
			return err
		}
		row, code := invite(" Anna@Example.org")
		if strings.Contains(string(row.InvitationHash), code) || s.Status(row) != Invited {
			t.Errorf("%+v", row)
		}
		if _, _, err := s.Invite(t.Context(), "anna@example.org", user.RoleVIEWER); !isConflict(err) {
			t.Errorf("invited twice: %v", err)
		}
		for _, guess := range []string{"", "x", password} {
			var wrong *fault.Unauthenticated
			if _, err := s.SignIn(t.Context(), "anna@example.org", guess, "", from("192.0.2.9")); !errors.As(err, &wrong) {
				t.Errorf("signing in before it is accepted: %v", err)
			}
		}
		var accepted atomic.Int64
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				err := accept(code)
				for isBusy(err) { // so many passwords are hashed at a time
					time.Sleep(50 * time.Millisecond)
					err = accept(code)
				}
				if err == nil {
					accepted.Add(1)
				} else if fieldOf(err) != "code" {
					t.Error(err)
				}
			})
		}
		all.Wait()
		anna, err := s.Named(t.Context(), "anna@example.org")
		if err != nil || accepted.Load() != 1 || *anna.Name != "Anna" || anna.Role != user.RoleMAINTAINER || s.Status(anna) != Active {
			t.Fatalf("%d accepted it: %+v %v", accepted.Load(), anna, err)
		}
		if _, err := s.SignIn(t.Context(), "anna@example.org", password, "", from("192.0.2.1")); err != nil {
			t.Errorf("signing in afterwards: %v", err)
		}
		if _, _, err := s.RenewInvitation(t.Context(), anna.ID); !isConflict(err) {
			t.Errorf("invited anew although it was accepted: %v", err)
		}

		ben, old := invite("ben@example.org")
		_, renewed, err := s.RenewInvitation(t.Context(), ben.ID)
		if err != nil || fieldOf(accept(old)) != "code" || fieldOf(accept("")) != "code" {
			t.Errorf("the link before: %v", err)
		}
		c.advance(7*24*time.Hour + time.Second)
		if fieldOf(accept(renewed)) != "code" || s.Status(ben) != InvitationEnded {
			t.Error("accepted after its end")
		}
		_, renewed, err = s.RenewInvitation(t.Context(), ben.ID)
		if err != nil || s.Remove(t.Context(), ben.ID) != nil || fieldOf(accept(renewed)) != "code" {
			t.Errorf("accepted although it was taken back: %v", err)
		}
	})
}

// The rules of passwords and names hold for who is invited too, and a refusal does not use the invitation up.
func TestInvitedChooseGoodPasswords(t *testing.T) {
	t.Parallel()
	s, _ := newService(t, databasetest.New(t))
	_, code, err := s.Invite(t.Context(), "anna@example.org", user.RoleVIEWER)
	if err != nil {
		t.Fatal(err)
	}
	for field, given := range map[string][2]string{"password": {"Anna", "my anna is here"}, "name": {strings.Repeat("ä", 101), password}} {
		if _, err := s.Accept(t.Context(), code, given[0], given[1], Client{}); fieldOf(err) != field {
			t.Errorf("%v: %v", given, err)
		}
	}
	if _, err := s.Accept(t.Context(), code, strings.Repeat("ä", 100), password, Client{}); err != nil {
		t.Error(err)
	}
}

// With a new password all other sessions end, the browser that sent it goes on with a new value, and the old password
// works no longer. Guesses at it are slowed down as at a sign-in.
func TestChangePassword(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, _ := newService(t, db)
		anna := s.mustCreate(t, "anna@example.org", user.RoleVIEWER)
		here, elsewhere := s.begin(t, anna), s.begin(t, anna)
		const next = "another good one here"
		change := func(current, next string) (*Session, error) {
			return s.ChangePassword(t.Context(), anna.ID, current, next, from("192.0.2.1"))
		}
		if _, err := change("wrong", next); fieldOf(err) != "current" {
			t.Errorf("with a wrong password: %v", err)
		}
		if _, err := change(password, "short"); fieldOf(err) != "next" {
			t.Errorf("to a bad password: %v", err)
		}
		if s.alive(t, here) == "" || s.alive(t, elsewhere) == "" {
			t.Error("what was refused ended a session")
		}
		started, err := change(password, next)
		if err != nil {
			t.Fatal(err)
		}
		if s.alive(t, here) != "" || s.alive(t, elsewhere) != "" || s.alive(t, started.Value) == "" {
			t.Error("the sessions afterwards")
		}
		if _, err := s.SignIn(t.Context(), anna.Email, password, "", from("192.0.2.1")); err == nil {
			t.Error("the old password works")
		}
		if _, err := s.SignIn(t.Context(), anna.Email, next, "", from("192.0.2.1")); err != nil {
			t.Errorf("the new password: %v", err)
		}
		if _, err := s.Begin(t.Context(), anna, from("192.0.2.1")); err == nil {
			t.Error("a sign-in with the old password that was under way begins a session")
		}
		var busy *fault.Busy
		for i := range 2 * freeFailures {
			if _, err = change("wrong", password); errors.As(err, &busy) {
				t.Logf("guess %d waits", i+1)
				return
			}
		}
		t.Error("guesses are not slowed down")
	})
}

// Sessions are listed until they end, and end one by one, or all but one; what an event tells of it has no secret.
func TestListAndEndSessions(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, c := newService(t, db)
		anna, ben := s.mustCreate(t, "anna@example.org", user.RoleVIEWER), s.mustCreate(t, "ben@example.org", user.RoleVIEWER)
		first := s.begin(t, anna)
		c.advance(time.Hour)
		second, third, others := s.begin(t, anna), s.begin(t, anna), s.begin(t, ben)
		listed := func() int {
			rows, err := s.Sessions(t.Context(), anna.ID)
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) > 1 && rows[0].SeenAt.Before(rows[len(rows)-1].SeenAt) {
				t.Error("not the last used one first")
			}
			return len(rows)
		}
		if n := listed(); n != 3 {
			t.Errorf("%d sessions", n)
		}
		if err := s.EndSession(t.Context(), s.alive(t, first)); err != nil || s.alive(t, first) != "" || listed() != 2 {
			t.Errorf("ended one: %v", err)
		}
		if n, err := s.EndSessions(t.Context(), anna.ID, s.alive(t, second)); n != 1 || err != nil || s.alive(t, third) != "" || s.alive(t, second) == "" || s.alive(t, others) == "" {
			t.Errorf("ended all others: %d %v", n, err)
		}
		c.advance(idleFor + time.Second)
		if n := listed(); n != 0 {
			t.Errorf("%d that ended are listed", n)
		}
		var missing *fault.NotFound
		if err := s.EndSession(t.Context(), "ses_nobody"); !errors.As(err, &missing) {
			t.Errorf("one that is not there: %v", err)
		}
	})
}

// What a removed person made says so; what others made, programs too, does not.
func TestMakersThatWereRemoved(t *testing.T) {
	t.Parallel()
	s, _ := newService(t, databasetest.New(t))
	anna := s.mustCreate(t, "anna@example.org", user.RoleVIEWER)
	s.db.Client.Token.Create().SetDescription("CI").SetCreatedBy(anna.Email).SaveX(t.Context())
	s.db.Client.Token.Create().SetDescription("old").SetCreatedBy(anna.Email).SetRevokedAt(time.Now()).SaveX(t.Context())
	if n, err := s.TokensOf(t.Context(), anna); n != 1 || err != nil {
		t.Errorf("%d tokens: %v", n, err)
	}
	removed := func(maker string) bool {
		is, err := s.Removed(context.Background(), maker)
		if err != nil {
			t.Fatal(err)
		}
		return is
	}
	if removed(anna.Email) {
		t.Error("told of as removed before")
	}
	if err := s.Remove(t.Context(), anna.ID); err != nil {
		t.Fatal(err)
	}
	if !removed(anna.Email) || removed("command line") || removed("server") || removed("token of anna@example.org") {
		t.Error("who was removed")
	}
}
