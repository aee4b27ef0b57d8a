package notice

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"broker/ent"
	"broker/ent/predicate"
	"broker/ent/repository"
	"broker/ent/token"
	"broker/server/database"
	"broker/server/text"
)

// Look finds what happened that no audit event tells of.
func (s *Service) Look(ctx context.Context) error {
	return errors.Join(s.lookAtExpiries(ctx), s.lookAtSources(ctx), s.lookAtNetworks(ctx), s.lookAtVersions(ctx))
}

// expiryDays are how many days before its end a token is told of; 0: that it has ended.
var expiryDays = []int{30, 14, 7, 3, 1, 0}

// tokensMax is how many tokens one step reads.
const tokensMax = 200

// moveAtLeast is how often a place that moves with the time is written where nothing happened.
const moveAtLeast = time.Hour

// lookAtExpiries finds tokens whose end has come so many days near since it was last looked.
func (s *Service) lookAtExpiries(ctx context.Context) error {
	for i, days := range expiryDays {
		next := 0 // the days that are told next
		if i+1 < len(expiryDays) {
			next = expiryDays[i+1]
		}
		for {
			more, err := s.lookAtExpiry(ctx, days, next)
			if err != nil {
				return err
			}
			if !more {
				break
			}
		}
	}
	return nil
}

// expiryPlace is how far the ends of tokens were read: an end, and the last of the tokens that end then.
func expiryPlace(end time.Time, id string) string {
	return end.UTC().Format(time.RFC3339Nano) + "|" + id
}

// lastID is greater than the id of any token, whatever a database takes for the order of letters.
const lastID = "tok_z"

func (s *Service) lookAtExpiry(ctx context.Context, days, next int) (more bool, err error) {
	now := s.now()
	until := now.AddDate(0, 0, days)
	source := fmt.Sprintf("notices_expiry_%d", days)
	from, err := s.place(ctx, source, expiryPlace(until, lastID))
	if err != nil {
		return false, err
	}
	end, id, _ := strings.Cut(from, "|")
	after, err := time.Parse(time.RFC3339Nano, end)
	if err != nil {
		return false, fmt.Errorf("read how far %s was read: %w", source, err)
	}
	if after.After(until) { // a clock went back
		return false, nil
	}
	rows, err := s.DB.Client.Token.Query().
		Where(token.RevokedAtIsNil(), token.ExpiresAtGTE(after), token.Or(token.ExpiresAtGT(after), token.And(token.ExpiresAt(after), token.IDGT(id))), token.ExpiresAtLTE(until)).
		Order(ent.Asc(token.FieldExpiresAt, token.FieldID)).Limit(tokensMax).All(ctx)
	if err != nil {
		return false, fmt.Errorf("find the tokens that expire: %w", err)
	}
	to := expiryPlace(until, lastID)
	switch more = len(rows) == tokensMax; {
	case more:
		last := rows[len(rows)-1]
		to = expiryPlace(*last.ExpiresAt, last.ID)
	case len(rows) == 0 && until.Sub(after) < moveAtLeast:
		return false, nil
	}
	mine, err := s.step(ctx, source, from, to, expiring(rows, days, next, now), nil)
	return mine && more, err
}

// expiring are the tokens whose end has come so many days near: but not those that had no longer to live when they were
// made, and not those that are nearer to their end already, as nobody looked: what is told next is told of them.
func expiring(rows []*ent.Token, days, next int, now time.Time) []happened {
	var all []happened
	for _, t := range rows {
		end := t.ExpiresAt.UTC()
		if days == 0 {
			h := ofToken(TokenExpired, t, "", fmt.Sprintf("%s has expired, on %s.", named(t), date(end)), nil)
			h.at = end
			all = append(all, h)
			continue
		}
		before := end.AddDate(0, 0, -days)
		if !t.CreatedAt.Add(time.Minute).Before(before) || !end.After(now.AddDate(0, 0, next)) {
			continue
		}
		in := fmt.Sprintf("%d days", days)
		if days == 1 {
			in = "a day"
		}
		h := ofToken(TokenExpiring, t, "", fmt.Sprintf("%s expires in %s, on %s.", named(t), in, date(end)), map[string]any{"days": days})
		h.at = before
		all = append(all, h)
	}
	return all
}

// lookAtSources finds repositories that began to fail, and those that work again.
func (s *Service) lookAtSources(ctx context.Context) error {
	failing, err := s.DB.Client.Repository.Query().Where(beganToFail()).All(ctx)
	if err != nil {
		return fmt.Errorf("find the repositories that fail: %w", err)
	}
	for _, row := range failing {
		if err := s.sourceFails(ctx, row); err != nil {
			return err
		}
	}
	well, err := s.DB.Client.Repository.Query().Where(worksAgain()).All(ctx)
	if err != nil {
		return fmt.Errorf("find the repositories that work again: %w", err)
	}
	for _, row := range well {
		if err := s.sourceWorks(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

func beganToFail() predicate.Repository {
	return repository.And(repository.LastErrorNotNil(), repository.FailingToldAtIsNil())
}

func worksAgain() predicate.Repository {
	return repository.And(repository.FailingToldAtNotNil(), repository.LastErrorIsNil(), repository.StatusEQ(repository.StatusREADY))
}

func (s *Service) sourceFails(ctx context.Context, row *ent.Repository) error {
	now, reason := s.now(), text.Line(*row.LastError, 1000)
	return s.sourceTurned(ctx, row, beganToFail(), func(u *ent.RepositoryUpdate) { u.SetFailingToldAt(now) }, happened{
		kind: SourceFailing, at: now, path: "/repositories/" + row.ID, whom: whom{maintainers: true},
		data:    map[string]any{"repository": map[string]any{"id": row.ID, "name": row.Name}, "reason": reason, "paused": !row.Enabled},
		summary: fmt.Sprintf("The repository %s cannot be synced: %s", row.Name, text.Line(reason, 300)),
	})
}

func (s *Service) sourceWorks(ctx context.Context, row *ent.Repository) error {
	now := s.now()
	return s.sourceTurned(ctx, row, worksAgain(), func(u *ent.RepositoryUpdate) { u.ClearFailingToldAt() }, happened{
		kind: SourceRecovered, at: now, path: "/repositories/" + row.ID, whom: whom{maintainers: true},
		data:    map[string]any{"repository": map[string]any{"id": row.ID, "name": row.Name}, "failingSince": row.FailingToldAt.UTC()},
		summary: fmt.Sprintf("The repository %s is synced again. It failed since %s.", row.Name, date(*row.FailingToldAt)),
	})
}

// sourceTurned tells of a repository once: whoever is first marks it.
func (s *Service) sourceTurned(ctx context.Context, row *ent.Repository, still predicate.Repository, mark func(*ent.RepositoryUpdate), h happened) error {
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		update := tx.Repository.Update().Where(repository.ID(row.ID), still)
		mark(update)
		if n, err := update.Save(ctx); err != nil || n == 0 {
			return err
		}
		return s.write(ctx, tx, []happened{h})
	})
	if err != nil {
		return fmt.Errorf("tell of the repository %s: %w", row.Name, err)
	}
	return nil
}
