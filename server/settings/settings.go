// Package settings is what the owner decides for everybody, while the server runs.
package settings

import (
	"context"
	"fmt"
	"sync"
	"time"

	"broker/ent/setting"
	"broker/server/audit"
	"broker/server/database"
)

// LeakAction is what a reported leak does to its token.
type LeakAction string

// The actions: mark the token, or revoke it at once.
const (
	Flag   LeakAction = "FLAG"
	Revoke LeakAction = "REVOKE"
)

// Settings are the decisions. A nil number of days means none.
type Settings struct {
	DefaultRateLimit      int        `json:"defaultRateLimit"`      // requests an hour for a token that sets none; 0 means no limit
	TokensMayManageTokens bool       `json:"tokensMayManageTokens"` // whether write tokens may make tokens
	DefaultTokenDays      *int       `json:"defaultTokenDays"`      // lifetime of a new token that says nothing
	MaxTokenDays          *int       `json:"maxTokenDays"`          // longest lifetime of a new token
	WarnUnusedDays        *int       `json:"warnUnusedDays"`
	DisableUnusedDays     *int       `json:"disableUnusedDays"`
	LeakAction            LeakAction `json:"leakAction"`
	AuditRetentionDays    int        `json:"auditRetentionDays"` // 0 means for ever
}

// name is the settings' row in the database.
const name = "settings"

// trustedFor is how long settings are taken from memory while announcements of other processes do not arrive.
const trustedFor = time.Second

// Service reads settings from memory and changes them.
type Service struct {
	db       *database.DB
	audit    *audit.Log
	fallback Settings

	mu         sync.RWMutex
	known      *Settings // nil: read again
	readAt     time.Time
	generation int
}

// New returns the settings of a database; defaultRateLimit is the configuration's, until the owner sets another.
func New(db *database.DB, log *audit.Log, defaultRateLimit int) *Service {
	s := &Service{db: db, audit: log, fallback: Settings{DefaultRateLimit: defaultRateLimit, LeakAction: Flag}}
	db.Changes.Subscribe(database.TopicSetting, s.forget)
	return s
}

func (s *Service) forget(string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = nil
	s.generation++
}

// Current are the settings in force.
func (s *Service) Current(ctx context.Context) (Settings, error) {
	s.mu.RLock()
	known, generation := s.known, s.generation
	fresh := known != nil && (s.db.Changes.Live() || time.Since(s.readAt) < trustedFor)
	s.mu.RUnlock()
	if fresh {
		return *known, nil
	}
	read, err := s.read(ctx)
	if err != nil {
		return Settings{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.generation == generation {
		s.known, s.readAt = &read, time.Now()
	}
	return read, nil
}

func (s *Service) read(ctx context.Context) (Settings, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	rows, err := s.db.Client.Setting.Query().Where(setting.ID(name)).All(ctx)
	if err != nil {
		return Settings{}, fmt.Errorf("read the settings: %w", err)
	}
	return s.parse(rows)
}
