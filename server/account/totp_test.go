package account

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"broker/ent"
	"broker/ent/auditevent"
	"broker/ent/user"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fault"
)

// withTOTP gives a person a second factor, and returns its secret and recovery codes.
func (s *Service) withTOTP(t *testing.T, row *ent.User) (secret string, recovery []string) {
	t.Helper()
	setup, err := s.StartTOTP(t.Context(), row.ID, password, "packages.example.org", from("192.0.2.1"))
	if err != nil {
		t.Fatal(err)
	}
	_, codes, _, err := s.ConfirmTOTP(t.Context(), row.ID, "", codeAt(t, setup.Secret, s.now()))
	if err != nil {
		t.Fatal(err)
	}
	return setup.Secret, codes
}

// codeAt is what an authenticator app shows then.
func codeAt(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// A second factor is asked for once it was confirmed, and only of who knows the password; a code counts for a step before
// and after its time, however it is written.
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, c := sealed(t, db)
		anna := s.mustCreate(t, "anna@example.org", user.RoleOWNER)
		signIn := func(password, code string) error {
			_, err := s.SignIn(t.Context(), anna.Email, password, code, from("192.0.2.1"))
			return err
		}
		if _, err := s.StartTOTP(t.Context(), anna.ID, "wrong", "x", from("192.0.2.1")); fieldOf(err) != "password" {
			t.Errorf("begun with a wrong password: %v", err)
		}
		setup, err := s.StartTOTP(t.Context(), anna.ID, password, "packages.example.org", from("192.0.2.1"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(setup.URI, "otpauth://totp/packages.example.org:anna@example.org?secret="+setup.Secret) || setup.QRSize < 21 || !strings.HasPrefix(setup.QRPath, "M") {
			t.Errorf("%+v", setup)
		}
		if err := signIn(password, ""); err != nil {
			t.Errorf("before it is confirmed: %v", err)
		}
		here, elsewhere := s.begin(t, anna), s.begin(t, anna)
		if _, _, _, err := s.ConfirmTOTP(t.Context(), anna.ID, s.alive(t, here), "000000"); fieldOf(err) != "code" {
			t.Errorf("confirmed with a wrong code: %v", err)
		}
		first := codeAt(t, setup.Secret, c.now())
		row, codes, renewed, err := s.ConfirmTOTP(t.Context(), anna.ID, s.alive(t, here), first)
		if err != nil || len(codes) != recoveryCodes || row.TotpEnabledAt == nil {
			t.Fatal(codes, err)
		}
		if s.alive(t, renewed.Value) == "" || s.alive(t, here) != "" || s.alive(t, elsewhere) != "" {
			t.Error("the sessions afterwards")
		}
		if _, err := s.StartTOTP(t.Context(), anna.ID, password, "x", from("192.0.2.1")); !isConflict(err) {
			t.Errorf("begun again: %v", err)
		}
		if strings.Contains(string(row.TotpSecret), setup.Secret) || strings.Contains(string(row.RecoveryCodes), codes[0][:5]) {
			t.Error("a secret is stored as it is")
		}
		var wrong *fault.Unauthenticated
		if err := signIn("wrong", ""); !errors.As(err, &wrong) {
			t.Errorf("with a wrong password it is told that there is a second factor: %v", err)
		}
		for _, missing := range []string{"", first, "x", "123", codeAt(t, setup.Secret, c.now().Add(-2*stepFor)), codeAt(t, setup.Secret, c.now().Add(2*stepFor))} {
			if err := signIn(password, missing); fieldOf(err) != "totp" {
				t.Errorf("code %q: %v", missing, err)
			}
			db.Client.SignInThrottle.Delete().ExecX(t.Context())
		}
		next := codeAt(t, setup.Secret, c.now().Add(stepFor))
		if err := signIn(password, " "+next[:3]+" "+next[3:]+" "); err != nil {
			t.Errorf("the next code, with spaces: %v", err)
		}
		if err := signIn(password, next); fieldOf(err) != "totp" {
			t.Errorf("the same code again: %v", err)
		}
		c.advance(4 * stepFor)
		if err := signIn(password, codeAt(t, setup.Secret, c.now().Add(-stepFor))); err != nil {
			t.Errorf("the code before: %v", err)
		}
	})
}

// Of fifty who send one code at once, to two instances, one gets in; so with a recovery code, and two recovery codes sent
// at once both work.
func TestCodesWorkOnce(t *testing.T) {
	t.Parallel()
	eachTwice(t, func(t *testing.T, one, other *Service, c *clock) {
		anna := one.mustCreate(t, "anna@example.org", user.RoleOWNER)
		secret, recovery := one.withTOTP(t, anna)
		c.advance(10 * stepFor)
		anna, err := one.find(t.Context(), anna.ID)
		if err != nil {
			t.Fatal(err)
		}
		spent := func(codes ...string) int64 {
			var worked atomic.Int64
			var all sync.WaitGroup
			for i := range 50 {
				all.Go(func() {
					right, err := []*Service{one, other}[i%2].spend(t.Context(), anna, codes[i%len(codes)])
					if err != nil {
						t.Error(err)
					}
					if right {
						worked.Add(1)
					}
				})
			}
			all.Wait()
			return worked.Load()
		}
		code := codeAt(t, secret, c.now())
		if n := spent(code, code[:3]+" "+code[3:]); n != 1 {
			t.Errorf("a code worked %d times", n)
		}
		if n := spent(recovery[0], strings.ToLower(recovery[0]), strings.ReplaceAll(recovery[0], "-", "")); n != 1 {
			t.Errorf("a recovery code worked %d times", n)
		}
		if n := spent(recovery[1], recovery[2], recovery[3]); n != 3 {
			t.Errorf("three recovery codes worked %d times", n)
		}
		anna, err = one.find(t.Context(), anna.ID)
		if err != nil {
			t.Fatal(err)
		}
		if left, err := other.RecoveryCodesLeft(anna); left != recoveryCodes-4 || err != nil {
			t.Errorf("%d recovery codes are left: %v", left, err)
		}
		if n := one.db.Client.AuditEvent.Query().Where(auditevent.Action("user.recovery_code_use")).CountX(t.Context()); n != 4 {
			t.Errorf("%d events tell of a recovery code", n)
		}
	})
}

// Guesses at a code are slowed down as those at a password, and are told of; a right password beside them does not make
// them forgotten.
func TestGuessingCodesIsSlowedDown(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, _ := sealed(t, db)
		anna := s.mustCreate(t, "anna@example.org", user.RoleOWNER)
		s.withTOTP(t, anna)
		tried := 0
		for i := range 1000 {
			_, err := s.SignIn(t.Context(), anna.Email, password, fmt.Sprintf("%06d", i), from("198.51.100.7"))
			var busy *fault.Busy
			if !errors.As(err, &busy) && fieldOf(err) != "totp" {
				t.Fatal(err)
			}
			if fieldOf(err) == "totp" {
				tried++
			}
			if i > 30 && tried == freeFailures { // the rest waits as well
				break
			}
			s.SignIn(t.Context(), anna.Email, password, "", from("198.51.100.7"))
		}
		if tried != freeFailures {
			t.Errorf("%d guesses were tried, want %d", tried, freeFailures)
		}
		event := db.Client.AuditEvent.Query().Where(auditevent.Action("user.sign_in_fail")).FirstX(t.Context())
		if !strings.Contains(event.Details, `"wrong":"code"`) {
			t.Errorf("told as %s", event.Details)
		}
	})
}

// A second factor is switched off with the password and a code, and taken away with a new password from the command
// line: then the password alone is enough, and all sessions but one's own have ended.
func TestWithoutASecondFactorAgain(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, c := sealed(t, db)
		anna := s.mustCreate(t, "anna@example.org", user.RoleOWNER)
		secret, recovery := s.withTOTP(t, anna)
		here, elsewhere := s.begin(t, anna), s.begin(t, anna)
		off := func(password, code string) error {
			_, renewed, err := s.DisableTOTP(t.Context(), anna.ID, s.alive(t, here), password, code, from("192.0.2.1"))
			if renewed != nil {
				if s.alive(t, here) != "" {
					t.Error("the value of before works on")
				}
				here = renewed.Value
			}
			return err
		}
		for field, given := range map[string][2]string{"password": {"wrong", recovery[0]}, "code": {password, "000000"}} {
			if err := off(given[0], given[1]); fieldOf(err) != field {
				t.Errorf("%v: %v", given, err)
			}
		}
		if err := off(password, ""); fieldOf(err) != "code" {
			t.Errorf("without a code: %v", err)
		}
		_, renewed, err := s.RenewRecoveryCodes(t.Context(), anna.ID, password, recovery[1], from("192.0.2.1"))
		if err != nil || len(renewed) != recoveryCodes {
			t.Fatal(renewed, err)
		}
		if err := off(password, recovery[2]); fieldOf(err) != "code" {
			t.Errorf("a recovery code of before: %v", err)
		}
		if err := off(password, renewed[0]); err != nil {
			t.Fatal(err)
		}
		if s.alive(t, here) == "" || s.alive(t, elsewhere) != "" {
			t.Error("the sessions afterwards")
		}
		if _, err := s.SignIn(t.Context(), anna.Email, password, "", from("192.0.2.1")); err != nil {
			t.Errorf("signing in without a code: %v", err)
		}
		if secret2, _ := s.withTOTP(t, anna); secret2 == secret {
			t.Error("the same secret again")
		}
		c.advance(time.Hour)
		anna, err = s.Named(t.Context(), "ANNA@example.org")
		if err != nil {
			t.Fatal(err)
		}
		const next = "another good one here"
		if err := s.SetPassword(t.Context(), anna, next); err != nil || s.alive(t, here) != "" {
			t.Errorf("reset: %v", err)
		}
		if _, err := s.SignIn(t.Context(), anna.Email, next, "", from("192.0.2.1")); err != nil {
			t.Errorf("signing in after a reset: %v", err)
		}
	})
}

// stepFor is how long a code is shown.
const stepFor = stepSeconds * time.Second
