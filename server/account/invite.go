package account

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"broker/ent"
	"broker/ent/user"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/fault"
)

// invitedFor is how long an invitation can be accepted.
const invitedFor = 7 * 24 * time.Hour

// InvitationLink is the link with a code, of a server with a public URL. What stands after # is not sent with the page's
// address.
func InvitationLink(publicURL, code string) string { return publicURL + "/invite#" + code }

// Invite makes a person who can sign in once they accept the invitation with the code, which is not stored.
func (s *Service) Invite(ctx context.Context, email string, role user.Role) (row *ent.User, code string, err error) {
	email = strings.ToLower(strings.TrimSpace(email))
	if err := checkEmail(email); err != nil {
		return nil, "", err
	}
	code, hash := newValue()
	err = s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		if err := arrive(ctx, tx, email); err != nil {
			return err
		}
		row, err = tx.User.Create().SetEmail(email).SetRole(role).SetPasswordHash("").
			SetInvitationHash(hash[:]).SetInvitationEndsAt(s.now().UTC().Add(invitedFor)).Save(ctx)
		if err != nil {
			return err
		}
		return s.audit.Write(ctx, tx, audit.Event{Action: "user.invite", Target: row.ID, Details: map[string]any{"email": email, "role": role}})
	})
	if ent.IsConstraintError(err) {
		return nil, "", exists(email)
	}
	if err != nil {
		return nil, "", err
	}
	return row.Unwrap(), code, nil
}

// RenewInvitation makes a new code for somebody who was invited; the one before no longer works.
func (s *Service) RenewInvitation(ctx context.Context, id string) (row *ent.User, code string, err error) {
	code, hash := newValue()
	err = s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		if row, err = found(ctx, tx.User, id); err != nil {
			return err
		}
		n, err := tx.User.Update().Where(user.ID(id), user.PasswordHash("")).
			SetInvitationHash(hash[:]).SetInvitationEndsAt(s.now().UTC().Add(invitedFor)).Save(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			return &fault.Conflict{Message: fmt.Sprintf("%s has accepted the invitation already.", row.Email), ID: id}
		}
		if row, err = found(ctx, tx.User, id); err != nil {
			return err
		}
		return s.audit.Write(ctx, tx, audit.Event{Action: "user.invite_renew", Target: id, Details: map[string]any{"email": row.Email}})
	})
	if err != nil {
		return nil, "", err
	}
	return row.Unwrap(), code, nil
}

// Invitation is the person that a code invites; nil where it has ended or was used.
func (s *Service) Invitation(ctx context.Context, code string) (*ent.User, error) {
	hash := sha256.Sum256([]byte(code))
	row, err := s.db.Client.User.Query().Where(user.InvitationHash(hash[:]), user.InvitationEndsAtGT(s.now().UTC())).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find an invitation: %w", err)
	}
	return row, nil
}

// Accept gives an invited person the password and name they choose. A code is accepted once, however many try.
func (s *Service) Accept(ctx context.Context, code, name, password string, from Client) (*ent.User, error) {
	row, err := s.Invitation(ctx, code)
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, invitationEnded()
	}
	if err := s.mayWithoutProvider(row); err != nil {
		return nil, err
	}
	if err := checkName(&name); err != nil {
		return nil, err
	}
	if err := checkPassword(password, row.Email); err != nil {
		return nil, err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		tx.Announce(database.TopicUser, row.ID)
		update := tx.User.Update().Where(user.ID(row.ID), user.InvitationHash(row.InvitationHash), user.InvitationEndsAtGT(s.now().UTC())).
			SetPasswordHash(hash).ClearInvitationHash().ClearInvitationEndsAt()
		if name != "" {
			update.SetName(name)
		}
		n, err := update.Save(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			return invitationEnded()
		}
		return s.audit.Write(ctx, tx, audit.Event{Action: "user.invite_accept", Target: row.ID, Details: map[string]any{"email": row.Email}, Actor: from.as(row.ID, row.Email)})
	})
	if err != nil {
		return nil, err
	}
	return s.find(ctx, row.ID)
}

func invitationEnded() error {
	return fault.Invalidf("code", "This invitation has ended, was used or was taken back. Ask an owner for a new one.")
}
