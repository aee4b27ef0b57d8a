package repository

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"broker/ent"
	"broker/ent/repository"
	"broker/server/database"
	"broker/server/source"
)

// ErrNoSource says that a repository holds what is uploaded to it.
var ErrNoSource = errors.New("its archives are uploaded, and can be had from nowhere else")

// Source returns the source of a repository's row.
func (s *Service) Source(row *ent.Repository) (source.Source, error) {
	if row.Type == repository.TypeARTIFACT {
		return nil, fmt.Errorf("%s: %w", row.Name, ErrNoSource)
	}
	if row.URL == nil {
		return nil, fmt.Errorf("repositories of type %s have no source", row.Type)
	}
	if row.Type == repository.TypeVCS {
		return s.gitSource(row)
	}
	c, err := s.stored(row)
	if err != nil {
		return nil, err
	}
	credential, err := outbound(*row.URL, c)
	if err != nil {
		return nil, err
	}
	from, err := source.NewComposer(s.Client, s.budget, *row.URL, credential)
	if err != nil {
		return nil, err
	}
	s.packs(from, row, c)
	return from, nil
}

// SourceByID returns the source of a repository, and its row.
func (s *Service) SourceByID(ctx context.Context, id string) (source.Source, *ent.Repository, error) {
	row, err := s.DB.Client.Repository.Get(ctx, id)
	if err != nil {
		return nil, nil, fmt.Errorf("read the repository %s: %w", id, err)
	}
	src, err := s.Source(row)
	return src, row, err
}

// SetListed notes whether a repository's source lists its packages. One that does not is followed by name from then on.
func (s *Service) SetListed(ctx context.Context, row *ent.Repository, listed bool) error {
	if row.Listed == listed {
		return nil
	}
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		tx.Announce(database.TopicRepository, row.ID)
		reorder(tx)
		return tx.Repository.UpdateOneID(row.ID).SetListed(listed).Exec(ctx)
	})
	if err != nil {
		return fmt.Errorf("note whether %s lists its packages: %w", row.Name, err)
	}
	row.Listed = listed
	return nil
}

// SetFilters notes which filter lists the documents of a repository's source have. What is stored of it was read for the
// lists before, and is read anew.
func (s *Service) SetFilters(ctx context.Context, row *ent.Repository, lists []string) error {
	if slices.Equal(row.FilterLists, lists) {
		return nil
	}
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		tx.Announce(database.TopicRepository, row.ID)
		return tx.Repository.UpdateOneID(row.ID).SetFilterLists(lists).Exec(ctx)
	})
	if err != nil {
		return fmt.Errorf("note which filter lists %s has: %w", row.Name, err)
	}
	row.FilterLists = lists
	return nil
}

// stored opens the sealed credential of a row; an empty one where it has none.
func (s *Service) stored(row *ent.Repository) (c Credential, err error) {
	if row.CredentialType == repository.CredentialTypeNONE || row.Credential == nil {
		return c, nil
	}
	plain, err := s.Sealer.Open(*row.Credential, credentialOf(row.ID))
	if err != nil {
		return c, fmt.Errorf("open the credential of the repository %s: %w", row.Name, err)
	}
	if err := json.Unmarshal(plain, &c); err != nil {
		return c, fmt.Errorf("read the credential of the repository %s: %w", row.Name, err)
	}
	return c, nil
}

// ReplaceToken gives a repository another credential, if it has the secret of the one before; where that is empty, if it
// has no credential. The caller has made sure that the repository is where the credential may be sent.
func (s *Service) ReplaceToken(ctx context.Context, row *ent.Repository, old string, c Credential) error {
	if (old == "") != (row.CredentialType == repository.CredentialTypeNONE) {
		return nil
	}
	has, err := s.stored(row)
	if err != nil || has.Secret != old {
		return err
	}
	_, err = s.sealCredential(ctx, row.Update(), row.ID, c)
	return err
}

// Advised notes when a repository's source was asked for advisories.
func (s *Service) Advised(ctx context.Context, id string, at time.Time) error {
	if err := s.DB.Client.Repository.UpdateOneID(id).SetAdvisoriesAt(at).Exec(ctx); err != nil {
		return fmt.Errorf("note when a source was asked for advisories: %w", err)
	}
	return nil
}
