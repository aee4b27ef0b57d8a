package tokens

import (
	"context"
	"fmt"
	"time"

	"broker/ent"
	"broker/ent/predicate"
	"broker/ent/token"
	"broker/ent/tokensecret"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/secret"
	"broker/server/settings"
	"broker/server/text"
)

// The bounds of what reports leave: how much of an address is kept, in bytes, and how often a secret that is reported
// again, at other addresses, is told of.
const (
	urlMax     = 500
	leaksEvery = time.Hour
)

// ReportLeak marks the token whose secret was found in a public place, and ends what was found where the settings say
// so: the token, or, while a rotation runs and the old secret was found, that secret alone. One that has ended harms
// nobody: the log tells of it. found is false for a secret that no token has. The same report again changes
// nothing, nor does one of the same secret within an hour, or once its token is revoked.
func (s *Service) ReportLeak(ctx context.Context, hash [32]byte, url string) (found bool, err error) {
	rules, err := s.rules.Current(ctx)
	if err != nil {
		return false, err
	}
	// Most reports are of nothing here; those take no turn from writers.
	if known, err := s.db.Client.TokenSecret.Query().Where(tokensecret.Hash(hash[:])).Exist(ctx); err != nil || !known {
		return false, err
	}
	l := leak{url: printable(url), now: s.now().UTC().Truncate(time.Microsecond), revoke: rules.LeakAction == settings.Revoke}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		if l.secret, err = secretOf(ctx, tx, hash); l.secret == nil || err != nil {
			return err
		}
		found = true
		if l.token, err = s.lock(ctx, tx, nil, l.secret.TokenID); err != nil {
			return err
		}
		if l.secret, err = secretOf(ctx, tx, hash); err != nil { // as it is now that no rotation can change it
			return err
		}
		return s.leaked(ctx, tx, l)
	})
	return found, err
}

// secretOf is the secret with a hash; nil where there is none.
func secretOf(ctx context.Context, tx *database.Tx, hash [32]byte) (*ent.TokenSecret, error) {
	secret, err := tx.TokenSecret.Query().Where(tokensecret.Hash(hash[:])).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look a reported secret up: %w", err)
	}
	return secret, nil
}

// leak is one report.
type leak struct {
	token  *ent.Token
	secret *ent.TokenSecret // of the token; what was found
	url    string
	now    time.Time
	revoke bool // what was found must end
}

// The states of a secret that was found, as the events tell them.
const (
	secretCurrent = "current"
	secretGrace   = "in its grace period"
	secretEnded   = "ended"
)

func (l leak) state() string {
	switch {
	case l.secret.ExpiresAt == nil:
		return secretCurrent
	case l.now.Before(*l.secret.ExpiresAt):
		return secretGrace
	}
	return secretEnded
}

// known tells whether the report says nothing new, and leaves nothing to be done.
func (l leak) known() bool {
	told := l.secret.LeakedAt != nil
	if l.state() == secretEnded {
		return told
	}
	revoked := l.token.RevokedAt != nil
	if !told || l.revoke && !revoked {
		return false
	}
	same := l.token.LeakedURL != nil && *l.token.LeakedURL == l.url
	recent := l.token.LeakedAt != nil && l.now.Sub(*l.token.LeakedAt) < leaksEvery
	return same || recent || revoked
}

func (s *Service) leaked(ctx context.Context, tx *database.Tx, l leak) error {
	if l.known() {
		return nil
	}
	state := l.state()
	if err := l.markSecret(ctx, tx, state); err != nil {
		return err
	}
	details := map[string]any{"description": l.token.Description, "hint": l.secret.Hint, "url": l.url, "secretState": state}
	if state == secretGrace && l.revoke {
		details["secretEnded"] = true
	}
	if err := s.audit.Write(ctx, tx, audit.Event{Action: "token.leak", Target: l.token.ID, Details: details}); err != nil || state == secretEnded {
		return err
	}
	tx.Announce(database.TopicToken, l.token.ID)
	marked, err := l.markToken(ctx)
	if err != nil || state == secretGrace || !l.revoke {
		return err
	}
	reason := "found in a public place: " + l.url
	_, err = s.revoke(ctx, tx, marked, &reason)
	return err
}

// markSecret keeps when a secret was first found, and ends it where it is to end alone.
func (l leak) markSecret(ctx context.Context, tx *database.Tx, state string) error {
	update := tx.TokenSecret.UpdateOne(l.secret)
	if l.secret.LeakedAt == nil {
		update.SetLeakedAt(l.now)
	}
	if state == secretGrace && l.revoke {
		update.SetExpiresAt(l.now)
	}
	if err := update.Exec(ctx); err != nil {
		return fmt.Errorf("mark the secret %s: %w", l.secret.ID, err)
	}
	return nil
}

// markToken tells of the report until a rotation after it: one that was found before may be rotated away already.
func (l leak) markToken(ctx context.Context) (*ent.Token, error) {
	update := l.token.Update().SetLeakedAt(l.now).SetLeakedURL(l.url)
	switch currentLeaked := l.token.LeakedAt != nil && l.token.LeakedUntil == nil; {
	case l.state() == secretGrace && currentLeaked:
	case l.state() == secretGrace && l.revoke: // it has ended
		update.SetLeakedUntil(l.now)
	case l.state() == secretGrace: // it ends by itself
		update.SetLeakedUntil(*l.secret.ExpiresAt)
	case l.secret.LeakedAt == nil:
		update.ClearLeakedUntil()
	}
	marked, err := update.Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("mark the token %s: %w", l.token.ID, err)
	}
	return marked, nil
}

// Leaked tells whether a secret that was found in a public place may still do harm: until a rotation after the report
// has ended it.
func Leaked(t *ent.Token, now time.Time) bool {
	return t.LeakedAt != nil && (t.LeakedUntil == nil || now.Before(*t.LeakedUntil))
}

// leakedAt is Leaked in the database.
func leakedAt(now time.Time) predicate.Token {
	return token.And(token.LeakedAtNotNil(), token.Or(token.LeakedUntilIsNil(), token.LeakedUntilGT(now.UTC())))
}

// printable keeps a reported address on one line and within bounds, without secrets.
func printable(url string) string { return text.Line(secret.Redact(text.Unbroken(url)), urlMax) }
