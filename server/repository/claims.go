package repository

import (
	"context"
	"fmt"
	"slices"
	"time"

	"broker/ent"
	"broker/ent/claim"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/fault"
)

// Owned are the patterns that a repository owns, sorted.
func Owned(ctx context.Context, r *ent.Repository) ([]string, error) {
	patterns, err := r.QueryClaims().Order(ent.Asc(claim.FieldPattern)).Select(claim.FieldPattern).Strings(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what the repository %s owns: %w", r.Name, err)
	}
	return append([]string{}, patterns...), nil
}

// own has a repository own exactly these patterns. A closed claim of one of them becomes its own; what it no longer
// names is free.
func own(ctx context.Context, tx *database.Tx, id string, patterns []string) error {
	now, err := tx.Claim.Query().Where(claim.RepositoryID(id)).All(ctx)
	if err != nil {
		return fmt.Errorf("read what the repository owns: %w", err)
	}
	owned := map[string]bool{}
	for _, c := range now {
		owned[c.Pattern] = true
		if slices.Contains(patterns, c.Pattern) {
			continue
		}
		if err := tx.Claim.DeleteOne(c).Exec(ctx); err != nil {
			return fmt.Errorf("free %s: %w", c.Pattern, err)
		}
	}
	for _, p := range patterns {
		if owned[p] {
			continue
		}
		owned[p] = true
		if err := adopt(ctx, tx, id, p); err != nil {
			return fmt.Errorf("claim %s: %w", p, err)
		}
	}
	return nil
}

// adopt makes a pattern a repository's own.
func adopt(ctx context.Context, tx *database.Tx, id, p string) error {
	closed, err := tx.Claim.Query().Where(claim.Pattern(p), claim.RepositoryIDIsNil()).Order(ent.Desc(claim.FieldClosedAt)).First(ctx)
	if ent.IsNotFound(err) {
		return tx.Claim.Create().SetPattern(p).SetRepositoryID(id).Exec(ctx)
	}
	if err != nil {
		return err
	}
	return closed.Update().SetRepositoryID(id).ClearClosedAt().Exec(ctx)
}

// closeNames leaves what a repository owns without one, as it is removed: its names are closed. It returns their patterns.
func closeNames(ctx context.Context, tx *database.Tx, id string) ([]string, error) {
	patterns, err := tx.Claim.Query().Where(claim.RepositoryID(id)).Order(ent.Asc(claim.FieldPattern)).Select(claim.FieldPattern).Strings(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what the repository owns: %w", err)
	}
	err = tx.Claim.Update().Where(claim.RepositoryID(id)).
		SetClosedAt(time.Now().UTC()).SetRemovedRepositoryID(id).ClearRepositoryID().Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("close the repository's names: %w", err)
	}
	return patterns, nil
}

// ReleaseClaim frees the names of a closed claim: from then on any repository may answer for them.
func (s *Service) ReleaseClaim(ctx context.Context, id string) error {
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		row, err := tx.Claim.Query().Where(claim.ID(id)).WithRepository().Only(ctx)
		if ent.IsNotFound(err) {
			return &fault.NotFound{What: "claim", ID: id}
		}
		if err != nil {
			return err
		}
		if owner := row.Edges.Repository; owner != nil {
			return &fault.Conflict{Message: fmt.Sprintf("The repository %q owns %s. Take it out of what the repository owns.", owner.Name, row.Pattern), ID: id}
		}
		if _, err := tx.Claim.Delete().Where(claim.Pattern(row.Pattern), claim.RepositoryIDIsNil()).Exec(ctx); err != nil {
			return err
		}
		tx.Announce(database.TopicRepository, "")
		reorder(tx)
		return s.Audit.Write(ctx, tx, audit.Event{Action: "claim.release", Target: id, Details: map[string]any{"pattern": row.Pattern}})
	})
	return storeError("free the names", id, err)
}
