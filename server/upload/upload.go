// Package upload takes archives that people and pipelines send, as versions of packages.
package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"broker/ent"
	"broker/ent/pkg"
	entrepository "broker/ent/repository"
	"broker/server/archive"
	"broker/server/audit"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/inspect"
	"broker/server/metadata"
	"broker/server/pattern"
	"broker/server/repository"
	"broker/server/text"
)

// Service stores what is uploaded.
type Service struct {
	DB      *database.DB
	Store   *archive.Store
	Catalog *catalog.Catalog
	Owners  *repository.Owners
	Audit   *audit.Log
}

// Upload is one archive that is sent to a repository.
type Upload struct {
	Repository *ent.Repository
	Body       io.Reader
	Size       int64         // bytes; negative when unknown
	Said       metadata.Said // beside the archive
	// May tells whether whoever uploads may have the package of this name; nil where they may have all.
	May func(name string) error
}

// Taken is a version that was uploaded.
type Taken struct {
	catalog.Published
	Archive archive.Info
	Notice  string // why it is not served, for people; empty where it is
}

// Refused says why an archive is not taken, and what to do. Nothing of it is kept.
type Refused struct{ Reason string }

func (r *Refused) Error() string { return "The archive is not taken: " + r.Reason + "." }

// nameOrID is what a repository may be called, or its id.
var nameOrID = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)

// Find returns a repository that archives may be uploaded to, by its name or id.
func (s *Service) Find(ctx context.Context, word string) (*ent.Repository, error) {
	if !nameOrID.MatchString(word) {
		return nil, &fault.NotFound{What: "repository", ID: text.Line(word, 100)}
	}
	row, err := s.DB.Client.Repository.Query().Where(entrepository.Or(entrepository.Name(word), entrepository.ID(word))).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, &fault.NotFound{What: "repository", ID: word}
	case err != nil:
		return nil, fmt.Errorf("read the repository: %w", err)
	case row.Type != entrepository.TypeARTIFACT:
		return nil, &fault.Conflict{ID: row.ID, Message: fmt.Sprintf("The repository %q takes its packages from a source. Upload to a repository of the type ARTIFACT.", row.Name)}
	case !row.Enabled:
		return nil, &fault.Conflict{ID: row.ID, Message: fmt.Sprintf("The repository %q is paused. Resume it to upload.", row.Name)}
	}
	return row, nil
}

// Take stores an archive as a version of the package that its composer.json names. It is looked at before anything of it
// is kept: a *Refused, *archive.Mismatch, *catalog.Exists or *fault.Conflict says why it is not.
func (s *Service) Take(ctx context.Context, u Upload) (*Taken, error) {
	add := &catalog.Upload{Repository: u.Repository, Kind: "zip"}
	var exists *catalog.Exists
	info, err := s.Store.Put(ctx, u.Body, archive.Expect{Size: u.Size, Judge: func(file *os.File, info archive.Info) error {
		err := s.judge(ctx, &u, add, file, info)
		if errors.As(err, &exists) && exists.SameBytes {
			return nil // they are kept again: what is damaged is mended by it
		}
		return err
	}})
	if err != nil {
		return nil, err
	}
	if exists != nil {
		return nil, exists
	}
	taken := &Taken{Archive: info}
	published, err := s.Catalog.AddUpload(ctx, add, func(tx *database.Tx, p *catalog.Published) error {
		return s.Audit.Write(ctx, tx, audit.Event{Action: catalog.UploadAction, Target: p.ID, Details: map[string]any{
			"repository": u.Repository.Name, "package": p.Package, "version": p.Version, "reference": p.Reference, "sha256": info.SHA256, "bytes": info.Size,
		}})
	})
	if ent.IsConstraintError(err) { // its repository was removed meanwhile
		return nil, &fault.NotFound{What: "repository", ID: u.Repository.Name}
	}
	if err != nil {
		return nil, err
	}
	taken.Published = *published
	taken.Notice, err = s.notice(ctx, u.Repository, published.Package)
	return taken, err
}

// judge tells whether an archive may be a version of the repository.
func (s *Service) judge(ctx context.Context, u *Upload, add *catalog.Upload, file *os.File, info archive.Info) error {
	found, err := inspect.Zip(file, info.Size)
	if refused, ok := errors.AsType[*inspect.Refused](err); ok {
		return &Refused{refused.Reason}
	}
	if err != nil {
		return fmt.Errorf("read an archive: %w", err)
	}
	if add.Manifest, err = metadata.ReadUploaded(found.Manifest, u.Said); err != nil {
		return &Refused{err.Error()}
	}
	add.Archive = info
	name := add.Manifest.Name
	if !pattern.ValidName(name) {
		return &Refused{fmt.Sprintf("%q is no name of a package, such as acme/plugin", name)}
	}
	if u.May != nil {
		if err := u.May(name); err != nil {
			return err
		}
	}
	if err := s.mayHold(ctx, u.Repository, name); err != nil {
		return err
	}
	err = s.Catalog.MayUpload(ctx, add)
	if unfit, ok := errors.AsType[*metadata.Unfit](err); ok {
		return &Refused{unfit.Reason}
	}
	return err
}

// mayHold tells whether a name may be in a repository: where it takes it, and nobody else owns it.
func (s *Service) mayHold(ctx context.Context, row *ent.Repository, name string) error {
	takes, err := pattern.Parse(row.Packages)
	if err != nil {
		return fmt.Errorf("read what is taken by the repository %s: %w", row.Name, err)
	}
	if !takes.Empty() && !takes.Match(name) {
		return &fault.Conflict{ID: row.ID, Message: fmt.Sprintf("The repository %q takes only %s, and this is %s.", row.Name, strings.Join(takes.Strings(), ", "), name)}
	}
	order, err := s.Owners.Order(ctx)
	if err != nil {
		return err
	}
	owners, owned := order.Owners(name)
	switch {
	case !owned || slices.Contains(owners, row.ID):
		return nil
	case len(owners) == 0:
		return &fault.Conflict{Message: fmt.Sprintf("The name %s is closed: the repository that owned it was removed. Have %q own it, or free it.", name, row.Name)}
	}
	names, err := s.DB.Client.Repository.Query().Where(entrepository.IDIn(owners...)).Order(ent.Asc(entrepository.FieldName)).Select(entrepository.FieldName).Strings(ctx)
	if err != nil {
		return fmt.Errorf("read who owns %s: %w", name, err)
	}
	return &fault.Conflict{Message: fmt.Sprintf("The name %s is owned by the repository %s: what is uploaded to %q would never be served.", name, strings.Join(names, ", "), row.Name)}
}

// notice is what whoever uploaded should know: that another repository answers for the name.
func (s *Service) notice(ctx context.Context, row *ent.Repository, name string) (string, error) {
	has, err := s.DB.Client.Pkg.Query().Where(pkg.Name(name), pkg.GoneAtIsNil(), pkg.RepositoryIDNotNil()).WithRepository().All(ctx)
	if err != nil {
		return "", fmt.Errorf("look for %s: %w", name, err)
	}
	order, err := s.Owners.Order(ctx)
	if err != nil {
		return "", err
	}
	ids, names := make([]string, len(has)), map[string]string{}
	for i, p := range has {
		ids[i] = *p.RepositoryID
		names[ids[i]] = p.Edges.Repository.Name
	}
	if first := order.First(name, ids...); first != row.ID && first != "" {
		return fmt.Sprintf("It is stored and not served: the repository %q has %s too, and comes first. Have %q own %s, or change the priorities.", names[first], name, row.Name, name), nil
	}
	return "", nil
}

// Rehouse has what was uploaded be offered at this server's address, where another one was configured before.
func (s *Service) Rehouse(ctx context.Context) error {
	rows, err := s.DB.Client.Repository.Query().Where(entrepository.TypeEQ(entrepository.TypeARTIFACT)).All(ctx)
	if err != nil {
		return fmt.Errorf("read the repositories of uploads: %w", err)
	}
	for _, row := range rows {
		if err := s.Catalog.Rehouse(ctx, row); err != nil {
			return err
		}
	}
	return nil
}
