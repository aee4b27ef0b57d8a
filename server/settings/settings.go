// Package settings is what the owner decides for everybody, while the server runs.
package settings

import (
	"context"
	"fmt"

	"broker/ent/setting"
	"broker/server/audit"
	"broker/server/cached"
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
	AuditRetentionDays    int        `json:"auditRetentionDays"`   // 0 means for ever
	Prefetch              bool       `json:"prefetch"`             // whether new versions of what is in use are fetched before anybody asks
	SecondFactorRequired  bool       `json:"secondFactorRequired"` // of everybody who signs in
}

// name is the settings' row in the database.
const name = "settings"

// Service reads settings from memory and changes them.
type Service struct {
	db       *database.DB
	audit    *audit.Log
	fallback Settings
	known    *cached.Cache[struct{}, Settings]
}

// New returns the settings of a database; defaultRateLimit is the configuration's, until the owner sets another.
func New(db *database.DB, memory *cached.Memory, log *audit.Log, defaultRateLimit int) *Service {
	return &Service{
		db: db, audit: log, fallback: Settings{DefaultRateLimit: defaultRateLimit, LeakAction: Flag, Prefetch: true},
		known: cached.NewOne(memory, cached.Options[struct{}, Settings]{
			Topics:   []database.Topic{database.TopicSetting},
			Subjects: func(struct{}) []cached.Mark { return []cached.Mark{memory.Mark(database.TopicSetting, name)} },
		}),
	}
}

// Current are the settings in force.
func (s *Service) Current(ctx context.Context) (Settings, error) {
	return s.known.Get(ctx, struct{}{}, s.read)
}

func (s *Service) read(ctx context.Context) (Settings, error) {
	rows, err := s.db.Client.Setting.Query().Where(setting.ID(name)).All(ctx)
	if err != nil {
		return Settings{}, fmt.Errorf("read the settings: %w", err)
	}
	return s.parse(rows)
}
