package account

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"broker/ent"
	"broker/ent/identity"
	"broker/ent/passkey"
	"broker/ent/user"
	"broker/server/database"
	"broker/server/fault"
)

const (
	passkeysMax = 20              // of one person
	listMax     = 100             // of what is listed of one person
	ceremonyFor = 5 * time.Minute // from the challenge to its answer
)

// PasskeysAt has people use passkeys, bound to the address that they open this server by. Browsers know them at a name,
// over https, or at localhost: elsewhere there are none. It must be called before the first request.
func (s *Service) PasskeysAt(public *url.URL) error {
	host := public.Hostname()
	secure := public.Scheme == "https" || host == "localhost" || strings.HasSuffix(host, ".localhost")
	if net.ParseIP(host) != nil || !secure {
		return nil
	}
	var err error
	s.passkeys, err = webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: "Package broker", RPOrigins: []string{public.Scheme + "://" + public.Host},
		AttestationPreference:  protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationPreferred},
		Timeouts: webauthn.TimeoutsConfig{
			Login:        webauthn.TimeoutConfig{Timeout: ceremonyFor, TimeoutUVD: ceremonyFor},
			Registration: webauthn.TimeoutConfig{Timeout: ceremonyFor, TimeoutUVD: ceremonyFor},
		},
	})
	if err != nil {
		return fmt.Errorf("prepare for passkeys: %w", err)
	}
	return nil
}

// PasskeysWork tells whether there can be passkeys at this server's address.
func (s *Service) PasskeysWork() bool { return s.passkeys != nil }

// Ceremony is what a browser needs to make a passkey, or to sign in with one.
type Ceremony struct {
	Options string // JSON, for navigator.credentials
	State   string // to be sent back with the answer
}

// ceremony is what State holds, sealed.
type ceremony struct {
	Session webauthn.SessionData
	UserID  string // whose passkey it is; empty: whoever's
	Proved  string // of the password that they have: with another one since, what they proved no longer counts
	Ends    time.Time
}

// What a ceremony is for, which its state is sealed for.
const (
	toCreate = "passkey|create"
	toSignIn = "passkey|sign-in"
)

// begun is a ceremony of a person, or of whoever comes where that is nil.
func (s *Service) begun(purpose string, row *ent.User, options any, session *webauthn.SessionData) (*Ceremony, error) {
	text, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("write a challenge: %w", err)
	}
	c := ceremony{Session: *session, Ends: s.now().Add(ceremonyFor)}
	if row != nil {
		c.UserID, c.Proved = row.ID, mark(row.PasswordHash)
	}
	state, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write a challenge: %w", err)
	}
	sealed, err := s.seal(state, purpose)
	if err != nil {
		return nil, err
	}
	return &Ceremony{Options: string(text), State: base64.RawURLEncoding.EncodeToString(sealed)}, nil
}

// answered is the ceremony that a state is of, which counts once.
func (s *Service) answered(ctx context.Context, purpose, state string) (*ceremony, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(state)
	if err != nil {
		return nil, tooLate()
	}
	text, err := s.open(sealed, purpose)
	if err != nil {
		return nil, tooLate()
	}
	var c ceremony
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("read a challenge: %w", err)
	}
	if s.now().After(c.Ends) {
		return nil, tooLate()
	}
	if err := s.UseOnce(ctx, c.Session.Challenge, c.Ends); errors.Is(err, ErrUsed) {
		return nil, tooLate()
	} else if err != nil {
		return nil, err
	}
	return &c, nil
}

// isOf tells whether a person began a ceremony, with the password that they have now.
func (c *ceremony) isOf(row *ent.User) bool {
	return c.UserID == row.ID && c.Proved == mark(row.PasswordHash)
}

func tooLate() error {
	return fault.Invalidf("state", "This took longer than five minutes, or was done already. Start again.")
}

func noPasskeys() error {
	return &fault.Conflict{Message: "Passkeys need an address with a host name, over https: see BROKER_PUBLIC_URL."}
}

// owner is a person as the library knows them.
type owner struct {
	*ent.User
	passkeys []*ent.Passkey
}

func (o owner) WebAuthnID() []byte          { return []byte(o.ID) }
func (o owner) WebAuthnName() string        { return o.Email }
func (o owner) WebAuthnDisplayName() string { return o.Email }
func (o owner) WebAuthnCredentials() []webauthn.Credential {
	all := make([]webauthn.Credential, len(o.passkeys))
	for i, p := range o.passkeys {
		all[i] = webauthn.Credential{
			ID: p.CredentialID, PublicKey: p.PublicKey, Flags: webauthn.CredentialFlags{BackupEligible: p.BackupEligible},
			Authenticator: webauthn.Authenticator{AAGUID: p.Aaguid, SignCount: uint32(p.SignCount)},
		}
		for _, transport := range p.Transports {
			all[i].Transport = append(all[i].Transport, protocol.AuthenticatorTransport(transport))
		}
	}
	return all
}

// withPasskeys is a person with their passkeys.
func (s *Service) withPasskeys(ctx context.Context, row *ent.User) (owner, error) {
	rows, err := s.Passkeys(ctx, row.ID)
	return owner{row, rows}, err
}

// Passkeys are a person's passkeys, the oldest first.
func (s *Service) Passkeys(ctx context.Context, userID string) ([]*ent.Passkey, error) {
	rows, err := s.db.Client.Passkey.Query().Where(passkey.UserID(userID)).Order(passkey.ByID()).Limit(listMax).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list passkeys: %w", err)
	}
	return rows, nil
}

func (s *Service) hasPasskeys(ctx context.Context, userID string) (bool, error) {
	has, err := s.db.Client.Passkey.Query().Where(passkey.UserID(userID)).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("look for passkeys: %w", err)
	}
	return has, nil
}

// HasSecondFactor tells whether a person has one: an authenticator app, or a passkey.
func (s *Service) HasSecondFactor(ctx context.Context, row *ent.User) (bool, error) {
	if row.TotpEnabledAt != nil {
		return true, nil
	}
	return s.hasPasskeys(ctx, row.ID)
}

// StartPasskey begins to make a passkey of a person who proves again who they are.
func (s *Service) StartPasskey(ctx context.Context, userID, password, code string, from Client) (*Ceremony, error) {
	if s.passkeys == nil {
		return nil, noPasskeys()
	}
	row, err := s.find(ctx, userID)
	if err != nil {
		return nil, err
	}
	if err := s.proveForWayIn(ctx, row, password, code, from); err != nil {
		return nil, err
	}
	person, err := s.withPasskeys(ctx, row)
	if err != nil {
		return nil, err
	}
	if len(person.passkeys) >= passkeysMax {
		return nil, tooManyPasskeys()
	}
	known := webauthn.Credentials(person.WebAuthnCredentials()).CredentialDescriptors()
	options, session, err := s.passkeys.BeginRegistration(person, webauthn.WithExclusions(known))
	if err != nil {
		return nil, fmt.Errorf("make a challenge: %w", err)
	}
	return s.begun(toCreate, row, options.Response, session)
}

func tooManyPasskeys() error {
	return &fault.Conflict{Message: fmt.Sprintf("You have %d passkeys already. Remove one first.", passkeysMax)}
}

// FinishPasskey keeps the passkey that a browser made. All sessions but one end, and that one goes on with the value that
// is returned.
func (s *Service) FinishPasskey(ctx context.Context, userID, sessionID, state, name, answer string) (*ent.User, *Session, error) {
	if s.passkeys == nil {
		return nil, nil, noPasskeys()
	}
	if err := checkName(&name); err != nil {
		return nil, nil, err
	}
	if name == "" {
		name = "Passkey"
	}
	row, err := s.find(ctx, userID)
	if err != nil {
		return nil, nil, err
	}
	c, err := s.answered(ctx, toCreate, state)
	if err != nil {
		return nil, nil, err
	}
	if !c.isOf(row) {
		return nil, nil, tooLate()
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return nil, nil, fault.Invalidf("credential", "What the browser sent is not a new passkey. Start again.")
	}
	made, err := s.passkeys.CreateCredential(owner{row, nil}, c.Session, parsed)
	if err != nil {
		return nil, nil, fault.Invalidf("credential", "The passkey was not made for this server and this moment. Start again.")
	}
	transports := make([]string, len(made.Transport))
	for i, transport := range made.Transport {
		transports[i] = string(transport)
	}
	var renewed *Session
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		if err := lock(ctx, tx, "passkeys"); err != nil {
			return err
		}
		tx.Announce(database.TopicUser, row.ID)
		n, err := tx.Passkey.Query().Where(passkey.UserID(row.ID)).Count(ctx)
		if err != nil {
			return err
		}
		if n >= passkeysMax {
			return tooManyPasskeys()
		}
		err = tx.Passkey.Create().SetUserID(row.ID).SetName(name).SetCredentialID(made.ID).SetPublicKey(made.PublicKey).
			SetAaguid(made.Authenticator.AAGUID).SetTransports(transports).SetBackupEligible(made.Flags.BackupEligible).
			SetSignCount(int64(made.Authenticator.SignCount)).Exec(ctx)
		if err != nil {
			return err
		}
		renewed, err = s.factorChanged(ctx, tx, row, sessionID, "passkey.create", map[string]any{"name": name})
		return err
	})
	if ent.IsConstraintError(err) {
		return nil, nil, &fault.Conflict{Message: "This passkey is there already."}
	}
	if err != nil {
		return nil, nil, err
	}
	row, err = s.find(ctx, row.ID)
	return row, renewed, err
}

// RemovePasskey takes a passkey away from a person who proves again who they are. The last one stays where they would
// have no second factor without it and must have one, or no way in. All sessions but one end, and that one goes on with
// the value that is returned.
func (s *Service) RemovePasskey(ctx context.Context, userID, sessionID, id, password, code string, required bool, from Client) (*ent.User, *Session, error) {
	row, err := s.find(ctx, userID)
	if err != nil {
		return nil, nil, err
	}
	if err := s.proveForWayIn(ctx, row, password, code, from); err != nil {
		return nil, nil, err
	}
	var renewed *Session
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		if err := lock(ctx, tx, "passkeys"); err != nil {
			return err
		}
		tx.Announce(database.TopicUser, row.ID)
		there, err := tx.Passkey.Query().Where(passkey.ID(id), passkey.UserID(row.ID)).Only(ctx)
		if ent.IsNotFound(err) {
			return &fault.NotFound{What: "passkey", ID: id}
		}
		if err != nil {
			return err
		}
		if err := tx.Passkey.DeleteOneID(id).Exec(ctx); err != nil {
			return err
		}
		if err := keepsWayIn(ctx, tx, row.ID); err != nil {
			return err
		}
		others, err := tx.Passkey.Query().Where(passkey.UserID(row.ID)).Exist(ctx)
		if err != nil {
			return err
		}
		if required && !others && row.TotpEnabledAt == nil && hasPassword(row) {
			return &fault.Conflict{Message: "An owner has decided that everybody has a second factor. Set up another one first."}
		}
		renewed, err = s.factorChanged(ctx, tx, row, sessionID, "passkey.remove", map[string]any{"name": there.Name})
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	row, err = s.find(ctx, row.ID)
	return row, renewed, err
}

// keepsWayIn refuses what leaves a person without a way to sign in.
func keepsWayIn(ctx context.Context, tx *database.Tx, userID string) error {
	row, err := found(ctx, tx.User, userID)
	if err != nil || hasPassword(row) {
		return err
	}
	passkeys, err := tx.Passkey.Query().Where(passkey.UserID(userID)).Exist(ctx)
	if err != nil || passkeys {
		return err
	}
	links, err := tx.Identity.Query().Where(identity.UserID(userID)).Exist(ctx)
	if err != nil || links {
		return err
	}
	return &fault.Conflict{Message: "You could not sign in any more. Set a password first, or another way in."}
}

// StartPasskeySignIn begins to sign in with a passkey: with any one that the browser has, which is the only factor and must
// see who it is; or, after the right password of a person, with one of theirs as the second factor.
func (s *Service) StartPasskeySignIn(ctx context.Context, email, password string, from Client) (*Ceremony, error) {
	if s.passkeys == nil {
		return nil, noPasskeys()
	}
	if email == "" && password == "" {
		options, session, err := s.passkeys.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
		if err != nil {
			return nil, fmt.Errorf("make a challenge: %w", err)
		}
		return s.begun(toSignIn, nil, options.Response, session)
	}
	email = strings.ToLower(strings.TrimSpace(email))
	row, err := s.db.Client.User.Query().Where(user.Email(email)).Only(ctx)
	if err != nil && !ent.IsNotFound(err) {
		return nil, fmt.Errorf("find a user: %w", err)
	}
	if err := s.prove(ctx, email, row, proof{password: password}, from); err != nil {
		if errors.Is(err, errWrongPassword) {
			return nil, wrongSignIn()
		}
		return nil, err
	}
	person, err := s.withPasskeys(ctx, row)
	if err != nil {
		return nil, err
	}
	if len(person.passkeys) == 0 {
		return nil, &fault.Conflict{Message: "You have no passkey here."}
	}
	options, session, err := s.passkeys.BeginLogin(person)
	if err != nil {
		return nil, fmt.Errorf("make a challenge: %w", err)
	}
	return s.begun(toSignIn, row, options.Response, session)
}

// FinishPasskeySignIn starts a session of the person whose passkey answered. What is wrong is counted as a wrong password
// is.
func (s *Service) FinishPasskeySignIn(ctx context.Context, state, answer string, from Client) (*Session, error) {
	if s.passkeys == nil {
		return nil, noPasskeys()
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return nil, fault.Invalidf("credential", "What the browser sent is not the answer of a passkey. Start again.")
	}
	used, err := s.db.Client.Passkey.Query().Where(passkey.CredentialID(parsed.RawID)).WithUser().Only(ctx)
	if err != nil && !ent.IsNotFound(err) {
		return nil, fmt.Errorf("find a passkey: %w", err)
	}
	keys := []string{"network:" + networkOf(from.Address).String()}
	email := ""
	if used != nil {
		email = used.Edges.User.Email
		if keys, _, err = s.throttleKeys(ctx, email, used.UserID, from); err != nil {
			return nil, err
		}
	}
	if err := s.throttled(ctx, keys); err != nil {
		return nil, err
	}
	c, err := s.answered(ctx, toSignIn, state)
	if err != nil {
		return nil, err
	}
	if used == nil || !s.isAnsweredBy(c, used, parsed) {
		if err := s.failed(ctx, keys, email, "passkey", from); err != nil {
			return nil, err
		}
		return nil, fault.Invalidf("credential", "This passkey does not sign in here. It may have been removed: sign in another way.")
	}
	fresh, err := s.countUse(ctx, used, int64(parsed.Response.AuthenticatorData.Counter))
	if err != nil {
		return nil, err
	}
	if !fresh {
		if err := s.failed(ctx, keys, email, "passkey counter", from); err != nil {
			return nil, err
		}
		return nil, fault.Invalidf("credential", "There seem to be two copies of this passkey. Sign in another way, remove it under Your account, and make a new one.")
	}
	if err := s.mayWithoutProvider(used.Edges.User); err != nil {
		return nil, err
	}
	return s.beginBy(ctx, used.Edges.User, from, byPasskey)
}

// isAnsweredBy tells whether a passkey answered the challenge: as the only factor, where it is nobody's challenge, with
// the person seen by it.
func (s *Service) isAnsweredBy(c *ceremony, used *ent.Passkey, parsed *protocol.ParsedCredentialAssertionData) bool {
	person := owner{used.Edges.User, []*ent.Passkey{used}}
	var err error
	if c.UserID == "" {
		_, err = s.passkeys.ValidateDiscoverableLogin(func(_, handle []byte) (webauthn.User, error) {
			if string(handle) != used.UserID {
				return nil, errors.New("the passkey is another person's")
			}
			return person, nil
		}, c.Session, parsed)
	} else {
		c.Session.AllowedCredentialIDs = [][]byte{used.CredentialID} // of the same person, which is what counts
		_, err = s.passkeys.ValidateLogin(person, c.Session, parsed)
	}
	return err == nil && (c.UserID == "" || c.isOf(used.Edges.User))
}

// countUse notes a passkey's use. It is false where the authenticator's counter did not grow: then there are two copies.
func (s *Service) countUse(ctx context.Context, used *ent.Passkey, counter int64) (bool, error) {
	grown := passkey.SignCountLT(counter)
	if counter == 0 { // it has none
		grown = passkey.SignCount(0)
	}
	n, err := s.db.Client.Passkey.Update().Where(passkey.ID(used.ID), grown).SetSignCount(counter).SetLastUsedAt(s.now().UTC()).Save(ctx)
	if err != nil {
		return false, fmt.Errorf("note a passkey's use: %w", err)
	}
	return n == 1, nil
}
