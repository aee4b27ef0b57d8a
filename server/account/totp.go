package account

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"image/color"
	"maps"
	"net/url"
	"strings"

	"github.com/boombuler/barcode/qr"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"broker/ent"
	"broker/ent/user"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/fault"
)

// The second factor: codes of 6 digits that change every 30 seconds (RFC 6238), with one step of skew.
const (
	stepSeconds = 30
	skew        = 1
	codeDigits  = 6
)

// Recovery codes: 120 random bits each, which with their person's id are kept as a sealed hash. From 112 bits on a plain
// hash is as good as one that is made for passwords (OWASP ASVS 5, 6.5.2).
const (
	recoveryCodes = 10
	recoveryChars = 24 // base32
)

// Setup is what an authenticator app needs.
type Setup struct {
	Secret string // base32
	URI    string // otpauth://…
	QRSize int    // modules on each side
	QRPath string // the dark ones, as an SVG path
}

// StartTOTP makes a new secret for a person without a second factor. It is in use once ConfirmTOTP was given a code.
func (s *Service) StartTOTP(ctx context.Context, userID, password, issuer string, from Client) (*Setup, error) {
	row, err := s.find(ctx, userID)
	if err != nil {
		return nil, err
	}
	if err := s.proveAgain(ctx, row, proof{password: password}, "password", from); err != nil {
		return nil, err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: row.Email})
	if err != nil {
		return nil, fmt.Errorf("make a secret for codes: %w", err)
	}
	sealed, err := s.seal([]byte(key.Secret()), totpOf(row.ID))
	if err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		n, err := tx.User.Update().Where(user.ID(row.ID), user.TotpEnabledAtIsNil()).SetTotpSecret(sealed).Save(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			return &fault.Conflict{Message: "A second factor is set up already. Switch it off to set up another."}
		}
		return s.audit.Write(ctx, tx, audit.Event{Action: "user.totp_start", Target: row.ID, Details: map[string]any{"email": row.Email}})
	})
	if err != nil {
		return nil, err
	}
	return drawn(key.Secret(), issuer, row.Email)
}

// drawn is a secret with its address, also as a QR code.
func drawn(secret, issuer, email string) (*Setup, error) {
	uri := "otpauth://totp/" + url.PathEscape(issuer+":"+email) + "?secret=" + secret + "&issuer=" + url.PathEscape(issuer)
	code, err := qr.Encode(uri, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("draw a QR code: %w", err)
	}
	size := code.Bounds().Dx()
	var path strings.Builder
	for y := range size {
		for x := 0; x < size; x++ {
			run := 0
			for x+run < size && code.At(x+run, y) == color.Black {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x, y, run, run)
				x += run
			}
		}
	}
	return &Setup{Secret: secret, URI: uri, QRSize: size, QRPath: path.String()}, nil
}

// ConfirmTOTP switches a second factor on with a first code, and returns the recovery codes. All sessions but one end,
// and that one goes on with the value that is returned.
func (s *Service) ConfirmTOTP(ctx context.Context, userID, sessionID, code string) (*ent.User, []string, *Session, error) {
	row, err := s.find(ctx, userID)
	if err != nil {
		return nil, nil, nil, err
	}
	if row.TotpEnabledAt != nil || row.TotpSecret == nil {
		return nil, nil, nil, &fault.Conflict{Message: "There is no second factor being set up. Start again."}
	}
	step, err := s.stepOf(row, normalised(code))
	if err != nil {
		return nil, nil, nil, err
	}
	if step == 0 {
		return nil, nil, nil, fault.Invalidf("code", "This code is wrong. Enter the one that the app shows now; the clock of its device must be right.")
	}
	codes, sealed, err := s.newRecoveryCodes(row.ID)
	if err != nil {
		return nil, nil, nil, err
	}
	var renewed *Session
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		tx.Announce(database.TopicUser, row.ID)
		n, err := tx.User.Update().Where(user.ID(row.ID), user.TotpEnabledAtIsNil(), user.TotpSecret(row.TotpSecret)).
			SetTotpEnabledAt(s.now().UTC()).SetTotpLastStep(step).SetRecoveryCodes(sealed).Save(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			return &fault.Conflict{Message: "The second factor was set up again meanwhile. Start again."}
		}
		renewed, err = s.factorChanged(ctx, tx, row, sessionID, "user.totp_enable", nil)
		return err
	})
	if err != nil {
		return nil, nil, nil, err
	}
	row, err = s.find(ctx, row.ID)
	return row, codes, renewed, err
}

// DisableTOTP switches a second factor off. All sessions but one end, and that one goes on with the value that is
// returned.
func (s *Service) DisableTOTP(ctx context.Context, userID, sessionID string, password, code string, from Client) (*ent.User, *Session, error) {
	row, err := s.provenWithBoth(ctx, userID, password, code, from)
	if err != nil {
		return nil, nil, err
	}
	var renewed *Session
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		tx.Announce(database.TopicUser, row.ID)
		if err := withoutTOTP(tx.User.UpdateOneID(row.ID)).Exec(ctx); err != nil {
			return err
		}
		renewed, err = s.factorChanged(ctx, tx, row, sessionID, "user.totp_disable", nil)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	row, err = s.find(ctx, row.ID)
	return row, renewed, err
}

func withoutTOTP(update *ent.UserUpdateOne) *ent.UserUpdateOne {
	return update.ClearTotpSecret().ClearTotpEnabledAt().ClearRecoveryCodes()
}

// factorChanged ends the sessions that began with other factors, renews the one in which the change was made, and tells of
// it.
func (s *Service) factorChanged(ctx context.Context, tx *database.Tx, row *ent.User, sessionID, action string, details map[string]any) (*Session, error) {
	if _, err := endSessions(ctx, tx, row.ID, sessionID); err != nil {
		return nil, err
	}
	renewed, err := s.renewNow(ctx, tx, sessionID)
	if err != nil {
		return nil, err
	}
	all := map[string]any{"email": row.Email}
	maps.Copy(all, details)
	return renewed, s.audit.Write(ctx, tx, audit.Event{Action: action, Target: row.ID, Details: all})
}

// RenewRecoveryCodes makes new recovery codes; those before no longer work.
func (s *Service) RenewRecoveryCodes(ctx context.Context, userID, password, code string, from Client) (*ent.User, []string, error) {
	row, err := s.provenWithBoth(ctx, userID, password, code, from)
	if err != nil {
		return nil, nil, err
	}
	codes, sealed, err := s.newRecoveryCodes(row.ID)
	if err != nil {
		return nil, nil, err
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		tx.Announce(database.TopicUser, row.ID)
		err := tx.User.UpdateOneID(row.ID).Where(user.TotpEnabledAtNotNil()).SetRecoveryCodes(sealed).Exec(ctx)
		if err != nil {
			return err
		}
		return s.audit.Write(ctx, tx, audit.Event{Action: "user.recovery_codes", Target: row.ID, Details: map[string]any{"email": row.Email}})
	})
	if err != nil {
		return nil, nil, err
	}
	row, err = s.find(ctx, row.ID)
	return row, codes, err
}

// provenWithBoth is a person with a second factor who has proved again who they are, with password and code.
func (s *Service) provenWithBoth(ctx context.Context, userID, password, code string, from Client) (*ent.User, error) {
	row, err := s.find(ctx, userID)
	if err != nil {
		return nil, err
	}
	if row.TotpEnabledAt == nil {
		return nil, &fault.Conflict{Message: "There is no second factor."}
	}
	err = s.proveAgain(ctx, row, proof{password, code, true}, "password", from)
	if invalid, ok := err.(*fault.Invalid); ok && invalid.Field == "totp" {
		return nil, &fault.Invalid{Field: "code", Message: invalid.Message}
	}
	return row, err
}

// spend tells whether a code is one of a person's, and takes it: each works once, whoever sends it at the same time and
// to whichever instance.
func (s *Service) spend(ctx context.Context, row *ent.User, code string) (bool, error) {
	code = normalised(code)
	if len(code) != codeDigits {
		return s.spendRecoveryCode(ctx, row, code)
	}
	step, err := s.stepOf(row, code)
	if err != nil || step == 0 {
		return false, err
	}
	n, err := s.db.Client.User.Update().
		Where(user.ID(row.ID), user.TotpEnabledAtNotNil(), user.TotpLastStepLT(step)).SetTotpLastStep(step).Save(ctx)
	if err != nil {
		return false, fmt.Errorf("note the use of a code: %w", err)
	}
	return n == 1, nil
}

// normalised is a code without what people write between its characters.
func normalised(code string) string {
	if len(code) > 100 {
		return ""
	}
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(strings.TrimSpace(code)))
}

// stepOf is the time step whose code this is; 0 where it is none of those that count now.
func (s *Service) stepOf(row *ent.User, code string) (int64, error) {
	secret, err := s.open(row.TotpSecret, totpOf(row.ID))
	if err != nil {
		return 0, fmt.Errorf("read the secret of a second factor: %w", err)
	}
	now := s.now().Unix() / stepSeconds
	found := int64(0)
	for step := now - skew; step <= now+skew; step++ {
		right, err := hotp.GenerateCodeCustom(string(secret), uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, fmt.Errorf("compute a code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(right), []byte(code)) == 1 {
			found = step
		}
	}
	return found, nil
}

// newRecoveryCodes are codes to be shown, such as ABCDEF-GHIJKL-MNOPQR-STUVWX, and what is kept of them.
func (s *Service) newRecoveryCodes(userID string) (codes []string, sealed []byte, err error) {
	var hashes []byte
	for range recoveryCodes {
		code := rand.Text()[:recoveryChars]
		hash := recoveryHash(userID, code)
		hashes = append(hashes, hash[:]...)
		codes = append(codes, code[:6]+"-"+code[6:12]+"-"+code[12:18]+"-"+code[18:])
	}
	sealed, err = s.seal(hashes, recoveryOf(userID))
	return codes, sealed, err
}

func recoveryHash(userID, code string) [sha256.Size]byte {
	return sha256.Sum256([]byte(userID + "|" + code))
}

// spendRecoveryCode takes a recovery code, unless there is none such. Where another one is taken at the same time, it
// looks again.
func (s *Service) spendRecoveryCode(ctx context.Context, row *ent.User, code string) (bool, error) {
	hash := recoveryHash(row.ID, code)
	for range recoveryCodes + 1 {
		fresh, err := s.find(ctx, row.ID)
		if err != nil || fresh.TotpEnabledAt == nil {
			return false, err
		}
		left, err := s.recoveryHashes(fresh)
		if err != nil {
			return false, err
		}
		kept := []byte{}
		for one := 0; one < len(left); one += sha256.Size {
			if subtle.ConstantTimeCompare(left[one:one+sha256.Size], hash[:]) == 0 {
				kept = append(kept, left[one:one+sha256.Size]...)
			}
		}
		if bytes.Equal(kept, left) {
			return false, nil
		}
		taken, err := s.keepRecoveryHashes(ctx, fresh, kept)
		if err != nil || taken {
			return taken, err
		}
	}
	return false, nil
}

// keepRecoveryHashes puts what is left in the place of what was read, unless that was changed meanwhile.
func (s *Service) keepRecoveryHashes(ctx context.Context, read *ent.User, left []byte) (done bool, err error) {
	sealed, err := s.seal(left, recoveryOf(read.ID))
	if err != nil {
		return false, err
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		tx.Announce(database.TopicUser, read.ID)
		n, err := tx.User.Update().Where(user.ID(read.ID), user.RecoveryCodes(read.RecoveryCodes)).SetRecoveryCodes(sealed).Save(ctx)
		if err != nil || n == 0 {
			return err
		}
		done = true
		details := map[string]any{"email": read.Email, "left": len(left) / sha256.Size}
		return s.audit.Write(ctx, tx, audit.Event{Action: "user.recovery_code_use", Target: read.ID, Details: details, Actor: ClientOf(ctx).as(read.ID, read.Email)})
	})
	if err != nil {
		return false, fmt.Errorf("take a recovery code: %w", err)
	}
	return done, nil
}

// RecoveryCodesLeft is how many recovery codes of a person were not used.
func (s *Service) RecoveryCodesLeft(row *ent.User) (int, error) {
	hashes, err := s.recoveryHashes(row)
	return len(hashes) / sha256.Size, err
}

func (s *Service) recoveryHashes(row *ent.User) ([]byte, error) {
	if len(row.RecoveryCodes) == 0 {
		return nil, nil
	}
	hashes, err := s.open(row.RecoveryCodes, recoveryOf(row.ID))
	if err != nil {
		return nil, fmt.Errorf("read recovery codes: %w", err)
	}
	return hashes, nil
}

func totpOf(userID string) string     { return "user|" + userID + "|totp" }
func recoveryOf(userID string) string { return "user|" + userID + "|recovery" }
