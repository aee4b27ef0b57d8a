package repository

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"broker/ent"
	"broker/ent/repository"
	"broker/server/database"
	"broker/server/safehttp"
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
	credential, err := s.credential(row)
	if err != nil {
		return nil, err
	}
	return source.NewComposer(s.Client, s.budget, *row.URL, credential)
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

// credential opens the sealed credential of a row; nil where it has none.
func (s *Service) credential(row *ent.Repository) (*safehttp.Credential, error) {
	c, err := s.stored(row)
	if err != nil || c.Type == "" {
		return nil, err
	}
	return outbound(*row.URL, c)
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

// outbound is a stored credential as requests send it, to the origin of the repository's address only.
func outbound(address string, c Credential) (*safehttp.Credential, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("read the repository's address: %w", err)
	}
	credential := &safehttp.Credential{Origin: safehttp.Origin(u), Username: c.Username, Secret: c.Secret, Header: c.Header}
	switch c.Type {
	case repository.CredentialTypeHTTP_BASIC:
		credential.Type = safehttp.Basic
	case repository.CredentialTypeBEARER:
		credential.Type = safehttp.Bearer
	case repository.CredentialTypeHEADER:
		credential.Type = safehttp.Header
	default:
		return nil, fmt.Errorf("credentials of type %s cannot be sent to a Composer repository", c.Type)
	}
	return credential, nil
}

// ReplaceToken gives a repository another credential, if it has the secret of the one before.
func (s *Service) ReplaceToken(ctx context.Context, row *ent.Repository, old string, c Credential) error {
	has, err := s.stored(row)
	if err != nil || has.Secret != old {
		return err
	}
	_, err = s.sealCredential(ctx, row.Update(), row.ID, c)
	return err
}
