package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"broker/ent"
	"broker/ent/departure"
	"broker/ent/identity"
	"broker/ent/usedonce"
	"broker/ent/user"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/fault"
)

// noPassword stands in the place of a hash for somebody who joined without a password, through a provider.
const noPassword = "!"

func hasPassword(row *ent.User) bool { return row.PasswordHash != "" && row.PasswordHash != noPassword }

// HasPassword tells whether a person can sign in with a password, as far as it is about them.
func HasPassword(row *ent.User) bool { return hasPassword(row) }

// Through is somebody as an OpenID Connect provider says who they are, and what this server's rules say of them. Their
// browser chose nothing of it.
type Through struct {
	Issuer, Subject string
	Email           string
	Verified        bool // the provider says that the address is theirs
	Name            string
	Admitted        bool       // the rules let them in although nobody invited them
	Role            *user.Role // that their groups give them; nil: groups give none here
}

// Why is a reason not to let somebody in who signed in at a provider. The dashboard has a sentence for each.
type Why string

// The reasons.
const (
	WhyUnknown    Why = "unknown"    // nobody invited them, and no rule lets them in
	WhyUnverified Why = "unverified" // the provider does not say that the address is theirs
	WhyTaken      Why = "taken"      // their address is that of an account that is not linked
	WhyInvited    Why = "invited"    // the same, of an invitation
	WhyLinked     Why = "linked"     // what they signed in with is linked to another account
	WhyRemoved    Why = "removed"    // an owner removed them
	WhyDropped    Why = "dropped"    // they were let in by a domain or group that they no longer have
)

// NotLetIn is somebody who signed in at a provider, and may not come in here.
type NotLetIn struct{ Why Why }

func (e *NotLetIn) Error() string { return "not let in: " + string(e.Why) }

// SignInThrough starts a session of whoever the provider says: of the person that its subject is linked to, or of a new
// one where the rules let them in. An e-mail address links nobody.
func (s *Service) SignInThrough(ctx context.Context, who Through, from Client) (*Session, error) {
	row, err := s.personThrough(ctx, who)
	if refused, ok := errors.AsType[*NotLetIn](err); ok {
		keys := []string{key("openid", who.Issuer+"|"+who.Subject)}
		return nil, errors.Join(refused, s.failed(ctx, keys, who.Email, "openid: "+string(refused.Why), from))
	}
	if err != nil {
		return nil, err
	}
	return s.beginBy(ctx, row, from, byOpenID)
}

func (s *Service) personThrough(ctx context.Context, who Through) (*ent.User, error) {
	link, err := s.identity(ctx, who)
	if err != nil {
		return nil, err
	}
	if link == nil {
		refused := s.join(ctx, who)
		if link, err = s.identity(ctx, who); err != nil {
			return nil, err
		}
		switch {
		case link != nil: // made just now, or by another request of theirs
		case refused != nil:
			return nil, refused
		default: // they were removed as soon as they were made
			return nil, &NotLetIn{WhyRemoved}
		}
	}
	row := link.Edges.User
	if link.ByRules && !who.Admitted {
		_, err := s.EndSessions(ctx, row.ID, "")
		return nil, errors.Join(&NotLetIn{WhyDropped}, err)
	}
	if err := s.db.Client.Identity.UpdateOneID(link.ID).SetLastUsedAt(s.now().UTC()).Exec(ctx); err != nil {
		return nil, fmt.Errorf("note the use of an identity: %w", err)
	}
	return s.withRole(ctx, row, who.Role)
}

// identity is the link of what a provider says, with its person; nil where there is none.
func (s *Service) identity(ctx context.Context, who Through) (*ent.Identity, error) {
	link, err := s.db.Client.Identity.Query().Where(identity.Issuer(who.Issuer), identity.Subject(who.Subject)).WithUser().Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find an identity: %w", err)
	}
	return link, nil
}

// withRole gives a person the role of their groups. The last owner stays one.
func (s *Service) withRole(ctx context.Context, row *ent.User, role *user.Role) (*ent.User, error) {
	if role == nil || *role == row.Role {
		return row, nil
	}
	by := audit.ActorOf(ctx)
	by.ID, by.Name = "", "sign-in service"
	changed, err := s.Update(audit.WithActor(ctx, by), row.ID, Changes{Role: role})
	if _, last := errors.AsType[*fault.Conflict](err); last {
		return row, nil
	}
	return changed, err
}

// join makes a person of whom the rules let in.
func (s *Service) join(ctx context.Context, who Through) error {
	email := strings.ToLower(strings.TrimSpace(who.Email))
	if err := s.mayJoin(ctx, email, who); err != nil {
		return err
	}
	role := user.RoleVIEWER
	if who.Role != nil {
		role = *who.Role
	}
	name := who.Name
	if checkName(&name) != nil {
		name = ""
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		create := tx.User.Create().SetEmail(email).SetRole(role).SetPasswordHash(noPassword)
		if name != "" {
			create.SetName(name)
		}
		row, err := create.Save(ctx)
		if err != nil {
			return err
		}
		if err := tx.Identity.Create().SetUserID(row.ID).SetIssuer(who.Issuer).SetSubject(who.Subject).SetByRules(true).Exec(ctx); err != nil {
			return err
		}
		details := map[string]any{"email": email, "role": role, "by": byOpenID, "issuer": who.Issuer}
		return s.audit.Write(ctx, tx, audit.Event{Action: "user.create", Target: row.ID, Details: details, Actor: ClientOf(ctx).as(row.ID, email)})
	})
	if ent.IsConstraintError(err) { // somebody has the address since
		return &NotLetIn{WhyTaken}
	}
	return err
}

// mayJoin tells why somebody without an account is not let in. What is known of an address is told to none but whose it
// is.
func (s *Service) mayJoin(ctx context.Context, email string, who Through) error {
	marks := []string{identityMark(who.Issuer, who.Subject)}
	if who.Verified {
		marks = append(marks, emailMark(email))
	}
	gone, err := s.db.Client.Departure.Query().Where(departure.IDIn(marks...)).Exist(ctx)
	if err != nil {
		return fmt.Errorf("look for somebody who was removed: %w", err)
	}
	if gone {
		return &NotLetIn{WhyRemoved}
	}
	if who.Verified {
		there, err := s.db.Client.User.Query().Where(user.Email(email)).Only(ctx)
		switch {
		case err == nil && s.Status(there) == Active:
			return &NotLetIn{WhyTaken}
		case err == nil:
			return &NotLetIn{WhyInvited}
		case !ent.IsNotFound(err):
			return fmt.Errorf("find a user: %w", err)
		}
	}
	required, err := s.SetupRequired(ctx)
	switch {
	case err != nil:
		return err
	case !who.Admitted || required: // the first one is made with the set-up link
		return &NotLetIn{WhyUnknown}
	case !who.Verified || checkEmail(email) != nil:
		return &NotLetIn{WhyUnverified}
	}
	return nil
}

// Acceptable tells whether an invitation can be accepted under a name, which it trims.
func (s *Service) Acceptable(ctx context.Context, code string, name *string) error {
	row, err := s.Invitation(ctx, code)
	if err != nil {
		return err
	}
	if row == nil {
		return invitationEnded()
	}
	return checkName(name)
}

// AcceptThrough has an invited person join with what they signed in with at a provider, in place of a password. Whoever
// has the link is the person: the address at the provider may be another.
func (s *Service) AcceptThrough(ctx context.Context, code, name string, who Through, from Client) (*Session, error) {
	row, err := s.Invitation(ctx, code)
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, invitationEnded()
	}
	if err := checkName(&name); err != nil {
		return nil, err
	}
	if name == "" {
		if name = who.Name; checkName(&name) != nil {
			name = ""
		}
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		tx.Announce(database.TopicUser, row.ID)
		update := tx.User.Update().Where(user.ID(row.ID), user.InvitationHash(row.InvitationHash), user.InvitationEndsAtGT(s.now().UTC())).
			SetPasswordHash(noPassword).ClearInvitationHash().ClearInvitationEndsAt()
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
		if err := link(ctx, tx, row.ID, who); err != nil {
			return err
		}
		details := map[string]any{"email": row.Email, "by": byOpenID, "issuer": who.Issuer}
		return s.audit.Write(ctx, tx, audit.Event{Action: "user.invite_accept", Target: row.ID, Details: details, Actor: from.as(row.ID, row.Email)})
	})
	if ent.IsConstraintError(err) {
		return nil, &NotLetIn{WhyLinked}
	}
	if err != nil {
		return nil, err
	}
	if row, err = s.find(ctx, row.ID); err != nil {
		return nil, err
	}
	if row, err = s.withRole(ctx, row, who.Role); err != nil {
		return nil, err
	}
	return s.beginBy(ctx, row, from, byOpenID)
}

// Prove has a person who is signed in prove again who they are.
func (s *Service) Prove(ctx context.Context, userID, password, code string, from Client) error {
	row, err := s.find(ctx, userID)
	if err != nil {
		return err
	}
	return s.proveForWayIn(ctx, row, password, code, from)
}

// Link has a person, who has proved who they are, sign in with what they signed in with at a provider. All sessions but
// one end, and that one goes on with the value that is returned; nil where they are linked already.
func (s *Service) Link(ctx context.Context, userID, sessionID string, who Through) (renewed *Session, err error) {
	there, err := s.identity(ctx, who)
	if err != nil {
		return nil, err
	}
	if there != nil && there.UserID == userID {
		return nil, nil
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		row, err := found(ctx, tx.User, userID)
		if err != nil {
			return err
		}
		tx.Announce(database.TopicUser, userID)
		if err := link(ctx, tx, userID, who); err != nil {
			return err
		}
		renewed, err = s.factorChanged(ctx, tx, row, sessionID, "identity.link", map[string]any{"issuer": who.Issuer})
		return err
	})
	if ent.IsConstraintError(err) {
		return nil, &NotLetIn{WhyLinked}
	}
	if err != nil {
		return nil, err
	}
	return renewed, nil
}

// link makes an identity of an invitation or of the person themself, who is no longer one that was removed.
func link(ctx context.Context, tx *database.Tx, userID string, who Through) error {
	if _, err := tx.Departure.Delete().Where(departure.ID(identityMark(who.Issuer, who.Subject))).Exec(ctx); err != nil {
		return err
	}
	return tx.Identity.Create().SetUserID(userID).SetIssuer(who.Issuer).SetSubject(who.Subject).Exec(ctx)
}

// Unlink ends that a person signs in with an identity, who has another way in. All sessions but theirs end, those that
// began through the provider too, and this one goes on with the value that is returned.
func (s *Service) Unlink(ctx context.Context, userID, id, password, code string, from Client) (*ent.User, *Session, error) {
	row, err := s.find(ctx, userID)
	if err != nil {
		return nil, nil, err
	}
	if err := s.proveForWayIn(ctx, row, password, code, from); err != nil {
		return nil, nil, err
	}
	var renewed *Session
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		if err := lock(ctx, tx, "passkeys"); err != nil { // of two ways in that go at once, one stays
			return err
		}
		tx.Announce(database.TopicUser, userID)
		n, err := tx.Identity.Delete().Where(identity.ID(id), identity.UserID(userID)).Exec(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			return &fault.NotFound{What: "identity", ID: id}
		}
		if err := keepsWayIn(ctx, tx, userID); err != nil {
			return err
		}
		renewed, err = s.factorChanged(ctx, tx, row, from.Session, "identity.unlink", nil)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	row, err = s.find(ctx, userID)
	return row, renewed, err
}

// Identities are what a person signs in with at providers.
func (s *Service) Identities(ctx context.Context, userID string) ([]*ent.Identity, error) {
	rows, err := s.db.Client.Identity.Query().Where(identity.UserID(userID)).Order(identity.ByID()).Limit(listMax).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list identities: %w", err)
	}
	return rows, nil
}

// depart notes that a person was removed, so that no rule of a provider lets them in again.
func (s *Service) depart(ctx context.Context, tx *database.Tx, row *ent.User) error {
	marks := []string{emailMark(row.Email)}
	links, err := tx.Identity.Query().Where(identity.UserID(row.ID)).All(ctx)
	if err != nil {
		return err
	}
	for _, link := range links {
		marks = append(marks, identityMark(link.Issuer, link.Subject))
	}
	for _, mark := range marks {
		if err := tx.Departure.Create().SetID(mark).OnConflictColumns("id").Ignore().Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// arrive notes that an owner lets an address in.
func arrive(ctx context.Context, tx *database.Tx, email string) error {
	_, err := tx.Departure.Delete().Where(departure.ID(emailMark(email))).Exec(ctx)
	return err
}

func emailMark(email string) string              { return mark("email|" + email) }
func identityMark(issuer, subject string) string { return mark("identity|" + issuer + "|" + subject) }

func mark(of string) string {
	sum := sha256.Sum256([]byte(of))
	return hex.EncodeToString(sum[:])
}

// ErrUsed is something that works once, and was used.
var ErrUsed = errors.New("it was used already")

// UseOnce notes that something was used, on whichever instance; ErrUsed where it was used before. It works until an
// instant, which the caller has checked.
func (s *Service) UseOnce(ctx context.Context, value string, until time.Time) error {
	if _, err := s.db.Client.UsedOnce.Delete().Where(usedonce.EndsAtLT(s.now().UTC())).Exec(ctx); err != nil {
		return fmt.Errorf("forget what was used: %w", err)
	}
	err := s.db.Client.UsedOnce.Create().SetID(mark("once|" + value)).SetEndsAt(until.UTC()).Exec(ctx)
	if ent.IsConstraintError(err) {
		return ErrUsed
	}
	if err != nil {
		return fmt.Errorf("note a use: %w", err)
	}
	return nil
}
