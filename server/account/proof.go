package account

import (
	"context"
	"errors"

	"broker/ent"
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
	if row != nil && row.PasswordHash != "" { // who was invited has none yet
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
		if err := s.failed(ctx, keys, email, false, from); err != nil {
			return err
		}
		return errWrongPassword
	}
	if !given.both || row.TotpEnabledAt == nil {
		return nil
	}
	if given.code == "" {
		return fault.Invalidf("totp", "Enter the code that your authenticator app shows, or one of your recovery codes.")
	}
	if right, err = s.spend(ctx, row, given.code); err != nil || right {
		return err
	}
	if err := s.failed(ctx, keys, email, true, from); err != nil {
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
	err := s.prove(ctx, row.Email, row, given, from)
	if errors.Is(err, errWrongPassword) {
		return fault.Invalidf(field, "The password is wrong.")
	}
	return err
}
