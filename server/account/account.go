// Package account is people: who they are, how they sign in, and their sessions.
package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/mail"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"broker/ent"
	"broker/ent/user"
	"broker/server/audit"
	"broker/server/cached"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/seal"
)

// Service knows the people of a server.
type Service struct {
	db     *database.DB
	audit  *audit.Log
	now    func() time.Time
	hasher *hasher
	decoy  string // a hash that no password has, so that an unknown address takes as long as a known one

	mu        sync.Mutex
	setupHash [sha256.Size]byte
	setupEnds time.Time

	sealer   *seal.Sealer       // nil: see SealWith
	passkeys *webauthn.WebAuthn // nil: see PasskeysAt
	only     bool               // see ProviderOnly
	sessions *cached.Cache[[sha256.Size]byte, *ent.Session]
}

// New returns the people of a database. now is the clock.
func New(db *database.DB, memory *cached.Memory, log *audit.Log, now func() time.Time) *Service {
	return &Service{db: db, audit: log, now: now, hasher: newHasher(), decoy: decoy(), sessions: sessionsOf(memory)}
}

// Client is where a sign-in comes from.
type Client struct {
	Address netip.Addr
	Agent   string
	Device  string // see Cookies.Device
	Session string // the id of the session that the request has; empty where it has none
}

// address is as it is stored: empty where it is not known.
func (c Client) address() string {
	if !c.Address.IsValid() {
		return ""
	}
	return c.Address.String()
}

type clientKey struct{}

// WithClient returns a context that says where a request comes from.
func WithClient(ctx context.Context, c Client) context.Context {
	return context.WithValue(ctx, clientKey{}, c)
}

// ClientOf is where a request comes from.
func ClientOf(ctx context.Context) Client {
	c, _ := ctx.Value(clientKey{}).(Client)
	return c
}

// setupFor is how long a set-up code works.
const setupFor = time.Hour

// SetupRequired tells whether there is no user yet.
func (s *Service) SetupRequired(ctx context.Context) (bool, error) {
	exists, err := s.db.Client.User.Query().Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("look for users: %w", err)
	}
	return !exists, nil
}

// NewSetupCode makes the one-time code that lets its holder become the first owner within an hour. An earlier code no
// longer works.
func (s *Service) NewSetupCode() string {
	code := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setupHash, s.setupEnds = sha256.Sum256([]byte(code)), s.now().Add(setupFor)
	return code
}

// SetUp makes the first owner. It is refused once there is a user.
func (s *Service) SetUp(ctx context.Context, code, email, password string) (*ent.User, error) {
	if required, err := s.SetupRequired(ctx); err != nil {
		return nil, err
	} else if !required {
		return nil, &fault.Forbidden{Message: "This server is set up already. Sign in."}
	}
	if !s.setupCodeIs(code) {
		return nil, fault.Invalidf("code", "The set-up code is wrong or older than an hour. The server's log has the newest link; a restart makes a new one.")
	}
	row, err := s.create(ctx, email, password, user.RoleOWNER, true)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setupEnds = time.Time{}
	return row, nil
}

func (s *Service) setupCodeIs(code string) bool {
	sum := sha256.Sum256([]byte(code))
	s.mu.Lock()
	defer s.mu.Unlock()
	return subtle.ConstantTimeCompare(sum[:], s.setupHash[:]) == 1 && s.now().Before(s.setupEnds)
}

// EnsureAdmin makes the first owner of the configuration, while there is no user.
func (s *Service) EnsureAdmin(ctx context.Context, email, password string) error {
	required, err := s.SetupRequired(ctx)
	if err != nil || !required {
		return err
	}
	_, err = s.create(ctx, email, password, user.RoleOWNER, true)
	if _, taken := err.(*fault.Forbidden); taken { // another instance was first
		return nil
	}
	return err
}

// Create makes a user.
func (s *Service) Create(ctx context.Context, email, password string, role user.Role) (*ent.User, error) {
	return s.create(ctx, email, password, role, false)
}

// create makes a user; with onlyFirst none where there is one, under any concurrency.
func (s *Service) create(ctx context.Context, email, password string, role user.Role, onlyFirst bool) (*ent.User, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	if err := checkEmail(email); err != nil {
		return nil, err
	}
	if err := checkPassword(password, email); err != nil {
		return nil, err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return nil, err
	}
	var row *ent.User
	err = s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		if onlyFirst {
			if err := onlyUser(ctx, tx); err != nil {
				return err
			}
		}
		if err := arrive(ctx, tx, email); err != nil {
			return err
		}
		row, err = tx.User.Create().SetEmail(email).SetRole(role).SetPasswordHash(hash).Save(ctx)
		if err != nil {
			return err
		}
		return s.audit.Write(ctx, tx, audit.Event{Action: "user.create", Target: row.ID, Details: map[string]any{"email": email, "role": role}})
	})
	if ent.IsConstraintError(err) {
		return nil, exists(email)
	}
	if err != nil {
		return nil, err
	}
	return row.Unwrap(), nil
}

// onlyUser refuses to go on where there is a user.
func onlyUser(ctx context.Context, tx *database.Tx) error {
	if err := lock(ctx, tx, "setup"); err != nil {
		return err
	}
	exists, err := tx.User.Query().Exist(ctx)
	if err != nil {
		return err
	}
	if exists {
		return &fault.Forbidden{Message: "This server is set up already. Sign in."}
	}
	return nil
}

func exists(email string) error {
	return &fault.Conflict{Message: fmt.Sprintf("There is a user %s already.", email)}
}

// lock takes a setting's row for a lock: of several transactions at once, the second waits for it, and then sees what the
// first one did.
func lock(ctx context.Context, tx *database.Tx, name string) error {
	return tx.Setting.Create().SetID(name).SetValue("started").OnConflictColumns("id").UpdateNewValues().Exec(ctx)
}

func checkEmail(email string) error {
	address, err := mail.ParseAddress(email)
	if err != nil || address.Address != email || len(email) > 254 {
		return fault.Invalidf("email", "%.100q is not an e-mail address.", email)
	}
	return nil
}

// newValue makes 256 random bits, and what is stored of them.
func newValue() (value string, hash [sha256.Size]byte) {
	bits := make([]byte, 32)
	rand.Read(bits)
	value = base64.RawURLEncoding.EncodeToString(bits)
	return value, sha256.Sum256([]byte(value))
}
