package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broker/ent"
	"broker/ent/claim"
	"broker/server/fault"
)

// claims are the claims that match, with the repositories that own them, by pattern.
func (t *tools) claims(ctx context.Context) ([]*ent.Claim, error) {
	rows, err := t.db.Client.Claim.Query().WithRepository().Order(ent.Asc(claim.FieldPattern, claim.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the claims: %w", err)
	}
	return rows, nil
}

func listClaims(f *flags) work {
	asJSON := f.Bool("json", false, "")
	return func(ctx context.Context, t *tools) error {
		rows, err := t.claims(ctx)
		if err != nil {
			return err
		}
		type listed struct {
			ID         string     `json:"id"`
			Pattern    string     `json:"pattern"`
			Repository *string    `json:"repository"`
			ClosedAt   *time.Time `json:"closedAt"`
		}
		all := make([]listed, len(rows))
		for i, row := range rows {
			all[i] = listed{ID: row.ID, Pattern: row.Pattern, ClosedAt: row.ClosedAt}
			if owner := row.Edges.Repository; owner != nil {
				all[i].Repository = &owner.Name
			}
		}
		if *asJSON {
			return printJSON(t.Out, all)
		}
		table := t.table(0)
		fmt.Fprintln(table, "PATTERN\tID\tOWNER\tCLOSED")
		for _, one := range all {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", one.Pattern, one.ID, orDash(one.Repository), date(one.ClosedAt, "-"))
		}
		return table.Flush()
	}
}

func releaseClaim(f *flags) work {
	return func(ctx context.Context, t *tools) error {
		rows, err := t.claims(ctx)
		if err != nil {
			return err
		}
		var found *ent.Claim
		for _, row := range rows {
			if row.ID == f.words[0] || row.Pattern == f.words[0] && (found == nil || row.RepositoryID == nil) {
				found = row
			}
		}
		if found == nil {
			return &fault.NotFound{What: "claim", ID: f.words[0]}
		}
		repositories, err := t.repositories()
		if err != nil {
			return err
		}
		if err := errors.Join(repositories.ReleaseClaim(ctx, found.ID), repositories.Syncs.Stop(ctx)); err != nil {
			return err
		}
		fmt.Fprintf(t.Err, "%s is released: any repository may answer for it.\n", found.Pattern)
		return nil
	}
}
