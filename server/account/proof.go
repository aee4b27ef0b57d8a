package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broker/ent"
	"broker/ent/session"
	"broker/ent/user"
	"broker/server/fault"
)

// proof is what somebody proves with who they are.
type proof struct {
	password string
	code     string // of the second factor
	both     bool   // whether the code is needed of who has a second factor
}

// errWrongPassword is a password that is not the person's; the caller says it in its own words.
var errWrongPassword = errors.New("the password is wrong")

// prove tells whether somebody is who they say: row, or nobody where that is nil. What is wrong is counted, a code as a
// password. The pause is looked at before the wait for a place, and in it: of however many guesses at once, no more are
// tried beyond a pause than there are places.
func (s *Service) prove(ctx context.Context, email string, row *ent.User, given proof, from Client) error {
	hash, userID := s.decoy, ""
	if row != nil && hasPassword(row) { // who was invited has none yet
		hash, userID = row.PasswordHash, row.ID
	}
	if len(given.password) > 4*passwordMax {
		given.password = "" // longer than any, and not worth hashing
	}
	keys, known, err := s.throttleKeys(ctx, email, userID, from)
	if err != nil {
		return err
	}
	if err := s.throttled(ctx, keys); err != nil {
		return err
	}
	leave, err := s.hasher.enter(ctx, known)
	if err != nil {
		return err
	}
	defer leave()
	if err := s.throttled(ctx, keys); err != nil {
		return err
	}
	right, err := matches(given.password, hash)
	if err != nil {
		return err
	}
	if !right || userID == "" {
		if err := s.failed(ctx, keys, email, "", from); err != nil {
			return err
		}
		return errWrongPassword
	}
	if !given.both {
		return nil
	}
	return s.proveSecond(ctx, keys, row, given.code, from)
}

// proveSecond tells whether somebody has the second factor of a person, where that has one.
func (s *Service) proveSecond(ctx context.Context, keys []string, row *ent.User, code string, from Client) error {
	passkeys, err := s.hasPasskeys(ctx, row.ID)
	switch {
	case err != nil:
		return err
	case row.TotpEnabledAt == nil && !passkeys:
		return nil
	case row.TotpEnabledAt == nil:
		return fault.Invalidf("totp", "Use one of your passkeys.")
	case code == "" && passkeys:
		return fault.Invalidf("totp", "Use one of your passkeys, or enter the code that your authenticator app shows, or one of your recovery codes.")
	case code == "":
		return fault.Invalidf("totp", "Enter the code that your authenticator app shows, or one of your recovery codes.")
	}
	right, err := s.spend(ctx, row, code)
	if err != nil || right {
		return err
	}
	if err := s.failed(ctx, keys, row.Email, "code", from); err != nil {
		return err
	}
	return wrongCode("totp")
}

func wrongCode(field string) error {
	return fault.Invalidf(field, "This code is wrong, or was used already. Enter the one that the app shows now, or another recovery code.")
}

// proveAgain has a person who is signed in prove again who they are, before what a stolen session must not do. The field
// is that of the input with the password.
func (s *Service) proveAgain(ctx context.Context, row *ent.User, given proof, field string, from Client) error {
	if !hasPassword(row) {
		return s.proveFresh(ctx, row, given, field, from)
	}
	err := s.prove(ctx, row.Email, row, given, from)
	if errors.Is(err, errWrongPassword) {
		return fault.Invalidf(field, "The password is wrong.")
	}
	return err
}

// proveForWayIn is proveAgain before a way to sign in is added or taken away: of who has an authenticator app with its code
// too, as else a password alone would lead past it.
func (s *Service) proveForWayIn(ctx context.Context, row *ent.User, password, code string, from Client) error {
	err := s.proveAgain(ctx, row, proof{password, code, row.TotpEnabledAt != nil}, "password", from)
	if invalid, ok := err.(*fault.Invalid); ok && invalid.Field == "totp" {
		return &fault.Invalid{Field: "code", Message: invalid.Message}
	}
	return err
}

// freshFor is how long after its beginning a session proves who somebody is that has no password.
const freshFor = 10 * time.Minute

// proveFresh is proveAgain of somebody without a password: that they signed in just now, and the code where it is needed.
func (s *Service) proveFresh(ctx context.Context, row *ent.User, given proof, field string, from Client) error {
	fresh, err := s.db.Client.Session.Query().
		Where(session.ID(from.Session), session.UserID(row.ID), session.ExpiresAtGT(s.now().UTC().Add(absoluteFor-freshFor))).Exist(ctx)
	if err != nil {
		return fmt.Errorf("look when a session began: %w", err)
	}
	if !fresh {
		return fault.Invalidf(field, "You have no password here. Sign out, sign in again, and do this within ten minutes.")
	}
	if !given.both {
		return nil
	}
	keys, _, err := s.throttleKeys(ctx, row.Email, row.ID, from)
	if err != nil {
		return err
	}
	if err := s.throttled(ctx, keys); err != nil {
		return err
	}
	return s.proveSecond(ctx, keys, row, given.code, from)
}

// ProviderOnly has nobody but owners sign in without the provider: neither with a password nor with a passkey. It must be
// called before the first request.
func (s *Service) ProviderOnly() { s.only = true }

// OwnersAlone tells whether nobody but owners may sign in without the provider.
func (s *Service) OwnersAlone() bool { return s.only }

// mayWithoutProvider tells whether a person may sign in without the provider.
func (s *Service) mayWithoutProvider(row *ent.User) error {
	if s.only && row.Role != user.RoleOWNER {
		return &fault.Forbidden{Message: "Here everybody but owners signs in through the sign-in service."}
	}
	return nil
}
