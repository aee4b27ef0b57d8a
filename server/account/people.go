package account

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"broker/ent"
	"broker/ent/passkey"
	"broker/ent/session"
	"broker/ent/signinthrottle"
	"broker/ent/token"
	"broker/ent/user"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/fault"
)

// Status tells whether somebody can sign in.
type Status string

// The statuses.
const (
	Active          Status = "ACTIVE"
	Invited         Status = "INVITED"
	InvitationEnded Status = "INVITATION_ENDED"
)

// StatusOf is a person's status.
func StatusOf(row *ent.User, now time.Time) Status {
	switch {
	case row.PasswordHash != "":
		return Active
	case row.InvitationEndsAt != nil && now.Before(*row.InvitationEndsAt):
		return Invited
	}
	return InvitationEnded
}

// Status is a person's status now.
func (s *Service) Status(row *ent.User) Status { return StatusOf(row, s.now()) }

// Named is the person with an id or an e-mail address.
func (s *Service) Named(ctx context.Context, name string) (*ent.User, error) {
	row, err := s.db.Client.User.Query().Where(user.Or(user.ID(name), user.Email(strings.ToLower(strings.TrimSpace(name))))).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, &fault.NotFound{What: "user", ID: name}
	}
	if err != nil {
		return nil, fmt.Errorf("find a user: %w", err)
	}
	return row, nil
}

// find is the person with an id as the database has them now.
func (s *Service) find(ctx context.Context, id string) (*ent.User, error) {
	return found(ctx, s.db.Client.User, id)
}

func found(ctx context.Context, users *ent.UserClient, id string) (*ent.User, error) {
	row, err := users.Get(ctx, id)
	if ent.IsNotFound(err) {
		return nil, &fault.NotFound{What: "user", ID: id}
	}
	if err != nil {
		return nil, fmt.Errorf("find a user: %w", err)
	}
	return row, nil
}

// All are the people, by e-mail address.
func (s *Service) All(ctx context.Context) ([]*ent.User, error) {
	rows, err := s.db.Client.User.Query().Order(user.ByEmail()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the users: %w", err)
	}
	return rows, nil
}

// Changes say what is to be another; a nil field stays, and an empty name takes it away.
type Changes struct {
	Name *string
	Role *user.Role
}

// Update changes a person's name and role. The last owner who can sign in stays one.
func (s *Service) Update(ctx context.Context, id string, in Changes) (*ent.User, error) {
	if in.Name != nil {
		if err := checkName(in.Name); err != nil {
			return nil, err
		}
	}
	var row *ent.User
	err := s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		if err := lock(ctx, tx, "people"); err != nil {
			return err
		}
		if row, err = found(ctx, tx.User, id); err != nil {
			return err
		}
		update, details := tx.User.UpdateOneID(id), map[string]any{}
		if in.Name != nil && *in.Name != stored(row.Name) {
			details["name"] = map[string]any{"from": stored(row.Name), "to": *in.Name}
			if update.SetName(*in.Name); *in.Name == "" {
				update.ClearName()
			}
		}
		if in.Role != nil && *in.Role != row.Role {
			details["role"] = map[string]any{"from": row.Role, "to": *in.Role}
			if err := keepsOwner(ctx, tx, row); err != nil {
				return err
			}
			update.SetRole(*in.Role)
			if err := tx.Session.Update().Where(session.UserID(id)).SetRenew(true).Exec(ctx); err != nil {
				return err
			}
		}
		if len(details) == 0 {
			return nil
		}
		tx.Announce(database.TopicUser, id)
		if row, err = update.Save(ctx); err != nil {
			return err
		}
		details["email"] = row.Email
		return s.audit.Write(ctx, tx, audit.Event{Action: "user.update", Target: id, Details: details})
	})
	if err != nil {
		return nil, err
	}
	return row.Unwrap(), nil
}

// Remove ends a person's sessions and invitation, and forgets them. The tokens they made stay. The last owner who can
// sign in is not removed.
func (s *Service) Remove(ctx context.Context, id string) error {
	return s.db.Tx(ctx, func(tx *database.Tx) error {
		if err := lock(ctx, tx, "people"); err != nil {
			return err
		}
		row, err := found(ctx, tx.User, id)
		if err != nil {
			return err
		}
		if err := keepsOwner(ctx, tx, row); err != nil {
			return err
		}
		tx.Announce(database.TopicUser, id)
		if err := s.depart(ctx, tx, row); err != nil {
			return err
		}
		if err := tx.User.DeleteOneID(id).Exec(ctx); err != nil {
			return err
		}
		action := "user.remove"
		if StatusOf(row, s.now()) != Active {
			action = "user.invite_cancel"
		}
		return s.audit.Write(ctx, tx, audit.Event{Action: action, Target: id, Details: map[string]any{"email": row.Email, "role": row.Role}})
	})
}

// keepsOwner refuses that an owner goes, or gets another role, where no other one could sign in. The lock has others
// that go at the same time wait.
func keepsOwner(ctx context.Context, tx *database.Tx, goes *ent.User) error {
	if goes.Role != user.RoleOWNER || goes.PasswordHash == "" {
		return nil
	}
	others, err := tx.User.Query().Where(user.RoleEQ(user.RoleOWNER), user.PasswordHashNEQ(""), user.IDNEQ(goes.ID)).Exist(ctx)
	if err != nil || others {
		return err
	}
	return &fault.Conflict{Message: fmt.Sprintf("%s is the last owner who can sign in. Make somebody else an owner first.", goes.Email), ID: goes.ID}
}

// SetPassword gives a person another password and takes their second factor and passkeys away: for who lost one of them.
// Their sessions end, and failures to sign in are forgotten. What they are linked with at a provider stays.
func (s *Service) SetPassword(ctx context.Context, row *ent.User, password string) error {
	if err := checkPassword(password, row.Email); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *database.Tx) error {
		tx.Announce(database.TopicUser, row.ID)
		update := tx.User.UpdateOneID(row.ID).SetPasswordHash(hash).ClearInvitationHash().ClearInvitationEndsAt()
		if err := withoutTOTP(update).Exec(ctx); err != nil {
			return err
		}
		passkeys, err := tx.Passkey.Delete().Where(passkey.UserID(row.ID)).Exec(ctx)
		if err != nil {
			return err
		}
		if _, err := tx.SignInThrottle.Delete().Where(signinthrottle.ID(key("account", row.Email))).Exec(ctx); err != nil {
			return err
		}
		if _, err := endSessions(ctx, tx, row.ID, ""); err != nil {
			return err
		}
		details := map[string]any{"email": row.Email, "secondFactor": row.TotpEnabledAt != nil, "passkeys": passkeys}
		return s.audit.Write(ctx, tx, audit.Event{Action: "user.password_reset", Target: row.ID, Details: details})
	})
}

// ChangePassword gives a person another password, who knows the one they have; who has none, a first one. All their sessions end, and the new one
// that is returned begins.
func (s *Service) ChangePassword(ctx context.Context, userID, current, next string, from Client) (*Session, error) {
	row, err := s.find(ctx, userID)
	if err != nil {
		return nil, err
	}
	if err := s.mayWithoutProvider(row); err != nil {
		return nil, err
	}
	if err := s.proveAgain(ctx, row, proof{password: current}, "current", from); err != nil {
		return nil, err
	}
	if err := checkPassword(next, row.Email); err != nil {
		return nil, about("next", err)
	}
	hash, err := s.hasher.hash(ctx, next)
	if err != nil {
		return nil, err
	}
	method, err := s.methodOf(ctx, from)
	if err != nil {
		return nil, err
	}
	var started *Session
	err = s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		tx.Announce(database.TopicUser, row.ID)
		n, err := tx.User.Update().Where(user.ID(row.ID), user.PasswordHash(row.PasswordHash)).SetPasswordHash(hash).Save(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			return &fault.Conflict{Message: "The password was changed meanwhile."}
		}
		if _, err := endSessions(ctx, tx, row.ID, ""); err != nil {
			return err
		}
		if started, err = s.newSession(ctx, tx, row, from, method); err != nil {
			return err
		}
		return s.audit.Write(ctx, tx, audit.Event{Action: "user.password", Target: row.ID, Details: map[string]any{"email": row.Email}})
	})
	if err != nil {
		return nil, err
	}
	return started, nil
}

// about has an error of input tell of another field.
func about(field string, err error) error {
	if invalid, ok := err.(*fault.Invalid); ok {
		return &fault.Invalid{Field: field, Message: invalid.Message}
	}
	return err
}

// Removed tells whether it was a person who made something, by the name it has of them, and there is no such person.
func (s *Service) Removed(ctx context.Context, maker string) (bool, error) {
	if !strings.Contains(maker, "@") || strings.HasPrefix(maker, "token ") {
		return false, nil
	}
	there, err := s.db.Client.User.Query().Where(user.Email(maker)).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("look for a token's maker: %w", err)
	}
	return !there, nil
}

// TokensOf is how many tokens a person made that are not revoked.
func (s *Service) TokensOf(ctx context.Context, row *ent.User) (int, error) {
	n, err := s.db.Client.Token.Query().Where(token.CreatedBy(row.Email), token.RevokedAtIsNil()).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count a person's tokens: %w", err)
	}
	return n, nil
}

// Sessions are a person's sessions that have not ended, the one used last first.
func (s *Service) Sessions(ctx context.Context, userID string) ([]*ent.Session, error) {
	now := s.now().UTC()
	rows, err := s.db.Client.Session.Query().
		Where(session.UserID(userID), session.ExpiresAtGT(now), session.SeenAtGT(now.Add(-idleFor))).
		Order(session.BySeenAt(descending), session.ByID(descending)).Limit(sessionsShown).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return rows, nil
}

const nameMax = 100 // characters

// checkName trims a name and tells whether it is one.
func checkName(name *string) error {
	*name = strings.TrimSpace(*name)
	unfit := !utf8.ValidString(*name) || strings.ContainsFunc(*name, unicode.IsControl)
	if unfit || utf8.RuneCountInString(*name) > nameMax {
		return fault.Invalidf("name", "A name has at most %d characters, without line breaks.", nameMax)
	}
	return nil
}

func stored(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
