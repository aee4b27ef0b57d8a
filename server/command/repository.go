package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"broker/ent"
	entrepository "broker/ent/repository"
	"broker/ent/syncrun"
	"broker/server/fault"
	"broker/server/jobs"
	"broker/server/repository"
	"broker/server/safehttp"
)

// repositories opens the repositories. Their syncs are worked on by the running server, or between Start and Stop of
// the queue.
func (t *tools) repositories() (*repository.Service, error) {
	sealer, err := t.config.Sealer()
	if err != nil {
		return nil, err
	}
	queue, err := jobs.New(t.db, jobs.DefaultPace, t.config.Log)
	if err != nil {
		return nil, err
	}
	outbound := safehttp.New(t.config.Upstreams, t.config.Agent)
	return repository.New(repository.Config{
		DB: t.db, Audit: t.events, Syncs: queue, Client: outbound, Policy: t.config.Upstreams, Sealer: sealer, Git: t.config.Git(outbound),
	}), nil
}

func listRepositories(f *flags) work {
	asJSON := f.Bool("json", false, "")
	return func(ctx context.Context, t *tools) error {
		rows, err := t.db.Client.Repository.Query().Order(ent.Asc(entrepository.FieldName)).All(ctx)
		if err != nil {
			return fmt.Errorf("read the repositories: %w", err)
		}
		type listed struct {
			ID                  string     `json:"id"`
			Name                string     `json:"name"`
			Type                string     `json:"type"`
			URL                 *string    `json:"url"`
			Packages            []string   `json:"packages"`
			Owns                []string   `json:"owns"`
			Paths               []string   `json:"paths"`
			HostKeys            []string   `json:"hostKeys"`
			Priority            int        `json:"priority"`
			DistMode            string     `json:"distMode"`
			CooldownDays        int        `json:"cooldownDays"`
			CooldownExceptions  []string   `json:"cooldownExceptions"`
			CredentialExpiresAt *time.Time `json:"credentialExpiresAt"`
			Status              string     `json:"status"`
			LastSyncedAt        *time.Time `json:"lastSyncedAt"`
			LastError           *string    `json:"lastError"`
			Notice              *string    `json:"notice"`
		}
		all := make([]listed, len(rows))
		for i, row := range rows {
			owns, err := repository.Owned(ctx, row)
			if err != nil {
				return err
			}
			all[i] = listed{row.ID, row.Name, string(row.Type), row.URL, row.Packages, owns, row.Paths, repository.HostKeys(row), row.Priority, string(row.DistMode), row.CooldownDays, append([]string{}, row.CooldownExceptions...), row.CredentialExpiresAt, string(row.Status), row.LastSyncedAt, row.LastError, row.Notice}
		}
		if *asJSON {
			return printJSON(t.Out, all)
		}
		table := t.table(0)
		fmt.Fprintln(table, "NAME\tID\tTYPE\tSTATUS\tLAST SYNCED\tURL")
		for _, one := range all {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", one.Name, one.ID, one.Type, one.Status, date(one.LastSyncedAt, "never"), orDash(one.URL))
		}
		return table.Flush()
	}
}

// find reads a repository by its name or id.
func (t *tools) find(ctx context.Context, word string) (*ent.Repository, error) {
	row, err := t.db.Client.Repository.Query().Where(entrepository.Or(entrepository.Name(word), entrepository.ID(word))).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, &fault.NotFound{What: "repository", ID: word}
	}
	if err != nil {
		return nil, fmt.Errorf("read the repository: %w", err)
	}
	return row, nil
}

// withRepository does something to the repository of a name or an id.
func (t *tools) withRepository(ctx context.Context, word string, do func(*repository.Service, *ent.Repository) error) error {
	row, err := t.find(ctx, word)
	if err != nil {
		return err
	}
	repositories, err := t.repositories()
	if err != nil {
		return err
	}
	err = do(repositories, row)
	return errors.Join(err, repositories.Syncs.Stop(context.WithoutCancel(ctx)))
}

func removeRepository(f *flags) work {
	return func(ctx context.Context, t *tools) error {
		return t.withRepository(ctx, f.words[0], func(repositories *repository.Service, row *ent.Repository) error {
			if err := repositories.Delete(ctx, row.ID); err != nil {
				return err
			}
			fmt.Fprintf(t.Err, "Repository %s and its packages are removed. Names that it owned stay closed; broker claim list shows them.\n", row.Name)
			return nil
		})
	}
}

func confirmRemovals(f *flags) work {
	return func(ctx context.Context, t *tools) error {
		return t.withRepository(ctx, f.words[0], func(repositories *repository.Service, row *ent.Repository) error {
			if _, err := repositories.ConfirmRemovals(ctx, row.ID); err != nil {
				return err
			}
			fmt.Fprintf(t.Err, "The next sync of %s removes what its source lost; it is queued, and a running server does it.\n", row.Name)
			return nil
		})
	}
}

func syncRepository(f *flags) work {
	wait := f.Bool("wait", false, "")
	return func(ctx context.Context, t *tools) error {
		return t.withRepository(ctx, f.words[0], func(repositories *repository.Service, row *ent.Repository) error {
			run, err := repositories.Sync(ctx, row.ID, repository.Manual)
			if err != nil {
				return err
			}
			if *wait {
				return t.waitFor(ctx, row.Name, run.ID)
			}
			fmt.Fprintf(t.Err, "The sync of %s is queued; a running server does it.\n", row.Name)
			return nil
		})
	}
}

// takenWithin is how long a queued sync is waited for until a running server takes it.
const takenWithin = 10 * time.Second

// waitFor waits until a run has ended. The running server does it: with its own configuration, not with the shell's.
func (t *tools) waitFor(ctx context.Context, name, id string) error {
	for begun := time.Now(); ; {
		run, err := t.db.Client.SyncRun.Get(ctx, id)
		switch {
		case err != nil:
			return fmt.Errorf("read the sync: %w", err)
		case run.Active == nil:
			return t.syncEnded(run)
		case run.Status == syncrun.StatusQUEUED && run.Attempt == 0 && time.Since(begun) > takenWithin:
			return fmt.Errorf("no running server has taken the sync of %s within %s; it stays queued: start broker serve", name, takenWithin)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("interrupted; the sync of %s goes on in the server: %w", name, ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (t *tools) syncEnded(run *ent.SyncRun) error {
	if run.Status != syncrun.StatusSUCCEEDED {
		return fmt.Errorf("the sync ended as %s: %s", strings.ToLower(string(run.Status)), orDash(run.Error))
	}
	fmt.Fprintf(t.Err, "Synced: %d packages, %d versions added, %d removed, %d left out.\n", run.PackagesDone, run.VersionsAdded, run.VersionsRemoved, len(run.Skipped))
	return nil
}
