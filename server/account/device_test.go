package account

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"broker/ent/user"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fault"
	"broker/server/seal"
)

// Nobody locks another person out: however often others guess, from wherever, who signs in with a browser that they
// signed in with before, or from a network that they have a session from, is let in at once; and guesses with a stolen
// or forged value are slowed down like all others.
func TestNobodyLocksAnotherOut(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, _ := newService(t, db)
		sealer, err := seal.New(make([]byte, seal.KeySize))
		if err != nil {
			t.Fatal(err)
		}
		s.SealWith(sealer)
		for _, email := range []string{"anna@example.org", "ben@example.org"} {
			if _, err := s.Create(t.Context(), email, password, user.RoleOWNER); err != nil {
				t.Fatal(err)
			}
		}
		anna, err := s.SignIn(t.Context(), "anna@example.org", password, "", from("192.0.2.10"))
		if err != nil || anna.Device == "" {
			t.Fatal(anna, err)
		}
		ben, err := s.SignIn(t.Context(), "ben@example.org", password, "", from("192.0.2.20"))
		if err != nil {
			t.Fatal(err)
		}
		guess := func(email string, from Client) (waits bool) {
			_, err := s.SignIn(t.Context(), email, "wrong password", "", from)
			var busy *fault.Busy
			return errors.As(err, &busy)
		}
		with := func(address, device string) Client {
			c := from(address)
			c.Device = device
			return c
		}
		for i := range 300 { // from elsewhere, and from where Anna's browser is
			guess("anna@example.org", from([]string{"198.51.100.1", "203.0.113.7"}[i%2]))
		}
		if _, err := s.SignIn(t.Context(), "anna@example.org", password, "", with("203.0.113.7", anna.Device)); err != nil {
			t.Errorf("a known browser, beside who guesses: %v", err)
		}
		if _, err := s.SignIn(t.Context(), "anna@example.org", password, "", from("192.0.2.10")); err != nil {
			t.Errorf("a known network: %v", err)
		}
		for what, device := range map[string]string{"no browser": "", "another person's browser": ben.Device, "a forged value": anna.Device[:len(anna.Device)-4] + "AAAA"} {
			if _, err := s.SignIn(t.Context(), "anna@example.org", password, "", with("198.51.100.99", device)); err == nil {
				t.Errorf("%s passes while the account waits", what)
			}
		}
		waits := 0
		for range 20 {
			if guess("anna@example.org", with("203.0.113.8", anna.Device)) {
				waits++
			}
		}
		if waits != 20-freeFailures {
			t.Errorf("%d of 20 guesses with a stolen value have to wait", waits)
		}
	})
}

// However many guess at once, from however many addresses, few of their guesses are tried; and who is known signs in
// meanwhile.
func TestGuessesAtOnce(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, _ := newService(t, db)
		sealer, err := seal.New(make([]byte, seal.KeySize))
		if err != nil {
			t.Fatal(err)
		}
		s.SealWith(sealer)
		if _, err := s.Create(t.Context(), "anna@example.org", password, user.RoleOWNER); err != nil {
			t.Fatal(err)
		}
		first, err := s.SignIn(t.Context(), "anna@example.org", password, "", from("192.0.2.10"))
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		var tried atomic.Int64
		for i := range 100 {
			all.Go(func() {
				_, err := s.SignIn(t.Context(), "anna@example.org", "wrong password", "", from(fmt.Sprintf("198.51.100.%d", i)))
				if _, wrong := errors.AsType[*fault.Unauthenticated](err); wrong {
					tried.Add(1)
				}
			})
		}
		elsewhere := from("203.0.113.9")
		elsewhere.Device = first.Device
		for range 3 {
			if _, err := s.SignIn(t.Context(), "anna@example.org", password, "", elsewhere); err != nil {
				t.Errorf("a known browser, while others guess: %v", err)
			}
		}
		all.Wait()
		if most := int64(freeFailures + cap(s.hasher.places)); tried.Load() > most {
			t.Errorf("%d of 100 guesses at once are tried, want %d at most", tried.Load(), most)
		}
	})
}

// Who is known has a place to be checked in, whoever fills the others; who is not waits no longer than is bearable.
func TestPlacesOfTheKnown(t *testing.T) {
	t.Parallel()
	h := newHasher()
	for range cap(h.places) {
		h.places <- struct{}{}
	}
	leave, err := h.enter(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	leave()
	if len(h.known) != 0 || len(h.places) != cap(h.places) {
		t.Errorf("%d and %d places are taken", len(h.known), len(h.places))
	}
	var busy *fault.Busy
	if _, err := h.enter(t.Context(), false); !errors.As(err, &busy) {
		t.Errorf("a stranger, with all places taken: %v", err)
	}
}

// The browser keeps what it is known by for a year, beside its session and as closely.
func TestDeviceCookie(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	Cookies{Secure: true}.Set(w, &Session{Value: "v", Device: "d"})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, cookie := range w.Result().Cookies() {
		if !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" {
			t.Errorf("%+v", cookie)
		}
		r.AddCookie(cookie)
	}
	if c := (Cookies{Secure: true}); c.Device(r) != "d" || c.Value(r) != "v" {
		t.Errorf("%q %q", c.Device(r), c.Value(r))
	}
}
