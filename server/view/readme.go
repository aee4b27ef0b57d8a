package view

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"broker/ent"
	"broker/ent/repository"
	"broker/server/archive"
	"broker/server/inspect"
	"broker/server/source"
	"broker/server/text"
)

// Readmes reads the READMEs of versions out of what is stored: it asks nobody else.
type Readmes struct {
	Store   *archive.Store
	Sources interface {
		Source(row *ent.Repository) (source.Source, error)
	}
}

// Of is the README of a version; nil where there is none, or nothing is stored of it.
func (r *Readmes) Of(ctx context.Context, version *ent.PackageVersion) (*string, error) {
	row, err := version.QueryDist().WithArchive().WithPackage(func(q *ent.PkgQuery) { q.WithRepository() }).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the dist of %s: %w", version.ID, err)
	}
	if stored := row.Edges.Archive; stored != nil {
		return r.stored(ctx, archive.Info{SHA256: stored.Sha256, SHA1: stored.Sha1, Size: stored.Size}, row.Type)
	}
	of := row.Edges.Package.Edges.Repository
	if of == nil || of.Type != repository.TypeVCS {
		return nil, nil
	}
	src, err := r.Sources.Source(of)
	if err != nil {
		return nil, err
	}
	git, ok := src.(*source.Git)
	if !ok {
		return nil, nil
	}
	content, err := git.Readme(ctx, row.URL)
	return shown(content), err
}

// stored reads a README out of a stored archive. One that is damaged, or of a form that is not read, has none.
func (r *Readmes) stored(ctx context.Context, info archive.Info, kind string) (*string, error) {
	if kind != "zip" {
		return nil, nil
	}
	file, err := r.Store.Look(ctx, info)
	if errors.Is(err, fs.ErrNotExist) || file == nil && err == nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := inspect.Readme(file, info.Size)
	if err != nil {
		return nil, nil
	}
	return shown(content), nil
}

// shown is a README as the API answers it: valid UTF-8 without control characters but line breaks and tabs.
func shown(content []byte) *string {
	if len(content) == 0 {
		return nil
	}
	said := text.Block(string(content))
	return &said
}
