// Package mirror brings the catalog and the archive store up to date from sources: repositories as people manage
// them, syncs as jobs with progress, retries and history, archives on first use.
package mirror

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"broker/ent"
	"broker/ent/repository"
	"broker/ent/syncrun"
	"broker/server/audit"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/safehttp"
	"broker/server/seal"
)

// Repositories adds, changes, removes and syncs repositories.
type Repositories struct {
	db      *database.DB
	audit   *audit.Log
	sealer  *seal.Sealer
	policy  safehttp.Policy
	sources *sources
	jobs    *jobs
	log     *slog.Logger
}

// Config is what New needs.
type Config struct {
	DB      *database.DB
	Audit   *audit.Log
	Catalog *catalog.Catalog
	Client  *safehttp.Client
	Policy  safehttp.Policy
	Sealer  *seal.Sealer
	Log     *slog.Logger
	Every   time.Duration // how old a repository's metadata gets before it is synced again; 0 means never
}

// New makes the service. Its jobs run between Start and Stop.
func New(c Config) (*Repositories, error) {
	r := &Repositories{
		db: c.DB, audit: c.Audit, sealer: c.Sealer, policy: c.Policy, log: c.Log,
		sources: &sources{db: c.DB, client: c.Client, sealer: c.Sealer},
	}
	syncer := &syncer{db: c.DB, catalog: c.Catalog, sources: r.sources, log: c.Log}
	var err error
	r.jobs, err = newJobs(c.DB, c.Audit, syncer, c.Every, c.Log)
	return r, err
}

// Credential is what a source asks of its clients. It is stored sealed and never told.
type Credential struct {
	Type     repository.CredentialType
	Username string
	Secret   string
	Header   string // name, for HEADER
}

// Input is what people say of a repository. A nil field is not said: the default when adding, unchanged when changing.
type Input struct {
	Name       *string
	Type       repository.Type // when adding
	URL        *string
	Packages   []string
	Owns       []string
	Priority   *int
	DistMode   *repository.DistMode
	Credential *Credential
	Enabled    *bool
}

// Create adds a repository and starts its first sync.
func (r *Repositories) Create(ctx context.Context, in Input) (*ent.Repository, error) {
	if in.Name == nil {
		return nil, fault.Invalidf("name", "Give the repository a name.")
	}
	if in.Type != repository.TypeCOMPOSER {
		return nil, fault.Invalidf("type", "Repositories of type %s are not supported by this version; use COMPOSER.", in.Type)
	}
	if in.URL == nil {
		return nil, fault.Invalidf("url", "Give the address of the Composer repository, such as https://packages.example.org.")
	}
	if err := r.check(&in); err != nil {
		return nil, err
	}
	var row *ent.Repository
	err := r.db.Tx(ctx, func(tx *database.Tx) (err error) {
		create := tx.Repository.Create().SetName(*in.Name).SetType(in.Type).SetURL(*in.URL).
			SetPackages(in.Packages).SetOwns(in.Owns).SetNillablePriority(in.Priority).SetNillableDistMode(in.DistMode)
		if row, err = create.Save(ctx); err != nil {
			return err
		}
		if in.Credential != nil {
			if row, err = r.sealCredential(ctx, row.Update(), row.ID, *in.Credential); err != nil {
				return err
			}
		}
		tx.Announce(database.TopicRepository, row.ID)
		return r.audit.Write(ctx, tx, audit.Event{Action: "repository.create", Target: row.ID, Details: in.said()})
	})
	if err != nil {
		return nil, storeError("add the repository", *in.Name, err)
	}
	if _, err := r.Sync(ctx, row.ID, "create"); err != nil {
		return nil, err
	}
	return r.read(ctx, row.ID)
}

// Update changes what is said of a repository. Another source or other patterns start a sync.
func (r *Repositories) Update(ctx context.Context, id string, in Input) (*ent.Repository, error) {
	if err := r.check(&in); err != nil {
		return nil, err
	}
	var row *ent.Repository
	err := r.db.Tx(ctx, func(tx *database.Tx) (err error) {
		if row, err = tx.Repository.Get(ctx, id); err != nil {
			return err
		}
		if in.URL != nil && row.URL != nil && *in.URL != *row.URL && in.Credential == nil && row.CredentialType != repository.CredentialTypeNONE {
			return fault.Invalidf("credential", "The stored credential is for %s only. Enter the credential of the new address, or choose none.", *row.URL)
		}
		name := row.Name
		if row, err = r.change(ctx, row, in); err != nil {
			return err
		}
		tx.Announce(database.TopicRepository, id)
		details := in.said()
		details["name"] = name
		return r.audit.Write(ctx, tx, audit.Event{Action: "repository.update", Target: id, Details: details})
	})
	if err != nil {
		name := id
		if in.Name != nil {
			name = *in.Name
		}
		return nil, storeError("change the repository", name, err)
	}
	if row.Enabled && (in.URL != nil || in.Packages != nil || in.Owns != nil || in.DistMode != nil || in.Credential != nil || in.Enabled != nil) {
		if _, err := r.Sync(ctx, id, "update"); err != nil {
			return nil, err
		}
	}
	return r.read(ctx, id)
}

func (r *Repositories) change(ctx context.Context, row *ent.Repository, in Input) (*ent.Repository, error) {
	update := row.Update().SetNillablePriority(in.Priority).SetNillableDistMode(in.DistMode).SetNillableEnabled(in.Enabled).
		SetNillableName(in.Name).SetNillableURL(in.URL)
	if in.Packages != nil {
		update.SetPackages(in.Packages)
	}
	if in.Owns != nil {
		update.SetOwns(in.Owns)
	}
	switch {
	case in.Enabled == nil:
	case !*in.Enabled:
		update.SetStatus(repository.StatusDISABLED)
	case row.Status == repository.StatusDISABLED:
		update.SetStatus(repository.StatusPENDING)
	}
	if in.Credential == nil {
		return update.Save(ctx)
	}
	return r.sealCredential(ctx, update, row.ID, *in.Credential)
}

// sealCredential saves an update with a credential, encrypted for this row alone.
func (r *Repositories) sealCredential(ctx context.Context, update *ent.RepositoryUpdateOne, id string, c Credential) (*ent.Repository, error) {
	update.SetCredentialType(c.Type)
	if c.Type == repository.CredentialTypeNONE {
		return update.ClearCredential().Save(ctx)
	}
	plain, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	sealed, err := r.sealer.Seal(plain, credentialOf(id))
	if err != nil {
		return nil, fmt.Errorf("seal the credential: %w", err)
	}
	return update.SetCredential(sealed).Save(ctx)
}

// credentialOf binds a sealed credential to its place, so that it cannot be moved to another row.
func credentialOf(id string) string { return "repository|" + id + "|credential" }

// Delete removes a repository with its packages, history and the addresses of its archives.
func (r *Repositories) Delete(ctx context.Context, id string) error {
	err := r.db.Tx(ctx, func(tx *database.Tx) error {
		row, err := tx.Repository.Get(ctx, id)
		if err != nil {
			return err
		}
		tx.Announce(database.TopicRepository, id)
		tx.Announce(database.TopicPackage, "")
		if err := tx.Repository.DeleteOneID(id).Exec(ctx); err != nil {
			return err
		}
		return r.audit.Write(ctx, tx, audit.Event{Action: "repository.delete", Target: id, Details: map[string]any{"name": row.Name, "url": row.URL}})
	})
	return storeError("remove the repository", id, err)
}

// Sync queues a sync, or returns the one already under way. trigger says what started it.
func (r *Repositories) Sync(ctx context.Context, id, trigger string) (*ent.SyncRun, error) {
	row, err := r.read(ctx, id)
	if err != nil {
		return nil, err
	}
	if !row.Enabled {
		return nil, &fault.Conflict{Message: fmt.Sprintf("The repository %q is paused. Resume it to sync.", row.Name), ID: id}
	}
	return r.jobs.start(ctx, id, trigger)
}

// CancelSync stops a sync that is queued or running; one that is over stays as it is.
func (r *Repositories) CancelSync(ctx context.Context, runID string) (*ent.SyncRun, error) {
	now := time.Now().UTC()
	err := r.db.Tx(ctx, func(tx *database.Tx) error {
		run, err := tx.SyncRun.Get(ctx, runID)
		if err != nil || run.Active == nil {
			return err
		}
		if err := run.Update().SetStatus(syncrun.StatusCANCELED).ClearActive().SetFinishedAt(now).Exec(ctx); err != nil {
			return err
		}
		if err := settle(ctx, tx, run.RepositoryID); err != nil {
			return err
		}
		return r.audit.Write(ctx, tx, audit.Event{Action: "repository.cancel_sync", Target: run.RepositoryID, Details: map[string]any{"sync": run.ID}})
	})
	if err != nil {
		return nil, storeError("cancel the sync", runID, err)
	}
	return r.db.Client.SyncRun.Get(ctx, runID)
}

// settle gives a repository whose sync was stopped the status it has without it.
func settle(ctx context.Context, tx *database.Tx, repositoryID string) error {
	row, err := tx.Repository.Get(ctx, repositoryID)
	if err != nil {
		return err
	}
	status := repository.StatusPENDING
	switch {
	case !row.Enabled:
		status = repository.StatusDISABLED
	case row.LastSyncedAt != nil:
		status = repository.StatusREADY
	}
	return row.Update().SetStatus(status).Exec(ctx)
}

func (r *Repositories) read(ctx context.Context, id string) (*ent.Repository, error) {
	row, err := r.db.Client.Repository.Get(ctx, id)
	if err != nil {
		return nil, storeError("read the repository", id, err)
	}
	return row, nil
}

// storeError says in the product's words what the database refused.
func storeError(act, what string, err error) error {
	switch {
	case err == nil:
		return nil
	case ent.IsNotFound(err):
		return &fault.NotFound{What: "repository or sync", ID: what}
	case ent.IsConstraintError(err):
		return &fault.Conflict{Message: fmt.Sprintf("Another repository is called %q. Choose another name.", what)}
	}
	return fmt.Errorf("%s: %w", act, err)
}
