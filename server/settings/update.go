package settings

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"broker/ent"
	"broker/ent/setting"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/fault"
)

// Changes say what is to be another; a nil field stays, and 0 takes away a number of days.
type Changes struct {
	DefaultRateLimit      *int        `json:"defaultRateLimit"`
	TokensMayManageTokens *bool       `json:"tokensMayManageTokens"`
	DefaultTokenDays      *int        `json:"defaultTokenDays"`
	MaxTokenDays          *int        `json:"maxTokenDays"`
	WarnUnusedDays        *int        `json:"warnUnusedDays"`
	DisableUnusedDays     *int        `json:"disableUnusedDays"`
	LeakAction            *LeakAction `json:"leakAction"`
	AuditRetentionDays    *int        `json:"auditRetentionDays"`
	Prefetch              *bool       `json:"prefetch"`
	SecondFactorRequired  *bool       `json:"secondFactorRequired"`
}

// The bounds of what is set.
const (
	rateLimitMax = 10_000_000 // requests an hour
	daysMax      = 36_500
	retentionMin = 30 // days: less would let a day's mistake disappear
)

// Update changes the settings.
func (s *Service) Update(ctx context.Context, in Changes) (Settings, error) {
	var changed Settings
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		before, err := s.readLocked(ctx, tx)
		if err != nil {
			return err
		}
		changed = before.with(in)
		if err := changed.check(); err != nil {
			return err
		}
		difference := differences(before, changed)
		if len(difference) == 0 {
			return nil
		}
		tx.Announce(database.TopicSetting, name)
		if err := s.write(ctx, tx, changed); err != nil {
			return err
		}
		return s.audit.Write(ctx, tx, audit.Event{Action: "settings.update", Target: name, Details: difference})
	})
	if err != nil {
		return Settings{}, err
	}
	return changed, nil
}

// readLocked reads the settings in a transaction whose end the next change waits for.
func (s *Service) readLocked(ctx context.Context, tx *database.Tx) (Settings, error) {
	err := tx.Setting.Create().SetID(name).SetValue("{}").OnConflictColumns("id").Ignore().Exec(ctx)
	if err != nil {
		return Settings{}, fmt.Errorf("lock the settings: %w", err)
	}
	rows, err := tx.Setting.Query().Where(setting.ID(name)).All(ctx)
	if err != nil {
		return Settings{}, fmt.Errorf("read the settings: %w", err)
	}
	return s.parse(rows)
}

func (s *Service) write(ctx context.Context, tx *database.Tx, changed Settings) error {
	text, err := s.text(changed)
	if err != nil {
		return err
	}
	if err := tx.Setting.UpdateOneID(name).SetValue(string(text)).Exec(ctx); err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	return nil
}

// text is how settings are stored: without a rate limit that is the configuration's, which may change.
func (s *Service) text(changed Settings) ([]byte, error) {
	text, err := json.Marshal(changed)
	if err != nil || changed.DefaultRateLimit != s.fallback.DefaultRateLimit {
		return text, err
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	delete(fields, "defaultRateLimit")
	return json.Marshal(fields)
}

// parse reads the stored decisions over the defaults.
func (s *Service) parse(rows []*ent.Setting) (Settings, error) {
	read := s.fallback
	for _, row := range rows {
		if err := json.Unmarshal([]byte(row.Value), &read); err != nil {
			return Settings{}, fmt.Errorf("read the settings: %w", err)
		}
	}
	return read, nil
}

func (s Settings) with(in Changes) Settings {
	set(&s.DefaultRateLimit, in.DefaultRateLimit)
	set(&s.TokensMayManageTokens, in.TokensMayManageTokens)
	set(&s.LeakAction, in.LeakAction)
	set(&s.AuditRetentionDays, in.AuditRetentionDays)
	set(&s.Prefetch, in.Prefetch)
	set(&s.SecondFactorRequired, in.SecondFactorRequired)
	setDays(&s.DefaultTokenDays, in.DefaultTokenDays)
	setDays(&s.MaxTokenDays, in.MaxTokenDays)
	setDays(&s.WarnUnusedDays, in.WarnUnusedDays)
	setDays(&s.DisableUnusedDays, in.DisableUnusedDays)
	return s
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

func setDays(field **int, days *int) {
	if days == nil {
		return
	}
	*field = nil
	if *days != 0 {
		n := *days
		*field = &n
	}
}

func (s Settings) check() error {
	if s.DefaultRateLimit < 0 || s.DefaultRateLimit > rateLimitMax {
		return fault.Invalidf("defaultRateLimit", "A rate limit is 0 (no limit) to 10,000,000 requests an hour.")
	}
	for field, days := range map[string]*int{
		"defaultTokenDays": s.DefaultTokenDays, "maxTokenDays": s.MaxTokenDays,
		"warnUnusedDays": s.WarnUnusedDays, "disableUnusedDays": s.DisableUnusedDays,
	} {
		if days != nil && (*days < 1 || *days > daysMax) {
			return fault.Invalidf(field, "A number of days is 1 to 36,500, or 0 for none.")
		}
	}
	switch {
	case s.MaxTokenDays != nil && s.DefaultTokenDays != nil && *s.DefaultTokenDays > *s.MaxTokenDays:
		return fault.Invalidf("defaultTokenDays", "The default lifetime is longer than the longest one, %d days.", *s.MaxTokenDays)
	case s.DisableUnusedDays != nil && s.WarnUnusedDays != nil && *s.WarnUnusedDays >= *s.DisableUnusedDays:
		return fault.Invalidf("warnUnusedDays", "Warn before the token is disabled: after fewer than %d days.", *s.DisableUnusedDays)
	case s.AuditRetentionDays != 0 && (s.AuditRetentionDays < retentionMin || s.AuditRetentionDays > daysMax):
		return fault.Invalidf("auditRetentionDays", "Audit events are kept for %d to 36,500 days, or for ever with 0.", retentionMin)
	case s.LeakAction != Flag && s.LeakAction != Revoke:
		return fault.Invalidf("leakAction", "A leaked token is flagged (FLAG) or revoked (REVOKE).")
	}
	return nil
}

// differences are the settings that change, by name, with the value before and after.
func differences(before, after Settings) map[string]any {
	changed := map[string]any{}
	b, a := reflect.ValueOf(before), reflect.ValueOf(after)
	for i := range b.NumField() {
		was, is := b.Field(i).Interface(), a.Field(i).Interface()
		if !reflect.DeepEqual(was, is) {
			changed[b.Type().Field(i).Tag.Get("json")] = map[string]any{"from": was, "to": is}
		}
	}
	return changed
}
