package command

import (
	"context"
	"fmt"
	"time"

	"broker/ent"
	"broker/ent/advisory"
	"broker/server/catalog"
	"broker/server/pattern"
	"broker/server/view"
)

func addAdvisory(f *flags) work {
	versions, title := f.String("versions", "", ""), f.String("title", "", "")
	cve, link, severity := f.String("cve", "", ""), f.String("link", "", ""), f.String("severity", "", "")
	return func(ctx context.Context, t *tools) error {
		row, err := t.catalog().WriteAdvisory(ctx, catalog.NewAdvisory{Package: f.words[0], Affected: *versions, Title: *title, CVE: *cve, Link: *link, Severity: *severity})
		if err != nil {
			return err
		}
		fmt.Fprintf(t.Err, "composer audit tells of %s %s as %s (%s).\n", row.Package, row.AffectedVersions, row.AdvisoryID, row.ID)
		return nil
	}
}

func listAdvisories(f *flags) work {
	asJSON := f.Bool("json", false, "")
	return func(ctx context.Context, t *tools) error {
		rows, err := view.WrittenWithin(pattern.Set{}, t.db.Client).Order(ent.Asc(advisory.FieldPackage, advisory.FieldID)).All(ctx)
		if err != nil {
			return fmt.Errorf("read the advisories: %w", err)
		}
		type listed struct {
			ID               string    `json:"id"`
			AdvisoryID       string    `json:"advisoryId"`
			Package          string    `json:"package"`
			AffectedVersions string    `json:"affectedVersions"`
			Title            string    `json:"title"`
			CVE              *string   `json:"cve"`
			Link             *string   `json:"link"`
			Severity         *string   `json:"severity"`
			CreatedBy        *string   `json:"createdBy"`
			ReportedAt       time.Time `json:"reportedAt"`
		}
		all := make([]listed, len(rows))
		for i, row := range rows {
			all[i] = listed{row.ID, row.AdvisoryID, row.Package, row.AffectedVersions, row.Title, row.Cve, row.Link, row.Severity, row.CreatedBy, row.ReportedAt}
		}
		if *asJSON {
			return printJSON(t.Out, all)
		}
		table := t.table(0)
		fmt.Fprintln(table, "PACKAGE\tVERSIONS\tID\tSEVERITY\tCVE\tTITLE")
		for _, one := range all {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", one.Package, one.AffectedVersions, one.ID, orDash(one.Severity), orDash(one.CVE), one.Title)
		}
		return table.Flush()
	}
}
