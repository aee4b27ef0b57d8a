package account

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"broker/ent"
	"broker/ent/session"
	"broker/ent/signinthrottle"
	"broker/ent/user"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/secret"
)

// Session is a new session: its value goes to the browser, and is not stored.
type Session struct {
	Value  string
	Device string // what the browser is known by at its next sign-in; empty where devices are not known
	User   *ent.User
	Ends   time.Time
}

// SignIn starts a session. The answer to an unknown address is that to a wrong password, and takes as long. Of a person
// with a second factor, a code is needed too: that it is missing is said only to who knows the password.
func (s *Service) SignIn(ctx context.Context, email, password, code string, from Client) (*Session, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	row, err := s.db.Client.User.Query().Where(user.Email(email)).Only(ctx)
	if err != nil && !ent.IsNotFound(err) {
		return nil, fmt.Errorf("find a user: %w", err)
	}
	if err := s.prove(ctx, email, row, proof{password, code, true}, from); err != nil {
		if errors.Is(err, errWrongPassword) {
			return nil, wrongSignIn()
		}
		return nil, err
	}
	if err := s.mayWithoutProvider(row); err != nil {
		return nil, err
	}
	return s.Begin(ctx, row, from)
}

func wrongSignIn() error { return &fault.Unauthenticated{Message: "Email or password is wrong."} }

// How sessions begin.
const (
	byPassword = "password" // with the second factor of who has one
	byPasskey  = "passkey"
	byOpenID   = "openid"
)

// Begin starts a session of a user who has proved who they are, with a password.
func (s *Service) Begin(ctx context.Context, row *ent.User, from Client) (*Session, error) {
	return s.beginBy(ctx, row, from, byPassword)
}

// beginBy starts a session in the place of the one that the browser has.
func (s *Service) beginBy(ctx context.Context, row *ent.User, from Client, method string) (*Session, error) {
	keys, _, err := s.throttleKeys(ctx, row.Email, row.ID, from)
	if err != nil {
		return nil, err
	}
	now := s.now().UTC()
	var started *Session
	err = s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		if _, err := tx.SignInThrottle.Delete().Where(signinthrottle.ID(keys[0])).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.Session.Delete().Where(session.ExpiresAtLT(now)).Exec(ctx); err != nil {
			return err
		}
		if err := endOne(ctx, tx, from.Session); err != nil {
			return err
		}
		// Not of who was removed, or given another password, meanwhile.
		err = tx.User.UpdateOneID(row.ID).Where(user.PasswordHash(row.PasswordHash)).SetLastSignInAt(now).Exec(ctx)
		if ent.IsNotFound(err) {
			return wrongSignIn()
		}
		if err != nil {
			return err
		}
		if started, err = s.newSession(ctx, tx, row, from, method); err != nil {
			return err
		}
		details := map[string]any{"email": row.Email, "by": method}
		if s.sealer != nil && row.LastSignInAt != nil && !s.knows(from.Device, row.ID) { // which is told to them
			details["newDevice"] = true
		}
		return s.audit.Write(ctx, tx, audit.Event{Action: "user.sign_in", Target: row.ID, Details: details, Actor: from.as(row.ID, row.Email)})
	})
	if err != nil {
		return nil, fmt.Errorf("start a session: %w", err)
	}
	return started, nil
}

// newSession makes a session with a value that no other had.
func (s *Service) newSession(ctx context.Context, tx *database.Tx, row *ent.User, from Client, method string) (*Session, error) {
	value, hash := newValue()
	now := s.now().UTC()
	device, err := s.newDevice(row.ID)
	if err != nil {
		return nil, err
	}
	started := &Session{Value: value, Device: device, User: row, Ends: now.Add(absoluteFor)}
	err = tx.Session.Create().SetUserID(row.ID).SetHash(hash[:]).SetMethod(method).SetExpiresAt(started.Ends).
		SetAddress(from.address()).SetClient(fmt.Sprintf("%.200s", secret.Redact(from.Agent))).SetSeenAt(now).Exec(ctx)
	return started, err
}

// What a failure costs: the first few are free, then each doubles the wait, up to an hour.
const (
	freeFailures = 5
	longestWait  = time.Hour
	forgottenIn  = 24 * time.Hour
)

// wait is how long after the last failure nothing is tried.
func wait(failures int) time.Duration {
	if failures < freeFailures {
		return 0
	}
	return min(time.Duration(math.Pow(2, float64(failures-freeFailures)))*15*time.Second, longestWait)
}

func (s *Service) throttled(ctx context.Context, keys []string) error {
	rows, err := s.db.Client.SignInThrottle.Query().Where(signinthrottle.IDIn(keys...)).All(ctx)
	if err != nil {
		return fmt.Errorf("read failed sign-ins: %w", err)
	}
	for _, row := range rows {
		failures := row.Failures
		if strings.HasPrefix(row.ID, "network:") {
			failures /= 4 // people share networks
		}
		pause := wait(failures)
		if left := row.LastFailureAt.Add(pause).Sub(s.now()); pause > 0 && left > 0 { // a database may round an instant up
			return &fault.Busy{Message: "Too many attempts. Try again in " + spoken(left) + "."}
		}
	}
	return nil
}

func spoken(d time.Duration) string {
	if minutes := int(math.Ceil(d.Minutes())); minutes > 1 {
		return fmt.Sprintf("%d minutes", minutes)
	}
	return "a minute"
}

// failed counts a failure; wrong says of what, where it is not of a password: of a code beside the right one, a passkey.
func (s *Service) failed(ctx context.Context, keys []string, email, wrong string, from Client) error {
	now := s.now().UTC()
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		if _, err := tx.SignInThrottle.Delete().Where(signinthrottle.LastFailureAtLT(now.Add(-forgottenIn))).Exec(ctx); err != nil {
			return err
		}
		for _, key := range keys {
			err := tx.SignInThrottle.Create().SetID(key).SetFailures(1).SetLastFailureAt(now).
				OnConflictColumns("id").
				Update(func(u *ent.SignInThrottleUpsert) { u.AddFailures(1).SetLastFailureAt(now) }).
				Exec(ctx)
			if err != nil {
				return err
			}
		}
		return s.noteFailure(ctx, tx, keys, email, wrong, from)
	})
	if err != nil {
		return fmt.Errorf("count a failed sign-in: %w", err)
	}
	return nil
}

// noteFailure tells of a failure in the audit log: of the first ones each, then of every one that doubles their number,
// so that guessing does not flood it. What is counted is the account's failures, or the network's where it has more.
func (s *Service) noteFailure(ctx context.Context, tx *database.Tx, keys []string, email, wrong string, from Client) error {
	rows, err := tx.SignInThrottle.Query().Where(signinthrottle.IDIn(keys...)).All(ctx)
	if err != nil {
		return err
	}
	failures := 0
	for _, row := range rows {
		failures = max(failures, row.Failures)
	}
	if failures > freeFailures && failures&(failures-1) != 0 {
		return nil
	}
	details := map[string]any{"email": fmt.Sprintf("%.254s", email), "failures": failures}
	if wrong != "" { // with a code, whoever it was knows the password
		details["wrong"] = wrong
	}
	return s.audit.Write(ctx, tx, audit.Event{Action: "user.sign_in_fail", Details: details, Actor: from.as("", "unknown")})
}

// as is the client as the actor of an event.
func (c Client) as(id, name string) *audit.Actor {
	return &audit.Actor{ID: id, Name: name, Address: c.Address, Client: c.Agent}
}
