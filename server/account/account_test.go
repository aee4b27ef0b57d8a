package account

import (
	"broker/server/cached"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broker/ent/user"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fault"
)

const password = "correct horse battery"

// clock is a time that a test moves.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Now().UnixNano())
	return c
}

func (c *clock) now() time.Time           { return time.Unix(0, c.at.Load()) }
func (c *clock) advance(by time.Duration) { c.at.Add(int64(by)) }

func newService(t *testing.T, db *database.DB) (*Service, *clock) {
	t.Helper()
	c := newClock()
	return New(db, cached.NewMemory(db.Changes), databasetest.Log(db), c.now), c
}

func from(address string) Client { return Client{Address: netip.MustParseAddr(address), Agent: "test"} }

// Of many who have the set-up code at once, one becomes the owner, and the code is spent.
func TestExactlyOneFirstOwner(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, _ := newService(t, db)
		code := s.NewSetupCode()
		var made atomic.Int64
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				if _, err := s.SetUp(t.Context(), code, string(rune('a'+i))+"@example.org", password); err == nil {
					made.Add(1)
				}
			})
		}
		wg.Wait()
		if n := db.Client.User.Query().CountX(t.Context()); made.Load() != 1 || n != 1 {
			t.Errorf("%d succeeded, %d users", made.Load(), n)
		}
		if owner := db.Client.User.Query().OnlyX(t.Context()); owner.Role != user.RoleOWNER || strings.Contains(owner.PasswordHash, password) {
			t.Errorf("owner %+v", owner)
		}
	})
}

// A wrong, an old and a replaced code are refused.
func TestSetupCodeWorksForAnHour(t *testing.T) {
	t.Parallel()
	s, c := newService(t, databasetest.New(t))
	old := s.NewSetupCode()
	code := s.NewSetupCode()
	for _, wrong := range []string{"", "x", old} {
		if _, err := s.SetUp(t.Context(), wrong, "a@example.org", password); err == nil {
			t.Errorf("code %q was taken", wrong)
		}
	}
	c.advance(time.Hour + time.Second)
	var invalid *fault.Invalid
	if _, err := s.SetUp(t.Context(), code, "a@example.org", password); !errors.As(err, &invalid) || invalid.Field != "code" {
		t.Errorf("an old code: %v", err)
	}
}

func TestPasswordsAndAddresses(t *testing.T) {
	t.Parallel()
	s, _ := newService(t, databasetest.New(t))
	for _, bad := range []string{"", "elevenchars", strings.Repeat("x", 257), "password1234", "PASSWORD1234", "aaaaaaaaaaaaaaaa", "abcabcabcabcabc", "my-anna-is-in-here", "BlackSabbath", "composer-2026!", "Broker_Admin_99"} {
		var invalid *fault.Invalid
		if _, err := s.Create(t.Context(), "anna@example.org", bad, user.RoleVIEWER); !errors.As(err, &invalid) || invalid.Field != "password" {
			t.Errorf("password %.20q: %v", bad, err)
		}
	}
	for _, bad := range []string{"", "anna", "Anna <anna@example.org>", "a b@example.org", strings.Repeat("a", 250) + "@example.org"} {
		var invalid *fault.Invalid
		if _, err := s.Create(t.Context(), bad, password, user.RoleVIEWER); !errors.As(err, &invalid) || invalid.Field != "email" {
			t.Errorf("address %.20q: %v", bad, err)
		}
	}
	if _, err := s.Create(t.Context(), " Anna@Example.org ", password, user.RoleVIEWER); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(t.Context(), "clara@example.org", "composer of nine symphonies", user.RoleVIEWER); err != nil {
		t.Errorf("a good password with a word of this server: %v", err)
	}
	var conflict *fault.Conflict
	if _, err := s.Create(t.Context(), "anna@example.org", password, user.RoleVIEWER); !errors.As(err, &conflict) {
		t.Errorf("the same address again: %v", err)
	}
	if _, err := s.SignIn(t.Context(), "ANNA@example.org", password, "", from("192.0.2.1")); err != nil {
		t.Errorf("sign in: %v", err)
	}
}

// Guessing is slowed down for an account, and the answer is the same for one that there is not.
func TestGuessingIsSlowedDown(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, c := newService(t, db)
		if _, err := s.Create(t.Context(), "anna@example.org", password, user.RoleOWNER); err != nil {
			t.Fatal(err)
		}
		for _, email := range []string{"anna@example.org", "nobody@example.org"} {
			var checked int
			for i := range 20 {
				_, err := s.SignIn(t.Context(), email, "wrong password", "", from("192.0.2."+string(rune('1'+i%9))))
				var wrong *fault.Unauthenticated
				var busy *fault.Busy
				switch {
				case errors.As(err, &wrong) && wrong.Message == "Email or password is wrong.":
					checked++
				case errors.As(err, &busy) && strings.HasPrefix(busy.Message, "Too many attempts."):
				default:
					t.Fatalf("%s: %v", email, err)
				}
			}
			if checked != freeFailures {
				t.Errorf("%s: %d guesses were checked, want %d", email, checked, freeFailures)
			}
		}
		if _, err := s.SignIn(t.Context(), "anna@example.org", password, "", from("198.51.100.1")); err == nil {
			t.Error("the right password passes while the account waits")
		}
		c.advance(time.Minute)
		if _, err := s.SignIn(t.Context(), "anna@example.org", password, "", from("198.51.100.1")); err != nil {
			t.Errorf("after the wait: %v", err)
		}
	})
}

// A session ends by signing out at once, without use after 12 hours, and after 7 days in any case.
func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		go db.Changes.Run(t.Context())
		s, c := newService(t, db)
		anna, err := s.Create(t.Context(), "anna@example.org", password, user.RoleOWNER)
		if err != nil {
			t.Fatal(err)
		}
		begin := func() string {
			started, err := s.Begin(t.Context(), anna, from("192.0.2.1"))
			if err != nil {
				t.Fatal(err)
			}
			return started.Value
		}
		alive := func(value string) string {
			return s.alive(t, value)
		}
		out := begin()
		if err := s.SignOut(t.Context(), anna, alive(out)); err != nil || alive(out) != "" {
			t.Errorf("after signing out: %v", err)
		}
		idle := begin()
		c.advance(11 * time.Hour)
		if alive(idle) == "" {
			t.Error("ended after 11 hours")
		}
		c.advance(11 * time.Hour)
		if alive(idle) == "" {
			t.Error("ended 11 hours after its last use")
		}
		c.advance(13 * time.Hour)
		if alive(idle) != "" {
			t.Error("alive after 13 hours without use")
		}
		long := begin()
		for range 14 {
			c.advance(11 * time.Hour)
			alive(long)
		}
		c.advance(15 * time.Hour)
		if alive(long) != "" || alive("") != "" || alive("garbage") != "" {
			t.Error("alive after 7 days, or garbage is a session")
		}
		if row := db.Client.Session.Query().FirstX(t.Context()); string(row.Hash) == long {
			t.Error("the session's value is stored")
		}
	})
}

// Over TLS the cookie is bound to the host; nowhere can a script or another site use it.
func TestCookie(t *testing.T) {
	t.Parallel()
	for secure, name := range map[bool]string{true: "__Host-broker", false: "broker"} {
		w := httptest.NewRecorder()
		Cookies{secure}.Set(w, &Session{Value: "v"})
		cookie := w.Result().Cookies()[0]
		if cookie.Name != name || cookie.Secure != secure || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Domain != "" {
			t.Errorf("cookie %v", cookie)
		}
	}
}
