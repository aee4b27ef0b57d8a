package settings_test

import (
	"broker/server/cached"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fault"
	"broker/server/settings"
)

func ptr[T any](v T) *T { return &v }

// What is said changes, the rest stays, 0 takes days away, and one event tells what changed.
func TestUpdateChangesWhatIsSaid(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s := databasetest.Settings(db)
		update := func(in settings.Changes) settings.Settings {
			t.Helper()
			if _, err := s.Update(t.Context(), in); err != nil {
				t.Fatal(err)
			}
			current, err := s.Current(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return current
		}
		now := update(settings.Changes{})
		if now.DefaultRateLimit != 1000 || now.TokensMayManageTokens || now.MaxTokenDays != nil || now.LeakAction != settings.Flag || !now.Prefetch {
			t.Errorf("the defaults are %+v", now)
		}
		now = update(settings.Changes{TokensMayManageTokens: ptr(true), MaxTokenDays: ptr(90), WarnUnusedDays: ptr(60), DisableUnusedDays: ptr(90)})
		if !now.TokensMayManageTokens || *now.MaxTokenDays != 90 || *now.DisableUnusedDays != 90 || now.DefaultRateLimit != 1000 {
			t.Errorf("%+v", now)
		}
		if now = update(settings.Changes{MaxTokenDays: ptr(0)}); now.MaxTokenDays != nil || !now.TokensMayManageTokens {
			t.Errorf("%+v", now)
		}
		if now = update(settings.Changes{Prefetch: ptr(false)}); now.Prefetch {
			t.Errorf("%+v", now)
		}
		rows := db.Client.AuditEvent.Query().AllX(t.Context())
		if len(rows) != 3 || !strings.Contains(rows[1].Details, `"maxTokenDays":{"from":90,"to":null}`) {
			t.Errorf("events %+v", rows)
		}
	})
}

// A default rate limit that the owner did not set follows the configuration; one that they set stays.
func TestConfiguredRateLimitIsTheDefault(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	if _, err := databasetest.Settings(db).Update(t.Context(), settings.Changes{TokensMayManageTokens: ptr(true)}); err != nil {
		t.Fatal(err)
	}
	restarted := settings.New(db, cached.NewMemory(db.Changes), databasetest.Log(db), 7)
	if now, err := restarted.Current(t.Context()); err != nil || now.DefaultRateLimit != 7 || !now.TokensMayManageTokens {
		t.Errorf("%+v, %v", now, err)
	}
	if _, err := restarted.Update(t.Context(), settings.Changes{DefaultRateLimit: ptr(50)}); err != nil {
		t.Fatal(err)
	}
	if now, err := settings.New(db, cached.NewMemory(db.Changes), databasetest.Log(db), 9).Current(t.Context()); err != nil || now.DefaultRateLimit != 50 {
		t.Errorf("%+v, %v", now, err)
	}
}

// A wrong value names its field, and nothing of the change is kept.
func TestWrongValuesAreRefused(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	s := databasetest.Settings(db)
	for field, in := range map[string]settings.Changes{
		"defaultRateLimit":   {DefaultRateLimit: ptr(-1)},
		"maxTokenDays":       {MaxTokenDays: ptr(-5)},
		"defaultTokenDays":   {DefaultTokenDays: ptr(100), MaxTokenDays: ptr(90)},
		"warnUnusedDays":     {WarnUnusedDays: ptr(90), DisableUnusedDays: ptr(60)},
		"leakAction":         {LeakAction: ptr(settings.LeakAction("NOTHING"))},
		"auditRetentionDays": {AuditRetentionDays: ptr(1)},
	} {
		in.TokensMayManageTokens = ptr(true)
		_, err := s.Update(t.Context(), in)
		var invalid *fault.Invalid
		if !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if now, err := s.Current(t.Context()); err != nil || now.TokensMayManageTokens {
		t.Errorf("%+v, %v", now, err)
	}
}

// Changes at once lose nothing, and are seen by another process.
func TestConcurrentChangesLoseNothing(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s := databasetest.Settings(db)
		go db.Changes.Run(t.Context())
		changes := []settings.Changes{{TokensMayManageTokens: ptr(true)}, {MaxTokenDays: ptr(90)}, {WarnUnusedDays: ptr(60)},
			{DefaultRateLimit: ptr(5)}, {LeakAction: ptr(settings.Revoke)}, {AuditRetentionDays: ptr(365)}}
		var wg sync.WaitGroup
		for _, in := range changes {
			wg.Go(func() {
				if _, err := s.Update(t.Context(), in); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for deadline := time.Now().Add(time.Second); ; time.Sleep(time.Millisecond) {
			now, err := s.Current(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if now.TokensMayManageTokens && now.MaxTokenDays != nil && now.WarnUnusedDays != nil && now.DefaultRateLimit == 5 &&
				now.LeakAction == settings.Revoke && now.AuditRetentionDays == 365 {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%+v", now)
			}
		}
	})
}
