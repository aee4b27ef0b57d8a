// Package repository is what people say of a source: its address, its credentials, what is taken from it, and when it
// is synced.
package repository

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"entgo.io/ent/dialect"

	"broker/ent"
	"broker/ent/repository"
	"broker/server/audit"
	"broker/server/background"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/git"
	"broker/server/jobs"
	"broker/server/safehttp"
	"broker/server/seal"
	"broker/server/source"
)

// Service adds, changes and removes repositories, and has them synced.
type Service struct {
	Config
	budget *source.Budget

	checking sync.Mutex
	checks   map[string][]time.Time // by caller: when sources were checked, within the last minute
}

// Config is what New needs.
type Config struct {
	DB     *database.DB
	Audit  *audit.Log
	Syncs  *jobs.Queue
	Client *safehttp.Client
	Policy safehttp.Policy
	Sealer *seal.Sealer
	Git    *git.Program       // nil where no git repository is read
	Places *background.Places // what documents are parsed in; nil: some of its own
}

// New makes the service.
func New(c Config) *Service {
	if c.Places == nil {
		c.Places = background.New()
	}
	return &Service{Config: c, budget: source.NewBudget(c.Places), checks: map[string][]time.Time{}}
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
	Paths      []string // of a git repository; see source.NewGit
	PackFrom   []string // of a Composer repository; see PackFrom
	Priority   *int
	DistMode   *repository.DistMode
	Credential *Credential
	Enabled    *bool
	// Releases first seen fewer days ago are held back, but for packages of these patterns.
	CooldownDays       *int
	CooldownExceptions []string
	// ForgetHostKeys has the next sync trust the key that the host of a git repository shows then.
	ForgetHostKeys bool
	// Upstream is whose repository it is, where it is added with an organization.
	Upstream *Upstream
	// Renamed says that URL is the same repository under another name at the same host: the stored credential stays.
	Renamed bool
}

// Create adds a repository and starts its first sync.
func (s *Service) Create(ctx context.Context, in Input) (*ent.Repository, error) {
	if in.Name == nil {
		return nil, fault.Invalidf("name", "Give the repository a name.")
	}
	if err := s.checkType(ctx, in); err != nil {
		return nil, err
	}
	if err := s.check(&in, in.Type); err != nil {
		return nil, err
	}
	var row *ent.Repository
	err := s.DB.Tx(ctx, func(tx *database.Tx) (err error) {
		if in.Upstream != nil {
			if err := s.takes(ctx, tx, in.Upstream.OrganizationID); err != nil {
				return err
			}
		}
		create := tx.Repository.Create().SetName(*in.Name).SetType(in.Type).SetNillableURL(in.URL).
			SetPackages(in.Packages).SetNillablePriority(in.Priority).SetNillableDistMode(in.DistMode).
			SetNillableCooldownDays(in.CooldownDays).SetCooldownExceptions(in.CooldownExceptions)
		if len(in.Paths) > 0 {
			create.SetPaths(in.Paths)
		}
		if in.PackFrom != nil && in.Type == repository.TypeCOMPOSER {
			create.SetPackFrom(in.PackFrom)
		}
		if in.Upstream != nil {
			create.SetOrganizationID(in.Upstream.OrganizationID).SetUpstreamID(in.Upstream.ID)
		}
		if in.Type == repository.TypeARTIFACT { // there is nothing to wait for
			create.SetStatus(repository.StatusREADY)
		}
		if row, err = create.Save(ctx); err != nil {
			return err
		}
		if in.Credential != nil {
			if row, err = s.sealCredential(ctx, row.Update(), row.ID, *in.Credential); err != nil {
				return err
			}
		}
		if err := own(ctx, tx, row.ID, in.Owns); err != nil {
			return err
		}
		tx.Announce(database.TopicRepository, row.ID)
		if len(in.Owns) > 0 || in.DistMode != nil {
			reorder(tx)
		}
		return s.Audit.Write(ctx, tx, audit.Event{Action: "repository.create", Target: row.ID, Details: in.said()})
	})
	if err != nil {
		return nil, storeError("add the repository", *in.Name, err)
	}
	if in.Type != repository.TypeARTIFACT {
		if _, err := s.Sync(ctx, row.ID, "create"); err != nil {
			return nil, err
		}
	}
	return s.read(ctx, row.ID)
}

// Update changes what is said of a repository. Another source or other patterns start a sync.
func (s *Service) Update(ctx context.Context, id string, in Input) (*ent.Repository, error) {
	before, err := s.read(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := s.check(&in, before.Type); err != nil {
		return nil, err
	}
	var row *ent.Repository
	err = s.DB.Tx(ctx, func(tx *database.Tx) (err error) {
		if row, err = tx.Repository.Get(ctx, id); err != nil {
			return err
		}
		if row.Type == repository.TypeARTIFACT {
			if err := in.checkUploads(); err != nil {
				return err
			}
		}
		if err := fits(row, in); err != nil {
			return err
		}
		name, moved := row.Name, in.URL != nil && row.URL != nil && *in.URL != *row.URL
		if moved && in.Credential == nil && row.CredentialType != repository.CredentialTypeNONE && !(in.Renamed && sameHost(*row.URL, *in.URL)) {
			return fault.Invalidf("credential", "The stored credential is for %s only. Enter the credential of the new address, or choose none.", *row.URL)
		}
		if row, err = s.change(ctx, row, in); err != nil {
			return err
		}
		// After the change, which waits for a sync that is just being queued. One that runs goes by what was said before.
		if !row.Enabled || in.changesSource() {
			if err := jobs.End(ctx, tx, id); err != nil {
				return err
			}
		}
		if moved {
			if err := catalog.Readdressed(ctx, tx, id); err != nil {
				return err
			}
		}
		if in.Owns != nil {
			if err := own(ctx, tx, id, in.Owns); err != nil {
				return err
			}
		}
		tx.Announce(database.TopicRepository, id)
		if in.CooldownDays != nil || in.CooldownExceptions != nil {
			tx.Announce(database.TopicPackage, "")
		}
		if in.Owns != nil || in.Priority != nil || in.DistMode != nil {
			reorder(tx)
		}
		details := in.said()
		details["name"] = name
		return s.Audit.Write(ctx, tx, audit.Event{Action: "repository.update", Target: id, Details: details})
	})
	if err != nil {
		name := id
		if in.Name != nil {
			name = *in.Name
		}
		return nil, storeError("change the repository", name, err)
	}
	if row.Enabled && row.Type != repository.TypeARTIFACT && (in.changesSource() || in.Enabled != nil) {
		if _, err := s.Sync(ctx, id, "update"); err != nil {
			return nil, err
		}
	}
	return s.read(ctx, id)
}

// reorder has everybody ask anew which repository answers for which name.
func reorder(tx *database.Tx) {
	tx.Announce(database.TopicPackage, "")
	tx.Announce(database.TopicNames, "")
}

func (s *Service) change(ctx context.Context, row *ent.Repository, in Input) (*ent.Repository, error) {
	update := row.Update().SetNillablePriority(in.Priority).SetNillableDistMode(in.DistMode).SetNillableEnabled(in.Enabled).
		SetNillableName(in.Name).SetNillableURL(in.URL).SetNillableCooldownDays(in.CooldownDays)
	if in.CooldownExceptions != nil {
		update.SetCooldownExceptions(in.CooldownExceptions)
	}
	if in.Packages != nil {
		update.SetPackages(in.Packages)
	}
	if in.PackFrom != nil && row.Type == repository.TypeCOMPOSER {
		update.SetPackFrom(in.PackFrom)
	}
	switch {
	case len(in.Paths) > 0:
		update.SetPaths(in.Paths)
	case in.Paths != nil:
		update.ClearPaths()
	}
	if in.ForgetHostKeys || in.URL != nil && (row.URL == nil || *in.URL != *row.URL) {
		update.ClearKnownHosts().ClearSourceState()
	}
	if in.URL != nil && (row.URL == nil || *in.URL != *row.URL) { // another host has not told of anything yet
		update.ClearWebhookPushAt()
	}
	switch {
	case in.Enabled == nil:
	case !*in.Enabled:
		update.SetStatus(repository.StatusDISABLED)
	case row.Status == repository.StatusDISABLED && row.Type == repository.TypeARTIFACT:
		update.SetStatus(repository.StatusREADY)
	case row.Status == repository.StatusDISABLED:
		update.SetStatus(repository.StatusPENDING).ClearLastError()
	}
	if in.Credential == nil {
		return update.Save(ctx)
	}
	return s.sealCredential(ctx, update, row.ID, *in.Credential)
}

// sealCredential saves an update with a credential, encrypted for this row alone.
func (s *Service) sealCredential(ctx context.Context, update *ent.RepositoryUpdateOne, id string, c Credential) (*ent.Repository, error) {
	update.SetCredentialType(c.Type).ClearCredentialExpiresAt()
	if c.Type == repository.CredentialTypeNONE {
		return update.ClearCredential().Save(ctx)
	}
	sealed, err := s.sealed(id, c)
	if err != nil {
		return nil, err
	}
	return update.SetCredential(sealed).Save(ctx)
}

// sealed encrypts a credential for the row with an id.
func (s *Service) sealed(id string, c Credential) ([]byte, error) {
	plain, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	sealed, err := s.Sealer.Seal(plain, credentialOf(id))
	if err != nil {
		return nil, fmt.Errorf("seal the credential: %w", err)
	}
	return sealed, nil
}

// credentialOf binds a sealed credential to its place, so that it cannot be moved to another row.
func credentialOf(id string) string { return "repository|" + id + "|credential" }

// Delete removes a repository and its history. Its packages are gone with it, but for the archives that lock files name:
// what is stored of them is kept for a while. The names that it owned stay closed until somebody frees them.
func (s *Service) Delete(ctx context.Context, id string) error {
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		row, err := tx.Repository.Get(ctx, id)
		if err != nil {
			return err
		}
		tx.Announce(database.TopicRepository, id)
		reorder(tx)
		if err := catalog.LeaveAll(ctx, tx, id); err != nil {
			return err
		}
		if err := s.hold(ctx, tx, id); err != nil {
			return err
		}
		if err := catalog.LeaveAll(ctx, tx, id); err != nil { // what was stored in between
			return err
		}
		closes, err := closeNames(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := tx.Repository.DeleteOneID(id).Exec(ctx); err != nil {
			return err
		}
		return s.Audit.Write(ctx, tx, audit.Event{Action: "repository.delete", Target: id, Details: map[string]any{"name": row.Name, "url": row.URL, "closes": closes}})
	})
	if err == nil && s.Git != nil {
		_ = s.Git.Remove(id) // what stays is removed by the housekeeping
	}
	return storeError("remove the repository", id, err)
}

// hold waits for those who are adding packages and claims to a repository; from then on nobody can. It comes after the
// packages, which they lock first. SQLite has one writer.
func (s *Service) hold(ctx context.Context, tx *database.Tx, id string) error {
	if s.DB.Dialect() != dialect.Postgres {
		return nil
	}
	if _, err := tx.ExecContext(ctx, "SELECT id FROM repositories WHERE id = $1 FOR UPDATE", id); err != nil {
		return fmt.Errorf("hold the repository: %w", err)
	}
	return nil
}

// Manual is the trigger of a sync that somebody asked for.
const Manual = "manual"

// Sync queues a sync, or returns the one already under way. trigger says what started it.
func (s *Service) Sync(ctx context.Context, id, trigger string) (*ent.SyncRun, error) {
	row, err := s.read(ctx, id)
	if err != nil {
		return nil, err
	}
	if row.Type == repository.TypeARTIFACT {
		return nil, &fault.Conflict{Message: fmt.Sprintf("The repository %q holds what is uploaded to it; there is no source to sync it from.", row.Name), ID: id}
	}
	run, err := s.Syncs.Sync(ctx, id, trigger, func(tx *database.Tx, run *ent.SyncRun) error {
		if trigger != Manual { // else it goes with what caused it, or with the clock
			return nil
		}
		return s.Audit.Write(ctx, tx, audit.Event{Action: "repository.sync", Target: id, Details: map[string]any{"sync": run.ID}})
	})
	if errors.Is(err, jobs.ErrPaused) {
		return nil, &fault.Conflict{Message: fmt.Sprintf("The repository %q is paused. Resume it to sync.", row.Name), ID: id}
	}
	return run, err
}

// CancelSync stops a sync that is queued or running; one that is over stays as it is.
func (s *Service) CancelSync(ctx context.Context, runID string) (*ent.SyncRun, error) {
	run, err := s.Syncs.Cancel(ctx, runID, func(tx *database.Tx, run *ent.SyncRun) error {
		return s.Audit.Write(ctx, tx, audit.Event{Action: "repository.cancel_sync", Target: run.RepositoryID, Details: map[string]any{"sync": run.ID}})
	})
	if err != nil {
		return nil, storeError("cancel the sync", runID, err)
	}
	return run, nil
}

func (s *Service) read(ctx context.Context, id string) (*ent.Repository, error) {
	row, err := s.DB.Client.Repository.Get(ctx, id)
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
