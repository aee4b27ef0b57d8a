package mirror

import (
	"context"
	"encoding/json"
	"fmt"

	"broker/ent"
	"broker/ent/repository"
	"broker/server/database"
	"broker/server/safehttp"
	"broker/server/seal"
	"broker/server/source"
)

// sources makes the client of a repository's upstream.
type sources struct {
	db     *database.DB
	client *safehttp.Client
	sealer *seal.Sealer
}

// of returns the source of a repository's row.
func (s *sources) of(row *ent.Repository) (source.Source, error) {
	if row.Type != repository.TypeCOMPOSER || row.URL == nil {
		return nil, fmt.Errorf("repositories of type %s have no source", row.Type)
	}
	credential, err := s.credential(row)
	if err != nil {
		return nil, err
	}
	return source.NewComposer(s.client, *row.URL, credential)
}

// byID returns the source of a repository, and its row.
func (s *sources) byID(ctx context.Context, id string) (source.Source, *ent.Repository, error) {
	row, err := s.db.Client.Repository.Get(ctx, id)
	if err != nil {
		return nil, nil, fmt.Errorf("read the repository %s: %w", id, err)
	}
	src, err := s.of(row)
	return src, row, err
}

// credential opens the sealed credential of a row; nil where it has none.
func (s *sources) credential(row *ent.Repository) (*safehttp.Credential, error) {
	if row.CredentialType == repository.CredentialTypeNONE || row.Credential == nil {
		return nil, nil
	}
	plain, err := s.sealer.Open(*row.Credential, credentialOf(row.ID))
	if err != nil {
		return nil, fmt.Errorf("open the credential of the repository %s: %w", row.Name, err)
	}
	var c Credential
	if err := json.Unmarshal(plain, &c); err != nil {
		return nil, fmt.Errorf("read the credential of the repository %s: %w", row.Name, err)
	}
	return outbound(*row.URL, c)
}
