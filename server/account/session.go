package account

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"sync"
	"time"

	"broker/ent"
	"broker/ent/session"
	"broker/server/audit"
	"broker/server/database"
)

// How long a session lives: without a request, and at all.
const (
	idleFor     = 12 * time.Hour
	absoluteFor = 7 * 24 * time.Hour
	seenEvery   = time.Minute     // seen_at is written this often at most
	cachedFor   = 5 * time.Second // a session is trusted this long
	cachedMax   = 10_000
)

type sessionEntry struct {
	row   *ent.Session
	until time.Time
}

// sessionCache keeps sessions that were looked up, for seconds.
type sessionCache struct {
	mu         sync.Mutex
	entries    map[[sha256.Size]byte]sessionEntry
	generation int
}

// forget drops the sessions of a user; an empty id drops all.
func (c *sessionCache) forget(userID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	for hash, entry := range c.entries {
		if userID == "" || entry.row.UserID == userID {
			delete(c.entries, hash)
		}
	}
}

func (c *sessionCache) get(hash [sha256.Size]byte, now time.Time) (*ent.Session, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if entry, ok := c.entries[hash]; ok && now.Before(entry.until) {
		return entry.row, c.generation
	}
	return nil, c.generation
}

func (c *sessionCache) put(hash [sha256.Size]byte, entry sessionEntry, generation int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if generation != c.generation {
		return
	}
	if len(c.entries) >= cachedMax {
		clear(c.entries)
	}
	c.entries[hash] = entry
}

// Find returns the user and the id of the session with a value; nil where there is none, or it has ended.
func (s *Service) Find(ctx context.Context, value string) (*ent.User, string, error) {
	hash := sha256.Sum256([]byte(value))
	now := s.now()
	row, generation := s.sessions.get(hash, now)
	if row == nil || !s.db.Changes.Live() {
		var err error
		row, err = s.db.Client.Session.Query().Where(session.Hash(hash[:])).WithUser().Only(ctx)
		if ent.IsNotFound(err) {
			return nil, "", nil
		}
		if err != nil {
			return nil, "", fmt.Errorf("find a session: %w", err)
		}
		s.sessions.put(hash, sessionEntry{row, now.Add(cachedFor)}, generation)
	}
	if now.After(row.ExpiresAt) || now.After(row.SeenAt.Add(idleFor)) {
		return nil, "", nil
	}
	if now.Sub(row.SeenAt) > seenEvery {
		if err := s.see(ctx, row); err != nil {
			return nil, "", err
		}
	}
	return row.Edges.User, row.ID, nil
}

func (s *Service) see(ctx context.Context, row *ent.Session) error {
	now := s.now().UTC()
	_, err := s.db.Client.Session.Update().Where(session.ID(row.ID)).SetSeenAt(now).Save(ctx)
	if err != nil {
		return fmt.Errorf("note a session's use: %w", err)
	}
	s.sessions.forget(row.UserID) // so that the next look-up reads the new time
	return nil
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
	http.SetCookie(w, c.cookie(started.Value, int(absoluteFor/time.Second)))
}

// Clear takes it away.
func (c Cookies) Clear(w http.ResponseWriter) { http.SetCookie(w, c.cookie("", -1)) }

func (c Cookies) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{Name: c.name(), Value: value, Path: "/", MaxAge: maxAge, Secure: c.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}
