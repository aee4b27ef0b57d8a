package catalog

import (
	"context"
	"errors"
	"fmt"

	"broker/ent"
	"broker/ent/document"
	"broker/ent/pkg"
	"broker/server/database"
	"broker/server/metadata"
)

// Update is what a source says of one package: all of its versions, cleaned.
type Update struct {
	Repository *ent.Repository
	Name       string // lower case
	Versions   []metadata.Version
	Validators Validators
}

// Validators are the Last-Modified values of the upstream documents an update was made of; empty where there is none.
type Validators struct{ Stable, Dev string }

// Outcome is what an update changed.
type Outcome struct {
	Added, Removed int      // versions
	Kept           []string // versions whose stored archive stays although the source has other bytes at its reference now
}

// Taken says that a name belongs to another repository, so that this one's versions of it are not used.
type Taken struct{ Name, Repository string }

func (t *Taken) Error() string {
	return fmt.Sprintf("%s belongs to the repository %s", t.Name, t.Repository)
}

// Put makes a package what its source says it is, all or nothing. *Taken where the name belongs to another repository.
func (c *Catalog) Put(ctx context.Context, u Update) (Outcome, error) {
	metadata.Sort(u.Versions)
	var outcome Outcome
	err := c.db.Tx(ctx, func(tx *database.Tx) (err error) {
		p := &put{Catalog: c, tx: tx, Update: u}
		outcome, err = p.run(ctx)
		return err
	})
	if taken := (*Taken)(nil); err != nil && !errors.As(err, &taken) {
		return Outcome{}, fmt.Errorf("store %s: %w", u.Name, err)
	}
	return outcome, err
}

// put is one Put under way.
type put struct {
	*Catalog
	Update
	tx  *database.Tx
	pkg *ent.Pkg

	stored map[distKey]*ent.Dist // those whose archive is stored, with it
	kept   []string              // as Outcome.Kept
}

func (p *put) run(ctx context.Context) (Outcome, error) {
	if err := p.claim(ctx); err != nil {
		return Outcome{}, err
	}
	dists, err := p.putDists(ctx)
	if err != nil {
		return Outcome{}, err
	}
	outcome, latest, err := p.putVersions(ctx, dists)
	if err != nil {
		return Outcome{}, err
	}
	if err := p.describe(ctx, latest); err != nil {
		return Outcome{}, err
	}
	stable, dev := split(p.Versions)
	if err := p.putDocument(ctx, false, stable, p.Update.Validators.Stable); err != nil {
		return Outcome{}, err
	}
	if err := p.putDocument(ctx, true, dev, p.Update.Validators.Dev); err != nil {
		return Outcome{}, err
	}
	p.tx.Announce(database.TopicPackage, p.Name)
	return outcome, nil
}

func split(versions []metadata.Version) (stable, dev []metadata.Version) {
	for _, v := range versions {
		if v.Dev {
			dev = append(dev, v)
		} else {
			stable = append(stable, v)
		}
	}
	return stable, dev
}

// claim finds the package's row, or makes it, for this repository.
func (p *put) claim(ctx context.Context) error {
	if err := p.mayClaim(ctx); err != nil {
		return err
	}
	row, err := p.tx.Pkg.Query().Where(pkg.Name(p.Name)).WithRepository().Only(ctx)
	switch {
	case ent.IsNotFound(err):
		p.tx.Announce(database.TopicNames, p.Name)
		p.pkg, err = p.tx.Pkg.Create().SetName(p.Name).SetRepositoryID(p.Repository.ID).Save(ctx)
		return err
	case err != nil:
		return err
	case row.RepositoryID == p.Repository.ID:
		p.pkg = row
		return nil
	case precedes(row.Edges.Repository, p.Repository):
		return &Taken{p.Name, row.Edges.Repository.Name}
	}
	p.pkg, err = row.Update().SetRepositoryID(p.Repository.ID).Save(ctx)
	return err
}

// mayClaim refuses a name that another repository owns.
func (p *put) mayClaim(ctx context.Context) error {
	all, err := p.tx.Repository.Query().All(ctx)
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.ID == p.Repository.ID || len(other.Owns) == 0 {
			continue
		}
		owns, err := owned(other)
		if err != nil {
			return err
		}
		if owns.Match(p.Name) {
			return &Taken{p.Name, other.Name}
		}
	}
	return nil
}

// precedes tells whether a repository is asked before another: by what it owns (seen to before), its priority, its age.
func precedes(a, b *ent.Repository) bool {
	if a.Priority != b.Priority {
		return a.Priority < b.Priority
	}
	return a.ID < b.ID
}

// describe keeps what lists show of the package: what its highest version says.
func (p *put) describe(ctx context.Context, latestID string) error {
	update := p.tx.Pkg.UpdateOne(p.pkg).SetVersionCount(len(p.Versions))
	if len(p.Versions) == 0 {
		return update.ClearLatestVersionID().ClearReleasedAt().Exec(ctx)
	}
	latest := &p.Versions[0]
	update.SetLatestVersionID(latestID).SetType(latest.Type()).SetDescription(latest.Description())
	if replacement := latest.Abandoned(); replacement != nil {
		update.SetAbandoned(*replacement)
	} else {
		update.ClearAbandoned()
	}
	if at := latest.ReleasedAt(); !at.IsZero() {
		update.SetReleasedAt(at)
	} else {
		update.ClearReleasedAt()
	}
	return update.Exec(ctx)
}

// Validators returns the upstream validators of all packages of a repository, by name.
func (c *Catalog) Validators(ctx context.Context, repositoryID string) (map[string]Validators, error) {
	rows, err := c.db.Client.Document.Query().
		Where(document.HasPackageWith(pkg.RepositoryID(repositoryID))).
		Select(document.FieldID, document.FieldPackageID, document.FieldDev, document.FieldUpstreamValidator).
		WithPackage(func(q *ent.PkgQuery) { q.Select(pkg.FieldID, pkg.FieldName) }).
		All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read validators: %w", err)
	}
	validators := map[string]Validators{}
	for _, row := range rows {
		name := row.Edges.Package.Name
		v := validators[name]
		if row.Dev {
			v.Dev = row.UpstreamValidator
		} else {
			v.Stable = row.UpstreamValidator
		}
		validators[name] = v
	}
	return validators, nil
}

// RemoveAbsent removes the packages of a repository that its source no longer lists, and returns how many versions
// they had.
func (c *Catalog) RemoveAbsent(ctx context.Context, repositoryID string, present map[string]bool) (versions int, err error) {
	rows, err := c.db.Client.Pkg.Query().Where(pkg.RepositoryID(repositoryID)).All(ctx)
	if err != nil {
		return 0, fmt.Errorf("read packages: %w", err)
	}
	for _, row := range rows {
		if present[row.Name] {
			continue
		}
		if err := c.remove(ctx, row); err != nil {
			return versions, fmt.Errorf("remove %s: %w", row.Name, err)
		}
		versions += row.VersionCount
	}
	return versions, nil
}

func (c *Catalog) remove(ctx context.Context, row *ent.Pkg) error {
	return c.db.Tx(ctx, func(tx *database.Tx) error {
		tx.Announce(database.TopicPackage, row.Name)
		tx.Announce(database.TopicNames, row.Name)
		return tx.Pkg.DeleteOne(row).Exec(ctx)
	})
}
