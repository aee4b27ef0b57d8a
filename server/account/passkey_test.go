package account

import (
	"errors"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/auditevent"
	"broker/ent/user"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fault"
)

// keyed is a service at an address where there can be passkeys.
func keyed(t *testing.T, db *database.DB) (*Service, *clock) {
	t.Helper()
	s, c := sealed(t, db)
	s.mustHavePasskeys(t, "https://packages.example.org")
	return s, c
}

func (s *Service) mustHavePasskeys(t *testing.T, address string) {
	t.Helper()
	public, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.PasskeysAt(public); err != nil {
		t.Fatal(err)
	}
}

// addPasskey gives a person a passkey, in a session with a value, and returns the session's new value.
func (s *Service) addPasskey(t *testing.T, row *ent.User, a *authenticator, session string) string {
	t.Helper()
	begun, err := s.StartPasskey(t.Context(), row.ID, password, "", from("192.0.2.1"))
	if err != nil {
		t.Fatal(err)
	}
	_, renewed, err := s.FinishPasskey(t.Context(), row.ID, s.alive(t, session), begun.State, " Key ", a.create(begun))
	if err != nil {
		t.Fatal(err)
	}
	if renewed == nil {
		return ""
	}
	return renewed.Value
}

// enter signs in with a passkey alone.
func (s *Service) enter(t *testing.T, a *authenticator, client Client) (*Session, error) {
	t.Helper()
	begun, err := s.StartPasskeySignIn(t.Context(), "", "", client)
	if err != nil {
		return nil, err
	}
	return s.FinishPasskeySignIn(t.Context(), begun.State, a.get(begun), client)
}

// A passkey is made with the password, ends all sessions but one, which gets another value, and signs in by itself, as both
// factors; it is the second factor beside the password, and gone with a new one from the command line.
func TestPasskeys(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		go db.Changes.Run(t.Context())
		s, _ := keyed(t, db)
		anna := s.mustCreate(t, "anna@example.org", user.RoleOWNER)
		here, elsewhere := s.begin(t, anna), s.begin(t, anna)
		if _, err := s.StartPasskey(t.Context(), anna.ID, "wrong", "", from("192.0.2.1")); fieldOf(err) != "password" {
			t.Errorf("begun with a wrong password: %v", err)
		}
		key := newAuthenticator(t)
		next := s.addPasskey(t, anna, key, here)
		if s.alive(t, next) == "" || s.alive(t, here) != "" || s.alive(t, elsewhere) != "" {
			t.Error("the sessions afterwards")
		}
		if found, err := s.Current(t.Context(), next); err != nil || !found.SecondFactor {
			t.Errorf("a passkey is no second factor: %v", err)
		}
		passkeys, err := s.Passkeys(t.Context(), anna.ID)
		if err != nil || len(passkeys) != 1 || passkeys[0].Name != "Key" || passkeys[0].LastUsedAt != nil {
			t.Fatal(passkeys, err)
		}
		started, err := s.enter(t, key, from("198.51.100.1"))
		if err != nil || started.User.ID != anna.ID {
			t.Fatal(err)
		}
		if passkeys, err = s.Passkeys(t.Context(), anna.ID); err != nil || passkeys[0].LastUsedAt == nil || passkeys[0].SignCount != int64(key.counter) {
			t.Error(passkeys, err)
		}
		if event := db.Client.AuditEvent.Query().Where(auditevent.Action("user.sign_in")).Order(ent.Desc("number")).FirstX(t.Context()); !strings.Contains(event.Details, `"by":"passkey"`) {
			t.Errorf("told as %s", event.Details)
		}
		// Beside the password.
		for _, code := range []string{"", "000000"} {
			if _, err := s.SignIn(t.Context(), anna.Email, password, code, from("192.0.2.1")); fieldOf(err) != "totp" || !strings.Contains(err.Error(), "passkeys") {
				t.Errorf("the password alone, with the code %q: %v", code, err)
			}
		}
		var wrong *fault.Unauthenticated
		if _, err := s.StartPasskeySignIn(t.Context(), anna.Email, "wrong", from("192.0.2.1")); !errors.As(err, &wrong) {
			t.Errorf("a challenge for a wrong password: %v", err)
		}
		begun, err := s.StartPasskeySignIn(t.Context(), anna.Email, password, from("192.0.2.1"))
		if err != nil || !strings.Contains(begun.Options, encode(key.id)) {
			t.Fatal(begun, err)
		}
		key.flags = 0 // which does not see who it is: enough beside the password
		if _, err := s.FinishPasskeySignIn(t.Context(), begun.State, key.get(begun), from("192.0.2.1")); err != nil {
			t.Error(err)
		}
		if _, err := s.enter(t, key, from("192.0.2.1")); fieldOf(err) != "credential" {
			t.Errorf("alone, without seeing who it is: %v", err)
		}
		key.flags = flagVerified
		anna, err = s.Named(t.Context(), anna.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetPassword(t.Context(), anna, "another good one here"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.enter(t, key, from("192.0.2.1")); fieldOf(err) != "credential" {
			t.Errorf("after a reset: %v", err)
		}
		if _, err := s.SignIn(t.Context(), anna.Email, "another good one here", "", from("192.0.2.1")); err != nil {
			t.Errorf("the password alone after a reset: %v", err)
		}
	})
}

// What does not hold is refused: another site's, another person's, another key's, a challenge that was used, is too old or is
// for something else, and a counter that does not grow. Each is counted as a wrong password is.
func TestPasskeysThatDoNotHold(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, c := keyed(t, db)
		anna, ben := s.mustCreate(t, "anna@example.org", user.RoleOWNER), s.mustCreate(t, "ben@example.org", user.RoleVIEWER)
		hers, his := newAuthenticator(t), newAuthenticator(t)
		s.addPasskey(t, anna, hers, "")
		s.addPasskey(t, ben, his, "")
		client := from("192.0.2.1")
		refused := func(what, field string, err error) {
			t.Helper()
			if fieldOf(err) != field {
				t.Errorf("%s: %v", what, err)
			}
			db.Client.SignInThrottle.Delete().ExecX(t.Context())
		}
		begin := func() *Ceremony {
			t.Helper()
			begun, err := s.StartPasskeySignIn(t.Context(), "", "", client)
			if err != nil {
				t.Fatal(err)
			}
			return begun
		}
		finish := func(begun *Ceremony, answer string) error {
			_, err := s.FinishPasskeySignIn(t.Context(), begun.State, answer, client)
			return err
		}
		bent := func(change func(*authenticator)) *authenticator {
			other := *hers
			other.counter += 100
			change(&other)
			return &other
		}
		for what, a := range map[string]*authenticator{
			"another site's":           bent(func(a *authenticator) { a.origin = "https://evil.example" }),
			"bound to another site":    bent(func(a *authenticator) { a.rpID = "evil.example" }),
			"another key":              bent(func(a *authenticator) { a.key = newAuthenticator(t).key }),
			"another person's":         bent(func(a *authenticator) { a.handle = []byte(ben.ID) }),
			"nobody's":                 bent(func(a *authenticator) { a.handle = nil }),
			"unknown":                  bent(func(a *authenticator) { a.id = newAuthenticator(t).id }),
			"suddenly on many devices": bent(func(a *authenticator) { a.flags |= flagEligible }),
		} {
			begun := begin()
			refused(what, "credential", finish(begun, a.get(begun)))
		}
		begun := begin()
		answer := hers.get(begun)
		if err := finish(begun, answer); err != nil {
			t.Fatal(err)
		}
		refused("a second time", "state", finish(begun, answer))
		other := begin()
		refused("the answer to another challenge", "credential", finish(other, hers.get(begun)))
		old := begin()
		c.advance(ceremonyFor + time.Second)
		refused("too late", "state", finish(old, hers.get(old)))
		made, err := s.StartPasskey(t.Context(), anna.ID, password, "", client)
		if err != nil {
			t.Fatal(err)
		}
		refused("a challenge to make one", "state", finish(made, hers.get(made)))
		for _, garbage := range []string{"", "{}", "x", `{"id":"x"}`} {
			refused("garbage", "credential", finish(begin(), garbage))
		}
		refused("a garbled state", "state", finish(&Ceremony{State: "x"}, hers.get(begin())))

		clone := *hers
		clone.counter = 0
		begun = begin()
		refused("a copy", "credential", finish(begun, clone.get(begun)))
		if event := db.Client.AuditEvent.Query().Where(auditevent.Action("user.sign_in_fail")).Order(ent.Desc("number")).FirstX(t.Context()); !strings.Contains(event.Details, `"wrong":"passkey counter"`) {
			t.Errorf("told as %s", event.Details)
		}

		_, err = s.StartPasskeySignIn(t.Context(), anna.Email, password, client)
		if err != nil {
			t.Fatal(err)
		}
		hersBegun, err := s.StartPasskeySignIn(t.Context(), anna.Email, password, client)
		if err != nil {
			t.Fatal(err)
		}
		refused("her password with his passkey", "credential", finish(hersBegun, his.get(hersBegun)))
		_, _, err = s.FinishPasskey(t.Context(), ben.ID, "", made.State, "x", newAuthenticator(t).create(made))
		refused("made in another person's place", "state", err)
		again, err := s.StartPasskey(t.Context(), ben.ID, password, "", client)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.FinishPasskey(t.Context(), ben.ID, "", again.State, "x", bent(func(*authenticator) {}).create(again)); !isConflict(err) {
			t.Errorf("a key that is there already: %v", err)
		}
		evil := bent(func(a *authenticator) { a.origin = "https://evil.example" })
		again, err = s.StartPasskey(t.Context(), ben.ID, password, "", client)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = s.FinishPasskey(t.Context(), ben.ID, "", again.State, "x", evil.create(again))
		refused("made at another site", "credential", err)
	})
}

// Guesses are slowed down as those at passwords are, and one answer counts once, on whichever instance it is sent to.
func TestPasskeysOnceAndSlowly(t *testing.T) {
	t.Parallel()
	eachTwice(t, func(t *testing.T, one, other *Service, _ *clock) {
		for _, s := range []*Service{one, other} {
			s.mustHavePasskeys(t, "https://packages.example.org")
		}
		anna := one.mustCreate(t, "anna@example.org", user.RoleOWNER)
		key := newAuthenticator(t)
		one.addPasskey(t, anna, key, "")
		begun, err := one.StartPasskeySignIn(t.Context(), "", "", from("192.0.2.1"))
		if err != nil {
			t.Fatal(err)
		}
		answer := key.get(begun)
		var in atomic.Int64
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				if _, err := []*Service{one, other}[i%2].FinishPasskeySignIn(t.Context(), begun.State, answer, from("192.0.2.1")); err == nil {
					in.Add(1)
				} else if fieldOf(err) != "state" {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if in.Load() != 1 {
			t.Errorf("one answer signed in %d times", in.Load())
		}
		wrong := *key
		wrong.key = newAuthenticator(t).key
		tried := 0
		for range 20 {
			if _, err := one.enter(t, &wrong, from("198.51.100.7")); fieldOf(err) == "credential" {
				tried++
			} else if !isBusy(err) {
				t.Fatal(err)
			}
		}
		if tried != freeFailures {
			t.Errorf("%d guesses were tried, want %d", tried, freeFailures)
		}
	})
}

// What was begun with a password ends with it: whoever knew the one of before does not finish with the key.
func TestPasswordChangedMeanwhile(t *testing.T) {
	t.Parallel()
	s, _ := keyed(t, databasetest.New(t))
	anna := s.mustCreate(t, "anna@example.org", user.RoleOWNER)
	key := newAuthenticator(t)
	s.addPasskey(t, anna, key, "")
	signIn, err := s.StartPasskeySignIn(t.Context(), anna.Email, password, from("192.0.2.1"))
	if err != nil {
		t.Fatal(err)
	}
	another, err := s.StartPasskey(t.Context(), anna.ID, password, "", from("192.0.2.1"))
	if err != nil {
		t.Fatal(err)
	}
	const next = "another good one here"
	if _, err := s.ChangePassword(t.Context(), anna.ID, password, next, from("192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.FinishPasskeySignIn(t.Context(), signIn.State, key.get(signIn), from("192.0.2.1")); fieldOf(err) != "credential" {
		t.Errorf("signed in with the password of before: %v", err)
	}
	if _, _, err := s.FinishPasskey(t.Context(), anna.ID, "", another.State, "", newAuthenticator(t).create(another)); fieldOf(err) != "state" {
		t.Errorf("made with the password of before: %v", err)
	}
	if signIn, err = s.StartPasskeySignIn(t.Context(), anna.Email, next, from("192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.FinishPasskeySignIn(t.Context(), signIn.State, key.get(signIn), from("192.0.2.1")); err != nil {
		t.Errorf("with the new one: %v", err)
	}
}

// A passkey is taken away with the password; not the last second factor where everybody must have one, not the last way
// in, and not another person's.
func TestRemovingPasskeys(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		go db.Changes.Run(t.Context())
		s, _ := keyed(t, db)
		anna, ben := s.mustCreate(t, "anna@example.org", user.RoleOWNER), s.mustCreate(t, "ben@example.org", user.RoleVIEWER)
		first, second := newAuthenticator(t), newAuthenticator(t)
		here := s.addPasskey(t, anna, second, s.addPasskey(t, anna, first, s.begin(t, anna)))
		passkeys, err := s.Passkeys(t.Context(), anna.ID)
		if err != nil || len(passkeys) != 2 {
			t.Fatal(passkeys, err)
		}
		remove := func(who *ent.User, id, with string, required bool) error {
			_, renewed, err := s.RemovePasskey(t.Context(), who.ID, s.alive(t, here), id, with, "", required, from("192.0.2.1"))
			if renewed != nil {
				here = renewed.Value
			}
			return err
		}
		if err := remove(anna, passkeys[0].ID, "wrong", false); fieldOf(err) != "password" {
			t.Errorf("with a wrong password: %v", err)
		}
		var missing *fault.NotFound
		if err := remove(ben, passkeys[0].ID, password, false); !errors.As(err, &missing) {
			t.Errorf("another person's: %v", err)
		}
		if err := remove(anna, passkeys[0].ID, password, true); err != nil {
			t.Errorf("one of two: %v", err)
		}
		if err := remove(anna, passkeys[1].ID, password, true); !isConflict(err) {
			t.Errorf("the last second factor: %v", err)
		}
		if _, err := s.enter(t, first, from("192.0.2.1")); fieldOf(err) != "credential" {
			t.Errorf("signing in with it: %v", err)
		}
		if err := remove(anna, passkeys[1].ID, password, false); err != nil || s.alive(t, here) == "" {
			t.Errorf("the last one: %v", err)
		}
		if _, err := s.SignIn(t.Context(), anna.Email, password, "", from("192.0.2.1")); err != nil {
			t.Errorf("the password alone: %v", err)
		}
	})
}

// Of who has an authenticator app, a way in is added and taken away with its code too: a password alone leads past it
// nowhere.
func TestTheAppCountsForWaysIn(t *testing.T) {
	t.Parallel()
	s, c := keyed(t, databasetest.New(t))
	anna := s.mustCreate(t, "anna@example.org", user.RoleOWNER)
	key := newAuthenticator(t)
	s.addPasskey(t, anna, key, "")
	secret, recovery := s.withTOTP(t, anna)
	passkeys, err := s.Passkeys(t.Context(), anna.ID)
	if err != nil || len(passkeys) != 1 {
		t.Fatal(passkeys, err)
	}
	for what, do := range map[string]func(code string) error{
		"a passkey": func(code string) error {
			_, err := s.StartPasskey(t.Context(), anna.ID, password, code, from("192.0.2.1"))
			return err
		},
		"one less": func(code string) error {
			_, _, err := s.RemovePasskey(t.Context(), anna.ID, "", passkeys[0].ID, password, code, false, from("192.0.2.1"))
			return err
		},
		"a link": func(code string) error { return s.Prove(t.Context(), anna.ID, password, code, from("192.0.2.1")) },
		"no link": func(code string) error {
			_, _, err := s.Unlink(t.Context(), anna.ID, "idn_none", password, code, from("192.0.2.1"))
			return err
		},
	} {
		for _, code := range []string{"", "000000"} {
			if err := do(code); fieldOf(err) != "code" {
				t.Errorf("%s with the code %q: %v", what, code, err)
			}
		}
		c.advance(10 * stepFor)
		if err := do(codeAt(t, secret, c.now())); fieldOf(err) != "" {
			t.Errorf("%s with a code: %v", what, err)
		}
	}
	if _, err := s.enter(t, key, from("192.0.2.1")); fieldOf(err) != "credential" {
		t.Errorf("what was removed: %v", err)
	}
	if _, err := s.SignIn(t.Context(), anna.Email, password, recovery[0], from("192.0.2.1")); err != nil {
		t.Error(err)
	}
}

// Browsers know passkeys at a name over https, or at localhost: elsewhere there are none, which is said.
func TestWhereThereAreNoPasskeys(t *testing.T) {
	t.Parallel()
	for address, works := range map[string]bool{
		"https://packages.example.org": true, "https://packages.example.org:8443": true, "http://localhost:8080": true,
		"http://packages.example.org": false, "https://192.0.2.1": false, "http://127.0.0.1:8080": false, "https://[2001:db8::1]": false,
	} {
		s, _ := sealed(t, databasetest.New(t))
		s.mustHavePasskeys(t, address)
		if s.PasskeysWork() != works {
			t.Errorf("%s: %v", address, !works)
		}
		if _, err := s.StartPasskeySignIn(t.Context(), "", "", from("192.0.2.1")); isConflict(err) == works {
			t.Errorf("%s: %v", address, err)
		}
	}
}
