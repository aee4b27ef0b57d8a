package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"broker/server/ratelimit"
)

// Where requests are counted.
const (
	countInMemory   = "memory" // each instance by itself
	countInRedis    = "redis"
	countInDatabase = "database"
)

func (c *config) parseRedisURL(s string) error {
	c.redisURL = s
	if s == "" {
		return nil
	}
	return ratelimit.CheckRedisURL(s)
}

func (c *config) parseRateLimitStore(s string) error {
	switch {
	case s == "" && c.redisURL != "":
		s = countInRedis
	case s == "":
		s = countInMemory
	case s == countInRedis && c.redisURL == "":
		return errors.New("redis needs BROKER_REDIS_URL")
	case s == countInDatabase && strings.HasPrefix(c.databaseURL, "sqlite:"):
		return errors.New("database needs PostgreSQL in BROKER_DATABASE_URL; SQLite is not shared by several instances")
	case s != countInMemory && s != countInRedis && s != countInDatabase:
		return fmt.Errorf("%q is not memory, redis or database", s)
	}
	c.rateLimitStore = s
	return nil
}

// sharedLimits opens what instances count in together, over the memory of this one; nil where each counts by itself.
func (c *config) sharedLimits(ctx context.Context, memory *ratelimit.Memory) (*ratelimit.Shared, error) {
	switch c.rateLimitStore {
	case countInRedis:
		return ratelimit.NewRedis(ctx, c.redisURL, memory, c.log)
	case countInDatabase:
		return ratelimit.NewPostgres(ctx, c.databaseURL, memory, c.log)
	}
	return nil, nil
}

// openLimits opens the store of the rate limits, with the counts of before the last stop.
func (s *server) openLimits(ctx context.Context) (ratelimit.Store, error) {
	if err := s.counts.Restore(ctx, s.db.Client); err != nil {
		return nil, fmt.Errorf("restore rate limits: %w", err)
	}
	var err error
	if s.shared, err = s.config.sharedLimits(ctx, s.counts); err != nil {
		return nil, fmt.Errorf("share rate limits: %w", err)
	}
	if s.shared == nil {
		return s.counts, nil
	}
	return s.shared, nil
}
