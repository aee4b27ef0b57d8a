package access

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"broker/ent"
	"broker/ent/tokensecret"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/settings"
)

// urlMax is how much of a reported address is kept, in bytes.
const urlMax = 500

// ReportLeak marks the token whose secret was found in a public place, and revokes it where the settings say so. found
// is false for a secret that no token has. The same report again changes nothing.
func (s *Service) ReportLeak(ctx context.Context, hash [32]byte, url string) (found bool, err error) {
	rules, err := s.rules.Current(ctx)
	if err != nil {
		return false, err
	}
	url = printable(url)
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		secret, err := tx.TokenSecret.Query().Where(tokensecret.Hash(hash[:])).Only(ctx)
		if ent.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look a reported secret up: %w", err)
		}
		found = true
		row, err := s.lock(ctx, tx, nil, secret.TokenID)
		if err != nil {
			return err
		}
		return s.leaked(ctx, tx, row, secret, url, rules.LeakAction)
	})
	return found, err
}

func (s *Service) leaked(ctx context.Context, tx *database.Tx, row *ent.Token, secret *ent.TokenSecret, url string, action settings.LeakAction) error {
	known := row.LeakedAt != nil && row.LeakedURL != nil && *row.LeakedURL == url
	revoke := action == settings.Revoke && row.RevokedAt == nil
	if known && !revoke {
		return nil
	}
	tx.Announce(database.TopicToken, row.ID)
	marked, err := row.Update().SetLeakedAt(s.now().UTC()).SetLeakedURL(url).Save(ctx)
	if err != nil {
		return fmt.Errorf("mark the token %s: %w", row.ID, err)
	}
	event := audit.Event{Action: "token.leak", Target: row.ID, Details: map[string]any{"description": row.Description, "hint": secret.Hint, "url": url}}
	if err := s.audit.Write(ctx, tx, event); err != nil || !revoke {
		return err
	}
	reason := "found in a public place: " + url
	_, err = s.revoke(ctx, tx, marked, &reason)
	return err
}

// printable keeps a reported address on one line and within bounds.
func printable(url string) string {
	url = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(url, ""))
	if len(url) > urlMax {
		url = strings.ToValidUTF8(url[:urlMax], "")
	}
	return url
}
