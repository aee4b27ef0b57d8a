package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broker/ent"
	"broker/ent/block"
	"broker/server/cached"
	"broker/server/catalog"
	"broker/server/jobs"
	"broker/server/mirror"
	"broker/server/repository"
	"broker/server/view"
)

// catalog opens the catalog. What a running server is to do after a decision is queued to it.
func (t *tools) catalog() *catalog.Catalog {
	packages := catalog.New(t.db, t.events, t.config.PublicURL)
	packages.Accepted = func(ctx context.Context, id string) {
		queue, err := jobs.New(t.db, jobs.DefaultPace, t.config.Log)
		if err == nil {
			err = errors.Join(queue.Ask(ctx, mirror.AcceptedTask, id), queue.Stop(ctx))
		}
		if err != nil {
			fmt.Fprintf(t.Err, "Its archive is fetched when somebody asks for it: %s\n", err)
		}
	}
	return packages
}

func (t *tools) view() *view.View {
	memory := cached.NewMemory(t.db.Changes)
	return view.New(t.db, memory, repository.NewOwners(t.db, memory), nil, t.config.PublicURL, 1<<20)
}

// listedVersion is a version of which something is decided, as lists show it.
type listedVersion struct {
	ID               string     `json:"id"`
	Package          string     `json:"package"`
	Version          string     `json:"version"`
	Reference        *string    `json:"reference"`
	HeldUntil        *time.Time `json:"heldUntil"`
	ChangedReference *string    `json:"changedReference"`
	ChangedSHA256    *string    `json:"changedSha256"`
	ChangedSeenAt    *time.Time `json:"changedSeenAt"`
}

// versions prints the versions of a list.
func (t *tools) versions(ctx context.Context, query *ent.PackageVersionQuery, asJSON bool, heading string, last func(listedVersion) string) error {
	rows, err := query.WithPackage().WithPin().Order(ent.Asc("id")).All(ctx)
	if err != nil {
		return fmt.Errorf("read the versions: %w", err)
	}
	views := t.view()
	all := make([]listedVersion, len(rows))
	for i, row := range rows {
		offer, err := views.Offer(ctx, row)
		if err != nil {
			return err
		}
		all[i] = listedVersion{ID: row.ID, Package: row.Edges.Package.Name, Version: row.Version, Reference: row.Reference, HeldUntil: offer.HeldUntil}
		if p := row.Edges.Pin; p != nil && p.ChangedAt != nil {
			all[i].ChangedSeenAt = p.ChangedAt
			if p.ChangedReference != "" {
				all[i].ChangedReference = &p.ChangedReference
			}
			if p.ChangedSha256 != "" {
				all[i].ChangedSHA256 = &p.ChangedSha256
			}
		}
	}
	if asJSON {
		return printJSON(t.Out, all)
	}
	table := t.table(0)
	fmt.Fprintln(table, "PACKAGE\tVERSION\tID\t"+heading)
	for _, one := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", one.Package, one.Version, one.ID, last(one))
	}
	return table.Flush()
}

func listChanges(f *flags) work {
	asJSON := f.Bool("json", false, "")
	return func(ctx context.Context, t *tools) error {
		return t.versions(ctx, t.view().Changed(t.db.Client), *asJSON, "SERVED\tOFFERED\tSEEN", func(v listedVersion) string {
			offered := orDash(v.ChangedReference)
			if v.ChangedSHA256 != nil {
				offered = "bytes " + *v.ChangedSHA256
			}
			return orDash(v.Reference) + "\t" + offered + "\t" + date(v.ChangedSeenAt, "-")
		})
	}
}

func listHeld(f *flags) work {
	asJSON := f.Bool("json", false, "")
	return func(ctx context.Context, t *tools) error {
		query, err := t.view().Held(ctx, t.db.Client)
		if err != nil {
			return err
		}
		return t.versions(ctx, query, *asJSON, "HELD UNTIL", func(v listedVersion) string { return date(v.HeldUntil, "-") })
	}
}

// decided is a command that decides of a version by its id.
func decided(do func(*catalog.Catalog, context.Context, string) error, said string) func(*flags) work {
	return func(f *flags) work {
		return func(ctx context.Context, t *tools) error {
			if err := do(t.catalog(), ctx, f.words[0]); err != nil {
				return err
			}
			fmt.Fprintf(t.Err, "%s %s\n", f.words[0], said)
			return nil
		}
	}
}

func addBlock(f *flags) work {
	versions, reason, link := f.String("versions", "*", ""), f.String("reason", "", ""), f.String("link", "", "")
	return func(ctx context.Context, t *tools) error {
		row, err := t.catalog().BlockVersions(ctx, catalog.NewBlock{Package: f.words[0], Versions: *versions, Reason: *reason, Link: *link})
		if err != nil {
			return err
		}
		fmt.Fprintf(t.Err, "%s %s is blocked (%s).\n", row.Package, row.Versions, row.ID)
		return nil
	}
}

func listBlocks(f *flags) work {
	asJSON := f.Bool("json", false, "")
	return func(ctx context.Context, t *tools) error {
		rows, err := t.db.Client.Block.Query().Order(ent.Asc(block.FieldPackage, block.FieldID)).All(ctx)
		if err != nil {
			return fmt.Errorf("read the blocks: %w", err)
		}
		type listed struct {
			ID        string    `json:"id"`
			Package   string    `json:"package"`
			Versions  string    `json:"versions"`
			Reason    string    `json:"reason"`
			Link      *string   `json:"link"`
			CreatedBy string    `json:"createdBy"`
			CreatedAt time.Time `json:"createdAt"`
		}
		all := make([]listed, len(rows))
		for i, row := range rows {
			all[i] = listed{row.ID, row.Package, row.Versions, row.Reason, row.Link, row.CreatedBy, row.CreatedAt}
		}
		if *asJSON {
			return printJSON(t.Out, all)
		}
		table := t.table(0)
		fmt.Fprintln(table, "PACKAGE\tVERSIONS\tID\tBY\tREASON")
		for _, one := range all {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", one.Package, one.Versions, one.ID, one.CreatedBy, one.Reason)
		}
		return table.Flush()
	}
}
