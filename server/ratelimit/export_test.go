package ratelimit

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Patient has a store wait longer than requests may: on a busy machine a test of exact counts must not see an outage
// that there is not.
func (s *Shared) Patient(within time.Duration) *Shared {
	s.within = within
	return s
}

// counting counts the calls that decide.
type counting struct {
	counter
	calls atomic.Int64
}

func (c *counting) take(ctx context.Context, key string, q question) (answer, error) {
	c.calls.Add(1)
	return c.counter.take(ctx, key, q)
}

// NewCountedRedis counts in a Redis, and tells how often that was asked to decide.
func NewCountedRedis(ctx context.Context, url string, local *Memory, log *slog.Logger) (*Shared, func() int64, error) {
	redis, err := newRedisCounter(url, takeScript)
	if err != nil {
		return nil, nil, err
	}
	c := &counting{counter: redis}
	return newShared("Redis", c, redisWithin, local, log).begin(ctx), c.calls.Load, nil
}

// Instances is how many instances a store believes in.
func (s *Shared) Instances() int { return int(s.instances.Load()) }

// Present greets a store's counter once.
func (s *Shared) Present(t testing.TB) int {
	t.Helper()
	n, err := s.counter.present(t.Context(), s.instance)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Sweep drops the counter's old counts.
func (s *Shared) Sweep(t testing.TB) {
	t.Helper()
	if err := s.counter.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// NewRedisWithClock counts in a Redis by a clock that is the value of the key "clock".
func NewRedisWithClock(t testing.TB, url string) *Shared {
	t.Helper()
	c, err := newRedisCounter(url, strings.ReplaceAll(takeScript, "redis.call('TIME')[1]", "redis.call('GET', 'clock')"))
	if err != nil {
		t.Fatal(err)
	}
	return testStore(t, c)
}

// SetRedisClock sets it.
func (s *Shared) SetRedisClock(t testing.TB, now time.Time) {
	t.Helper()
	if err := s.counter.(*redisCounter).client.Set(t.Context(), "clock", now.Unix(), 0).Err(); err != nil {
		t.Fatal(err)
	}
}

// NewPostgresWithClock counts in a PostgreSQL by a clock that is the one row of the table clock.
func NewPostgresWithClock(t testing.TB, url string) *Shared {
	t.Helper()
	plain, err := newPostgresCounter(t.Context(), url, clock)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.close()
	if _, err := plain.db.Exec("CREATE TABLE IF NOT EXISTS clock (at bigint); INSERT INTO clock SELECT 0 WHERE NOT EXISTS (SELECT FROM clock)"); err != nil {
		t.Fatal(err)
	}
	c, err := newPostgresCounter(t.Context(), url, "(SELECT at FROM clock)")
	if err != nil {
		t.Fatal(err)
	}
	return testStore(t, c)
}

// SetPostgresClock sets it.
func (s *Shared) SetPostgresClock(t testing.TB, now time.Time) {
	t.Helper()
	db := s.counter.(*postgresCounter).db
	if _, err := db.Exec("UPDATE clock SET at = $1", now.Unix()); err != nil {
		t.Fatal(err)
	}
}

// Exec runs a statement on a store's PostgreSQL.
func (s *Shared) Exec(t testing.TB, query string, args ...any) {
	t.Helper()
	if _, err := s.counter.(*postgresCounter).db.ExecContext(context.Background(), query, args...); err != nil {
		t.Fatal(err)
	}
}

func testStore(t testing.TB, c counter) *Shared {
	t.Cleanup(func() { c.close() })
	return newShared("test", c, 20*time.Second, NewMemory(), slog.New(slog.DiscardHandler))
}
