package main

import (
	"context"
	"encoding/hex"
	"time"
)

// houseEvery is how often the house is kept.
const houseEvery = 10 * time.Minute

// keepHouse does what must be done now and then, at the start first, until the context ends.
func (s *server) keepHouse(ctx context.Context) {
	tick := time.NewTicker(houseEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		s.warn(ctx, "the secrets in use could not be read", s.tokens.Remember(ctx, time.Now()))
		s.disableUnused(ctx)
		s.pruneAudit(ctx)
		s.warn(ctx, "mirrors of git repositories that are no more could not be removed", s.repositories.KeepMirrors(ctx))
		if n%6 == 0 {
			s.warn(ctx, "old usage could not be removed", s.usage.Prune(ctx, time.Now()))
			s.logHead(ctx)
			s.warn(ctx, "when the tokens of git repositories end could not be noted", s.repositories.LookAtCredentials(ctx))
		}
		if n%144 == 1 && !s.store.Shared() { // once a day, and not while the server starts
			s.warn(ctx, "archives that nothing names could not be deleted", s.cleanArchives(ctx))
		}
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			s.counts.Sweep(now)
		}
	}
}

func (s *server) cleanArchives(ctx context.Context) error {
	_, err := s.archives.Clean(ctx)
	return err
}

// disableUnused disables tokens that nobody used for as long as the owner allows.
func (s *server) disableUnused(ctx context.Context) {
	n, err := s.access.DisableUnused(ctx)
	if n > 0 {
		s.log.Info("unused tokens were disabled", "count", n)
	}
	s.warn(ctx, "unused tokens could not be disabled", err)
}

// pruneAudit removes audit events that are older than the owner keeps them.
func (s *server) pruneAudit(ctx context.Context) {
	rules, err := s.settings.Current(ctx)
	if err != nil || rules.AuditRetentionDays == 0 {
		s.warn(ctx, "the settings could not be read", err)
		return
	}
	n, err := s.audit.Prune(ctx, time.Now().AddDate(0, 0, -rules.AuditRetentionDays))
	if n > 0 {
		s.log.Info("old audit events were removed", "count", n)
	}
	s.warn(ctx, "old audit events could not be removed", err)
}

// logHead writes where the audit log ends to the server's log, which is kept elsewhere: a log that was cut and signed
// anew does not fit it.
func (s *server) logHead(ctx context.Context) {
	head, err := s.audit.Head(ctx)
	if err == nil && head.Number > 0 {
		s.log.Info("audit log", "event", head.Number, "hash", hex.EncodeToString(head.Hash))
	}
	s.warn(ctx, "the audit log could not be read", err)
}

func (s *server) warn(ctx context.Context, message string, err error) {
	if err != nil && ctx.Err() == nil {
		s.log.Warn(message, "error", err)
	}
}
