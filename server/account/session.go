package account

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"time"

	"entgo.io/ent/dialect/sql"

	"broker/ent"
	"broker/ent/session"
	"broker/server/audit"
	"broker/server/cached"
	"broker/server/database"
	"broker/server/fault"
)

// How long a session lives: without a request, and at all.
const (
	idleFor     = 12 * time.Hour
	absoluteFor = 7 * 24 * time.Hour
	seenEvery   = time.Minute // seen_at is written this often at most
	sessionsMax = 10_000      // kept in memory
)

// sessionsOf keeps the sessions in use.
func sessionsOf(memory *cached.Memory) *cached.Cache[[sha256.Size]byte, *ent.Session] {
	return cached.New(memory, cached.Options[[sha256.Size]byte, *ent.Session]{
		Topics: []database.Topic{database.TopicUser}, Bytes: sessionsMax,
		Weigh: func([sha256.Size]byte, *ent.Session) uint32 { return 1 },
		Found: func(row *ent.Session) []cached.Mark {
			return []cached.Mark{memory.Mark(database.TopicUser, row.UserID)}
		},
	})
}

// Current is the session of a request.
type Current struct {
	User         *ent.User
	SessionID    string
	SecondFactor bool     // the person has one, or signed in through a provider, which is trusted to ask for one
	Renewed      *Session // the value to go on with, where this request renewed it; else nil
}

// Current is the session with a value; nil where there is none, or it has ended.
func (s *Service) Current(ctx context.Context, value string) (*Current, error) {
	hash := sha256.Sum256([]byte(value))
	now := s.now()
	row, err := s.session(ctx, hash)
	if row != nil && now.Sub(row.SeenAt) > seenEvery { // another instance may have seen it since it was read
		s.sessions.Forget(hash)
		row, err = s.session(ctx, hash)
	}
	if row != nil && row.Method != byOpenID && s.mayWithoutProvider(row.Edges.User) != nil { // it began before, or as an owner
		return nil, err
	}
	if row == nil || err != nil || now.After(row.ExpiresAt) || now.After(row.SeenAt.Add(idleFor)) || !bytes.Equal(row.Hash, hash[:]) && now.After(*row.PreviousUntil) {
		return nil, err
	}
	if now.Sub(row.SeenAt) > seenEvery {
		if _, err := s.db.Client.Session.Update().Where(session.ID(row.ID)).SetSeenAt(now.UTC()).Save(ctx); err != nil {
			return nil, fmt.Errorf("note a session's use: %w", err)
		}
		s.sessions.Forget(hash)
	}
	person := row.Edges.User
	found := &Current{User: person, SessionID: row.ID,
		SecondFactor: person.TotpEnabledAt != nil || len(person.Edges.Passkeys) > 0 || row.Method == byOpenID}
	if row.Renew && bytes.Equal(row.Hash, hash[:]) {
		found.Renewed, err = s.renew(ctx, row)
	}
	return found, err
}

// renewFor is how long the value of before works beside a renewed one, for requests that were under way.
const renewFor = 30 * time.Second

// renew gives a session another value, where no other request did.
func (s *Service) renew(ctx context.Context, row *ent.Session) (renewed *Session, err error) {
	value, hash := newValue()
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		tx.Announce(database.TopicUser, row.UserID)
		n, err := tx.Session.Update().Where(session.ID(row.ID), session.Hash(row.Hash), session.Renew(true)).
			SetHash(hash[:]).SetPreviousHash(row.Hash).SetPreviousUntil(s.now().UTC().Add(renewFor)).SetRenew(false).Save(ctx)
		if n == 1 {
			renewed = &Session{Value: value, User: row.Edges.User, Ends: row.ExpiresAt}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("renew a session: %w", err)
	}
	return renewed, nil
}

// renewNow gives a session another value at once, after what its person did in it; nil where there is no such session.
func (s *Service) renewNow(ctx context.Context, tx *database.Tx, id string) (*Session, error) {
	value, hash := newValue()
	n, err := tx.Session.Update().Where(session.ID(id)).SetHash(hash[:]).ClearPreviousHash().ClearPreviousUntil().SetRenew(false).Save(ctx)
	if err != nil || n == 0 {
		return nil, err
	}
	return &Session{Value: value}, nil
}

// methodOf is how the session of a request began.
func (s *Service) methodOf(ctx context.Context, from Client) (string, error) {
	row, err := s.db.Client.Session.Get(ctx, from.Session)
	if ent.IsNotFound(err) {
		return byPassword, nil
	}
	if err != nil {
		return "", fmt.Errorf("find a session: %w", err)
	}
	return row.Method, nil
}

// endOne ends the session with an id, if there is one.
func endOne(ctx context.Context, tx *database.Tx, id string) error {
	if id == "" {
		return nil
	}
	row, err := tx.Session.Get(ctx, id)
	if ent.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	tx.Announce(database.TopicUser, row.UserID)
	_, err = tx.Session.Delete().Where(session.ID(id)).Exec(ctx)
	return err
}

// session is the session of a hash; nil where there is none.
func (s *Service) session(ctx context.Context, hash [sha256.Size]byte) (*ent.Session, error) {
	row, err := s.sessions.Get(ctx, hash, func(ctx context.Context) (*ent.Session, error) {
		row, err := s.db.Client.Session.Query().
			Where(session.Or(session.Hash(hash[:]), session.And(session.PreviousHash(hash[:]), session.PreviousUntilGT(s.now().UTC())))).
			WithUser(func(q *ent.UserQuery) { q.WithPasskeys() }).Only(ctx)
		if ent.IsNotFound(err) {
			return nil, cached.ErrAbsent
		}
		return row, err
	})
	switch {
	case errors.Is(err, cached.ErrAbsent):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("find a session: %w", err)
	}
	return row, nil
}

// sessionsShown bounds a list of sessions.
const sessionsShown = 100

func descending(options *sql.OrderTermOptions) { options.Desc = true }

// endSessions ends a person's sessions, but for one where its id is given, and returns how many.
func endSessions(ctx context.Context, tx *database.Tx, userID, but string) (int, error) {
	return tx.Session.Delete().Where(session.UserID(userID), session.IDNEQ(but)).Exec(ctx)
}

// EndSessions signs a person out everywhere, but for one session where its id is given; returns how many ended.
func (s *Service) EndSessions(ctx context.Context, userID, but string) (ended int, err error) {
	err = s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		row, err := found(ctx, tx.User, userID)
		if err != nil {
			return err
		}
		tx.Announce(database.TopicUser, userID)
		if ended, err = endSessions(ctx, tx, userID, but); err != nil || ended == 0 {
			return err
		}
		return s.audit.Write(ctx, tx, audit.Event{Action: "user.sessions_end", Target: userID, Details: map[string]any{"email": row.Email, "sessions": ended}})
	})
	return ended, err
}

// SessionOwner is the id of the person whose session has an id; empty where there is none.
func (s *Service) SessionOwner(ctx context.Context, id string) (string, error) {
	row, err := s.db.Client.Session.Get(ctx, id)
	if ent.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find a session: %w", err)
	}
	return row.UserID, nil
}

// EndSession ends one session.
func (s *Service) EndSession(ctx context.Context, id string) error {
	return s.db.Tx(ctx, func(tx *database.Tx) error {
		row, err := tx.Session.Query().Where(session.ID(id)).WithUser().Only(ctx)
		if ent.IsNotFound(err) {
			return &fault.NotFound{What: "session", ID: id}
		}
		if err != nil {
			return err
		}
		tx.Announce(database.TopicUser, row.UserID)
		if err := tx.Session.DeleteOne(row).Exec(ctx); err != nil {
			return err
		}
		details := map[string]any{"email": row.Edges.User.Email, "address": row.Address, "client": row.Client}
		return s.audit.Write(ctx, tx, audit.Event{Action: "user.session_end", Target: row.UserID, Details: details})
	})
}

// SignOut ends a session.
func (s *Service) SignOut(ctx context.Context, u *ent.User, sessionID string) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		tx.Announce(database.TopicUser, u.ID)
		if _, err := tx.Session.Delete().Where(session.ID(sessionID)).Exec(ctx); err != nil {
			return err
		}
		return s.audit.Write(ctx, tx, audit.Event{Action: "user.sign_out", Target: u.ID, Details: map[string]any{"email": u.Email}})
	})
	if err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}

// Cookies is how sessions travel. Over TLS the name is one that browsers bind to this host and to TLS.
type Cookies struct{ Secure bool }

func (c Cookies) name() string {
	if c.Secure {
		return "__Host-broker"
	}
	return "broker"
}

// Value returns the session's value of a request; empty where it has none.
func (c Cookies) Value(r *http.Request) string {
	cookie, err := r.Cookie(c.name())
	if err != nil {
		return ""
	}
	return cookie.Value
}

// Set gives the browser a session's value.
func (c Cookies) Set(w http.ResponseWriter, started *Session) {
	http.SetCookie(w, c.cookie(c.name(), started.Value, int(absoluteFor/time.Second)))
	if started.Device != "" {
		http.SetCookie(w, c.cookie(c.deviceName(), started.Device, int(deviceFor/time.Second)))
	}
}

// SetFlow gives the browser what a sign-in at a provider is bound to, for a time.
func (c Cookies) SetFlow(w http.ResponseWriter, value string, lives time.Duration) {
	http.SetCookie(w, c.cookie(c.flowName(), value, int(lives/time.Second)))
}

// Flow returns what SetFlow gave; empty where there is nothing.
func (c Cookies) Flow(r *http.Request) string {
	cookie, err := r.Cookie(c.flowName())
	if err != nil {
		return ""
	}
	return cookie.Value
}

// ClearFlow takes it away.
func (c Cookies) ClearFlow(w http.ResponseWriter) { http.SetCookie(w, c.cookie(c.flowName(), "", -1)) }

func (c Cookies) flowName() string { return c.name() + "-openid" }

// Clear takes it away.
func (c Cookies) Clear(w http.ResponseWriter) { http.SetCookie(w, c.cookie(c.name(), "", -1)) }

func (c Cookies) cookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: maxAge, Secure: c.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}
