package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"broker/ent"
	entrepository "broker/ent/repository"
	"broker/ent/syncrun"
	"broker/server/cached"
	"broker/server/catalog"
	"broker/server/fault"
	"broker/server/jobs"
	"broker/server/mirror"
	"broker/server/repository"
	"broker/server/safehttp"
)

func repositoryCommand(ctx context.Context, t *tools, args []string) error {
	do, rest, err := subcommand("repository", args, map[string]func(context.Context, *tools, []string) error{
		"add": addRepository, "list": listRepositories, "sync": syncRepository, "remove": removeRepository,
	})
	if err != nil {
		return err
	}
	return do(ctx, t, rest)
}

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
	return repository.New(repository.Config{
		DB: t.db, Audit: t.events, Syncs: queue, Client: safehttp.New(t.config.Upstreams, t.config.Agent),
		Policy: t.config.Upstreams, Sealer: sealer,
	}), nil
}

func addRepository(ctx context.Context, t *tools, args []string) error {
	f := newFlags("repository add")
	name, kind, url := f.String("name", "", ""), f.String("type", "composer", ""), f.String("url", "", "")
	username, passwordFile := f.String("username", "", ""), f.String("password-file", "", "")
	var packages many
	f.Var(&packages, "package", "")
	if err := f.parse(args, 0, 0); err != nil {
		return err
	}
	in := repository.Input{Name: name, Type: entrepository.Type(strings.ToUpper(*kind)), URL: url, Packages: append([]string{}, packages...), Owns: []string{}}
	if f.given("username") != f.given("password-file") {
		return &usageError{"repository add: give --username and --password-file together"}
	}
	if f.given("username") {
		password, err := os.ReadFile(*passwordFile)
		if err != nil {
			return fmt.Errorf("read the password: %w", err)
		}
		in.Credential = &repository.Credential{Type: entrepository.CredentialTypeHTTP_BASIC, Username: *username, Secret: strings.TrimRight(string(password), "\r\n")}
	}
	repositories, err := t.repositories()
	if err != nil {
		return err
	}
	row, err := repositories.Create(ctx, in)
	if err != nil {
		return errors.Join(err, repositories.Syncs.Stop(ctx))
	}
	fmt.Fprintf(t.Err, "Repository %s (%s) is added; a running server syncs it.\n", row.Name, row.ID)
	return repositories.Syncs.Stop(ctx)
}

func listRepositories(ctx context.Context, t *tools, args []string) error {
	f := newFlags("repository list")
	asJSON := f.Bool("json", false, "")
	if err := f.parse(args, 0, 0); err != nil {
		return err
	}
	rows, err := t.db.Client.Repository.Query().Order(ent.Asc(entrepository.FieldName)).All(ctx)
	if err != nil {
		return fmt.Errorf("read the repositories: %w", err)
	}
	type listed struct {
		ID           string     `json:"id"`
		Name         string     `json:"name"`
		Type         string     `json:"type"`
		URL          *string    `json:"url"`
		Packages     []string   `json:"packages"`
		Status       string     `json:"status"`
		LastSyncedAt *time.Time `json:"lastSyncedAt"`
		LastError    *string    `json:"lastError"`
	}
	all := make([]listed, len(rows))
	for i, row := range rows {
		all[i] = listed{row.ID, row.Name, string(row.Type), row.URL, row.Packages, string(row.Status), row.LastSyncedAt, row.LastError}
	}
	if *asJSON {
		return json.NewEncoder(t.Out).Encode(all)
	}
	table := tabwriter.NewWriter(t.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tID\tTYPE\tSTATUS\tLAST SYNCED\tURL")
	for _, one := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", one.Name, one.ID, one.Type, one.Status, date(one.LastSyncedAt, "never"), orDash(one.URL))
	}
	return table.Flush()
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

func removeRepository(ctx context.Context, t *tools, args []string) error {
	f := newFlags("repository remove")
	if err := f.parse(args, 1, 1); err != nil {
		return err
	}
	row, err := t.find(ctx, f.words[0])
	if err != nil {
		return err
	}
	repositories, err := t.repositories()
	if err != nil {
		return err
	}
	if err := errors.Join(repositories.Delete(ctx, row.ID), repositories.Syncs.Stop(ctx)); err != nil {
		return err
	}
	fmt.Fprintf(t.Err, "Repository %s and its packages are removed.\n", row.Name)
	return nil
}

func syncRepository(ctx context.Context, t *tools, args []string) error {
	f := newFlags("repository sync")
	wait := f.Bool("wait", false, "")
	if err := f.parse(args, 1, 1); err != nil {
		return err
	}
	row, err := t.find(ctx, f.words[0])
	if err != nil {
		return err
	}
	repositories, err := t.repositories()
	if err != nil {
		return err
	}
	run, err := repositories.Sync(ctx, row.ID, repository.Manual)
	if err == nil && *wait {
		err = t.waitFor(ctx, repositories, run.ID)
	} else if err == nil {
		fmt.Fprintf(t.Err, "The sync of %s is queued; a running server does it.\n", row.Name)
	}
	return errors.Join(err, repositories.Syncs.Stop(context.WithoutCancel(ctx)))
}

// documentMemory is how many bytes of documents a sync keeps in memory.
const documentMemory = 256 << 20

// waitFor works on the queue until a run has ended: no server need be running.
func (t *tools) waitFor(ctx context.Context, repositories *repository.Service, id string) error {
	syncer := mirror.NewSyncer(catalog.New(t.db, cached.NewMemory(t.db.Changes), t.config.PublicURL, documentMemory), repositories)
	if err := repositories.Syncs.Start(ctx, syncer.Sync); err != nil {
		return err
	}
	for {
		run, err := t.db.Client.SyncRun.Get(ctx, id)
		if err != nil {
			return fmt.Errorf("read the sync: %w", err)
		}
		if run.Active == nil {
			return t.syncEnded(run)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
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
