package repository

import (
	"context"
	"fmt"
	"time"

	"broker/ent"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/fault"
)

// A source that loses more than a tenth and more than ten of its packages at once is not believed at first: it may be
// broken, or be rebuilt just now. A sync an hour later that sees the same, or hardly more, believes it, or a person does.
const (
	lostMax    = 10
	lostPart   = 10
	doubtedFor = time.Hour
)

// Believe tells whether a source that had so many packages has really lost so many of them. Where it is not believed,
// the repository says so, and notice is what it says.
func (s *Service) Believe(ctx context.Context, id string, lost, had int) (believed bool, notice string, err error) {
	row, err := s.DB.Client.Repository.Get(ctx, id)
	if err != nil {
		return false, "", fmt.Errorf("read whether removals are confirmed: %w", err)
	}
	now := time.Now().UTC()
	seen := row.DoubtedAt != nil && !tooMany(lost-row.DoubtedLost, had) // what was lost then, or hardly more
	if !tooMany(lost, had) || seen && (row.RemovalsConfirmed || !now.Before(row.DoubtedAt.Add(doubtedFor))) {
		return true, "", s.trust(ctx, row)
	}
	since, doubted := now, lost
	if seen {
		since, doubted = *row.DoubtedAt, row.DoubtedLost
	}
	notice = fmt.Sprintf("%d of %d packages are missing from the source. None was removed: a sync after %s that misses them still removes them, or you confirm it now.",
		lost, had, since.Add(doubtedFor).Format("2 January 2006 15:04 UTC"))
	err = row.Update().SetDoubtedAt(since).SetDoubtedLost(doubted).SetRemovalsConfirmed(false).SetNotice(notice).Exec(ctx)
	if err != nil {
		return false, "", fmt.Errorf("note the doubt: %w", err)
	}
	return false, notice, nil
}

func tooMany(lost, had int) bool { return lost > lostMax && lost*lostPart > had }

// trust ends a doubt, if there is one.
func (s *Service) trust(ctx context.Context, row *ent.Repository) error {
	if row.DoubtedAt == nil && !row.RemovalsConfirmed && row.Notice == nil {
		return nil
	}
	if err := row.Update().ClearDoubtedAt().ClearNotice().SetRemovalsConfirmed(false).Exec(ctx); err != nil {
		return fmt.Errorf("end the doubt: %w", err)
	}
	return nil
}

// ConfirmRemovals is a person's word that what the source lost is gone. It starts a sync, which removes it.
func (s *Service) ConfirmRemovals(ctx context.Context, id string) (*ent.Repository, error) {
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		row, err := tx.Repository.Get(ctx, id)
		if err != nil {
			return err
		}
		if row.DoubtedAt == nil {
			return &fault.Conflict{Message: fmt.Sprintf("Nothing is to be confirmed: the repository %q misses no packages.", row.Name), ID: id}
		}
		if err := row.Update().SetRemovalsConfirmed(true).Exec(ctx); err != nil {
			return err
		}
		tx.Announce(database.TopicRepository, id)
		return s.Audit.Write(ctx, tx, audit.Event{Action: "repository.confirm_removals", Target: id, Details: map[string]any{"name": row.Name}})
	})
	if err != nil {
		return nil, storeError("confirm the removals", id, err)
	}
	if _, err := s.Sync(ctx, id, "update"); err != nil {
		return nil, err
	}
	return s.read(ctx, id)
}
