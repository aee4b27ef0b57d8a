package account

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broker/ent/auditevent"
	"broker/ent/identity"
	"broker/ent/user"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fault"
)

const issuer = "https://id.example.org"

// admitted is somebody whom the rules let in.
func admitted(subject, email string) Through {
	return Through{Issuer: issuer, Subject: subject, Email: email, Verified: true, Name: "Somebody", Admitted: true}
}

// whyOf is why somebody was not let in; empty where they were.
func whyOf(err error) Why {
	var refused *NotLetIn
	if errors.As(err, &refused) {
		return refused.Why
	}
	return ""
}

// Who was not invited is let in by the rules alone, as a viewer without a password, under a verified address that nobody
// here has; an address links nobody to an account, and what is known of it is told to none but whose it is.
func TestFirstSignInThroughAProvider(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, _ := sealed(t, db)
		come := func(who Through) error {
			_, err := s.SignInThrough(t.Context(), who, from("192.0.2.1"))
			return err
		}
		if why := whyOf(come(admitted("first", "first@example.org"))); why != WhyUnknown {
			t.Errorf("the first person of all, who would stand in the way of the first owner: %q", why)
		}
		owner := s.mustCreate(t, "owner@example.org", user.RoleOWNER)
		if _, _, err := s.Invite(t.Context(), "invited@example.org", user.RoleOWNER); err != nil {
			t.Fatal(err)
		}
		unverified := func(who Through) Through { who.Verified = false; return who }
		stranger := func(who Through) Through { who.Admitted = false; return who }
		for name, c := range map[string]struct {
			who  Through
			want Why
		}{
			"a stranger":                                 {stranger(admitted("1", "stranger@elsewhere.org")), WhyUnknown},
			"an address that is not verified":            {unverified(admitted("2", "new@example.org")), WhyUnverified},
			"no address":                                 {admitted("3", ""), WhyUnverified},
			"an address that is none":                    {admitted("4", "Anna <anna@example.org>"), WhyUnverified},
			"an account's address":                       {admitted("5", "Owner@Example.org"), WhyTaken},
			"an account's address, of a stranger":        {stranger(admitted("6", "owner@example.org")), WhyTaken},
			"an account's address that is not verified":  {unverified(admitted("7", "owner@example.org")), WhyUnverified},
			"the same, of a stranger: nothing is told":   {stranger(unverified(admitted("8", "owner@example.org"))), WhyUnknown},
			"an invitation's address: the link is asked": {admitted("9", "invited@example.org"), WhyInvited},
		} {
			if why := whyOf(come(c.who)); why != c.want {
				t.Errorf("%s: %q, want %q", name, why, c.want)
			}
		}
		if n := db.Client.User.Query().CountX(t.Context()); n != 2 {
			t.Errorf("there are %d people", n)
		}
		var wrong *fault.Unauthenticated
		anna := admitted("anna", " Anna@Example.org ")
		if err := come(anna); err != nil {
			t.Fatal(err)
		}
		row, err := s.Named(t.Context(), "anna@example.org")
		if err != nil || row.Role != user.RoleVIEWER || s.Status(row) != Active || HasPassword(row) || *row.Name != "Somebody" {
			t.Fatalf("%+v %v", row, err)
		}
		for _, guess := range []string{"", "!", password} {
			if _, err := s.SignIn(t.Context(), row.Email, guess, "", from("192.0.2.1")); !errors.As(err, &wrong) {
				t.Errorf("with the password %q: %v", guess, err)
			}
		}
		renamed := admitted("anna", "owner@example.org") // the provider has another address for her now
		if err := come(renamed); err != nil {
			t.Errorf("with another address: %v", err)
		}
		if again := db.Client.Identity.Query().Where(identity.Subject("anna")).QueryUser().OnlyX(t.Context()); again.ID != row.ID || again.Email != "anna@example.org" {
			t.Errorf("with another address she is %+v", again)
		}
		elsewhere := admitted("anna", "anna@example.org")
		elsewhere.Issuer = "https://other.example.org"
		if why := whyOf(come(elsewhere)); why != WhyTaken {
			t.Errorf("the same subject of another provider: %q", why)
		}
		if owner, err := s.Named(t.Context(), owner.ID); err != nil || owner.LastSignInAt != nil {
			t.Errorf("somebody signed in as the owner: %v", err)
		}
		event := db.Client.AuditEvent.Query().Where(auditevent.Action("user.sign_in_fail")).FirstX(t.Context())
		if !strings.Contains(event.Details, `"wrong":"openid: `) {
			t.Errorf("told as %s", event.Details)
		}
	})
}

// Of many first sign-ins of one person at once, to two instances, all get in as one person.
func TestOnePersonOfManyFirstSignIns(t *testing.T) {
	t.Parallel()
	eachTwice(t, func(t *testing.T, one, other *Service, _ *clock) {
		one.mustCreate(t, "owner@example.org", user.RoleOWNER)
		var in atomic.Int64
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				if _, err := []*Service{one, other}[i%2].SignInThrough(t.Context(), admitted("anna", "anna@example.org"), from("192.0.2.1")); err != nil {
					t.Error(err)
				} else {
					in.Add(1)
				}
			})
		}
		all.Wait()
		if n := one.db.Client.User.Query().CountX(t.Context()); n != 2 || in.Load() != 10 {
			t.Errorf("%d people, %d got in", n, in.Load())
		}
	})
}

// Groups are looked at anew at each sign-in: a role comes and goes with them, the last owner stays one, and who was let in
// by a group that they no longer have is signed out, but for who was invited.
func TestGroupsCountAtEachSignIn(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, _ := sealed(t, db)
		owner := s.mustCreate(t, "owner@example.org", user.RoleOWNER)
		roles := map[string]user.Role{"owner": user.RoleOWNER, "maintainer": user.RoleMAINTAINER, "viewer": user.RoleVIEWER}
		come := func(subject string, admit bool, role string) (*Session, error) {
			who := admitted(subject, subject+"@example.org")
			who.Admitted = admit
			if given, ok := roles[role]; ok {
				who.Role = &given
			}
			return s.SignInThrough(t.Context(), who, from("192.0.2.1"))
		}
		has := func(email string, want user.Role) {
			t.Helper()
			if row, err := s.Named(t.Context(), email); err != nil || row.Role != want {
				t.Errorf("%s: %v %v", email, row, err)
			}
		}
		var last *Session
		for _, role := range []string{"maintainer", "viewer", "owner", "viewer"} {
			started, err := come("anna", true, role)
			if err != nil {
				t.Fatal(err)
			}
			has("anna@example.org", roles[role])
			last = started
		}
		if _, err := come("anna", true, ""); err != nil { // without a mapping the role stays
			t.Error(err)
		}
		has("anna@example.org", user.RoleVIEWER)
		if _, err := come("anna", false, "viewer"); whyOf(err) != WhyDropped || s.alive(t, last.Value) != "" {
			t.Errorf("without a group: %v", err)
		}
		if _, err := come("anna", true, "maintainer"); err != nil {
			t.Errorf("in a group again: %v", err)
		}
		if _, err := s.Link(t.Context(), owner.ID, "", admitted("boss", "other@example.org")); err != nil {
			t.Fatal(err)
		}
		if _, err := come("boss", false, "viewer"); err != nil { // not let in by a group, and so not dropped
			t.Error(err)
		}
		has("owner@example.org", user.RoleOWNER)
		s.mustCreate(t, "second@example.org", user.RoleOWNER)
		if _, err := come("boss", false, "viewer"); err != nil {
			t.Error(err)
		}
		has("owner@example.org", user.RoleVIEWER)
	})
}

// Who was removed stays so, by identity and by address, until an owner invites them again.
func TestRemovedStaysRemoved(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, _ := sealed(t, db)
		s.mustCreate(t, "owner@example.org", user.RoleOWNER)
		come := func(subject, email string) error {
			_, err := s.SignInThrough(t.Context(), admitted(subject, email), from("192.0.2.1"))
			return err
		}
		if err := come("anna", "anna@example.org"); err != nil {
			t.Fatal(err)
		}
		anna, err := s.Named(t.Context(), "anna@example.org")
		if err != nil {
			t.Fatal(err)
		}
		ben := s.mustCreate(t, "ben@example.org", user.RoleVIEWER) // who never signed in at the provider
		for _, gone := range []string{anna.ID, ben.ID} {
			if err := s.Remove(t.Context(), gone); err != nil {
				t.Fatal(err)
			}
		}
		for subject, email := range map[string]string{"anna": "anna2@example.org", "other": "Anna@example.org", "ben": "ben@example.org"} {
			if why := whyOf(come(subject, email)); why != WhyRemoved {
				t.Errorf("%s, %s: %q", subject, email, why)
			}
		}
		_, code, err := s.Invite(t.Context(), "anna@example.org", user.RoleMAINTAINER)
		if err != nil {
			t.Fatal(err)
		}
		if why := whyOf(come("anna", "anna@example.org")); why != WhyRemoved {
			t.Errorf("invited, but not accepted: %q", why)
		}
		started, err := s.AcceptThrough(t.Context(), code, "", admitted("anna", "anna@example.org"), from("192.0.2.1"))
		if err != nil || started.User.Role != user.RoleMAINTAINER {
			t.Fatal(err)
		}
		if err := come("anna", "anna@example.org"); err != nil {
			t.Errorf("invited again: %v", err)
		}
	})
}

// An invitation is accepted with what somebody signed in with, whatever address that has: once, and not with what is
// linked to another. A person links and ends that themself, with their password, and keeps a way in.
func TestLinks(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, c := sealed(t, db)
		anna := s.mustCreate(t, "anna@example.org", user.RoleOWNER)
		hers := Through{Issuer: issuer, Subject: "anna", Email: "private@elsewhere.org"}
		if _, err := s.Link(t.Context(), anna.ID, "", hers); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Link(t.Context(), anna.ID, "", hers); err != nil {
			t.Errorf("linked already: %v", err)
		}
		started, err := s.SignInThrough(t.Context(), hers, from("192.0.2.1"))
		if err != nil || started.User.ID != anna.ID {
			t.Fatal(err)
		}
		if found, err := s.Current(t.Context(), started.Value); err != nil || !found.SecondFactor {
			t.Errorf("the provider is not trusted to ask for a second factor: %v", err)
		}
		if found, err := s.Current(t.Context(), s.begin(t, anna)); err != nil || found.SecondFactor {
			t.Errorf("a password is taken for two factors: %v", err)
		}
		ben, code, err := s.Invite(t.Context(), "ben@example.org", user.RoleMAINTAINER)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.AcceptThrough(t.Context(), code, "Ben", hers, from("192.0.2.1")); whyOf(err) != WhyLinked {
			t.Errorf("accepted with what is linked to another: %v", err)
		}
		if _, err := s.Link(t.Context(), ben.ID, "", hers); whyOf(err) != WhyLinked {
			t.Errorf("linked twice: %v", err)
		}
		his := Through{Issuer: issuer, Subject: "ben", Email: "anna@example.org", Verified: true}
		browser := from("192.0.2.1")
		his.Name = " Ben B. "
		came, err := s.AcceptThrough(t.Context(), code, "", his, browser)
		if err != nil || *came.User.Name != "Ben B." || came.User.ID != ben.ID || came.User.Email != "ben@example.org" || s.Status(came.User) != Active {
			t.Fatal(err)
		}
		if _, err := s.AcceptThrough(t.Context(), code, "Ben", admitted("third", "x@example.org"), browser); fieldOf(err) != "code" {
			t.Errorf("accepted twice: %v", err)
		}
		browser.Session = s.alive(t, came.Value)
		link := db.Client.Identity.Query().Where(identity.UserID(ben.ID)).OnlyX(t.Context())
		if _, _, err := s.Unlink(t.Context(), ben.ID, link.ID, "", "", browser); !isConflict(err) {
			t.Errorf("the last way in: %v", err)
		}
		if _, _, err := s.Unlink(t.Context(), anna.ID, link.ID, password, "", browser); err == nil {
			t.Error("another person's link was ended")
		}
		c.advance(freshFor + time.Second)
		if _, err := s.ChangePassword(t.Context(), ben.ID, "", password, browser); fieldOf(err) != "current" {
			t.Errorf("a first password long after signing in: %v", err)
		}
		came, err = s.SignInThrough(t.Context(), his, browser)
		if err != nil {
			t.Fatal(err)
		}
		browser.Session = s.alive(t, came.Value)
		if _, err := s.ChangePassword(t.Context(), ben.ID, "", password, browser); err != nil {
			t.Errorf("a first password: %v", err)
		}
		if _, _, err := s.Unlink(t.Context(), ben.ID, link.ID, "wrong", "", browser); fieldOf(err) != "password" {
			t.Errorf("ended with a wrong password: %v", err)
		}
		if _, _, err := s.Unlink(t.Context(), ben.ID, link.ID, password, "", browser); err != nil {
			t.Error(err)
		}
		if _, err := s.SignInThrough(t.Context(), his, browser); whyOf(err) != WhyTaken {
			t.Errorf("signed in with what is no longer linked: %v", err)
		}
	})
}

// Who links an account of the provider's, or ends that, is signed out elsewhere, as with each other way in: also where a
// session began through the provider. The session in which it is done goes on with another value.
func TestLinksEndOtherSessions(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		go db.Changes.Run(t.Context())
		s, _ := sealed(t, db)
		anna := s.mustCreate(t, "anna@example.org", user.RoleOWNER)
		hers := Through{Issuer: issuer, Subject: "anna"}
		here, elsewhere := s.begin(t, anna), s.begin(t, anna)
		client := from("192.0.2.1")
		client.Session = s.alive(t, here)
		linked, err := s.Link(t.Context(), anna.ID, client.Session, hers)
		if err != nil || s.alive(t, linked.Value) != client.Session || s.alive(t, here) != "" || s.alive(t, elsewhere) != "" {
			t.Fatalf("linked: %v", err)
		}
		through, err := s.SignInThrough(t.Context(), hers, from("192.0.2.2"))
		if err != nil || s.alive(t, through.Value) == "" {
			t.Fatal(err)
		}
		id := db.Client.Identity.Query().OnlyIDX(t.Context())
		_, renewed, err := s.Unlink(t.Context(), anna.ID, id, password, "", client)
		if err != nil || s.alive(t, renewed.Value) != client.Session || s.alive(t, linked.Value) != "" || s.alive(t, through.Value) != "" {
			t.Errorf("ended: %v", err)
		}
	})
}

// Of two ways in that a person without a password takes away at once, on two instances, one stays.
func TestOneWayInStays(t *testing.T) {
	t.Parallel()
	eachTwice(t, func(t *testing.T, one, other *Service, _ *clock) {
		one.mustCreate(t, "owner@example.org", user.RoleOWNER)
		for _, name := range []string{"a", "b", "c"} {
			client := from("192.0.2.1")
			started, err := one.SignInThrough(t.Context(), admitted(name, name+"@example.org"), client)
			if err != nil {
				t.Fatal(err)
			}
			client.Session = one.alive(t, started.Value)
			if _, err := one.Link(t.Context(), started.User.ID, client.Session, Through{Issuer: issuer, Subject: name + "2"}); err != nil {
				t.Fatal(err)
			}
			links := one.db.Client.Identity.Query().Where(identity.UserID(started.User.ID))
			var all sync.WaitGroup
			for i, id := range links.Clone().IDsX(t.Context()) {
				all.Go(func() {
					if _, _, err := []*Service{one, other}[i].Unlink(t.Context(), started.User.ID, id, "", "", client); err != nil && !isConflict(err) {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if n := links.CountX(t.Context()); n != 1 {
				t.Errorf("%s has %d ways in", name, n)
			}
		}
	})
}

// Where only owners may sign in without the provider, sessions of others that began without it count no more: of before
// that was decided, and of owners who are none now.
func TestSessionsWithoutTheProvider(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		go db.Changes.Run(t.Context())
		s, _ := sealed(t, db)
		owner := s.mustCreate(t, "owner@example.org", user.RoleOWNER)
		ben := s.mustCreate(t, "ben@example.org", user.RoleMAINTAINER)
		if _, err := s.Link(t.Context(), ben.ID, "", Through{Issuer: issuer, Subject: "ben"}); err != nil {
			t.Fatal(err)
		}
		owners, bens := s.begin(t, owner), s.begin(t, ben)
		through, err := s.SignInThrough(t.Context(), Through{Issuer: issuer, Subject: "ben"}, from("192.0.2.1"))
		if err != nil {
			t.Fatal(err)
		}
		s.ProviderOnly()
		if s.alive(t, owners) == "" || s.alive(t, through.Value) == "" || s.alive(t, bens) != "" {
			t.Error("the wrong sessions count")
		}
		s.mustCreate(t, "second@example.org", user.RoleOWNER)
		if _, err := s.Update(t.Context(), owner.ID, Changes{Role: new(user.RoleVIEWER)}); err != nil {
			t.Fatal(err)
		}
		if s.alive(t, owners) != "" {
			t.Error("an owner of before goes on with what a password began")
		}
	})
}

// Where only owners may sign in without the provider, that holds for passwords and invitations, and a wrong password is
// told from a right one to nobody.
func TestOwnersAloneWithoutTheProvider(t *testing.T) {
	t.Parallel()
	s, _ := sealed(t, databasetest.New(t))
	s.ProviderOnly()
	s.mustCreate(t, "owner@example.org", user.RoleOWNER)
	ben := s.mustCreate(t, "ben@example.org", user.RoleMAINTAINER)
	var forbidden *fault.Forbidden
	var wrong *fault.Unauthenticated
	if _, err := s.SignIn(t.Context(), "owner@example.org", password, "", from("192.0.2.1")); err != nil {
		t.Errorf("an owner: %v", err)
	}
	if _, err := s.SignIn(t.Context(), ben.Email, password, "", from("192.0.2.1")); !errors.As(err, &forbidden) {
		t.Errorf("a maintainer: %v", err)
	}
	if _, err := s.SignIn(t.Context(), ben.Email, "wrong", "", from("192.0.2.1")); !errors.As(err, &wrong) {
		t.Errorf("a maintainer with a wrong password: %v", err)
	}
	if _, err := s.ChangePassword(t.Context(), ben.ID, password, "another good one here", from("192.0.2.1")); !errors.As(err, &forbidden) {
		t.Errorf("another password: %v", err)
	}
	_, code, err := s.Invite(t.Context(), "new@example.org", user.RoleVIEWER)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Accept(t.Context(), code, "", password, from("192.0.2.1")); !errors.As(err, &forbidden) {
		t.Errorf("an invitation: %v", err)
	}
	if _, err := s.AcceptThrough(t.Context(), code, "", admitted("new", "new@example.org"), from("192.0.2.1")); err != nil {
		t.Errorf("an invitation, at the provider: %v", err)
	}
}

// What works once does so on whichever instance.
func TestUsedOnce(t *testing.T) {
	t.Parallel()
	eachTwice(t, func(t *testing.T, one, other *Service, c *clock) {
		var used atomic.Int64
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				err := []*Service{one, other}[i%2].UseOnce(t.Context(), "state", c.now().Add(time.Minute))
				if err == nil {
					used.Add(1)
				} else if !errors.Is(err, ErrUsed) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if used.Load() != 1 {
			t.Errorf("used %d times", used.Load())
		}
		c.advance(2 * time.Minute)
		if err := one.UseOnce(t.Context(), "another", c.now()); err != nil {
			t.Error(err)
		}
		if n := one.db.Client.UsedOnce.Query().CountX(t.Context()); n != 1 {
			t.Errorf("%d are kept", n)
		}
	})
}
