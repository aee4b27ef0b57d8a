package command

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"broker/server/usage"
)

// usageCommand tells what was requested, as the API's usage does.
func usageCommand(f *flags) work {
	reach := f.String("range", "month", "")
	var filter usage.Filter
	f.StringVar(&filter.TokenID, "token", "", "")
	f.StringVar(&filter.RepositoryID, "repository", "", "")
	f.StringVar(&filter.Package, "package", "", "")
	asJSON := f.Bool("json", false, "")
	return func(ctx context.Context, t *tools) error {
		report, err := usage.Read(ctx, t.db.Client, usage.Range(strings.ToUpper(*reach)), filter, t.now)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(t.Out, report)
		}
		table := t.table(tabwriter.AlignRight)
		fmt.Fprintln(table, "FROM\tREQUESTS\tMETADATA\tNOT MODIFIED\tDOWNLOADS\tBYTES\tREFUSED\t")
		for _, p := range report.Series {
			if p.Requests > 0 || p.Installs > 0 {
				fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t\n", p.At.UTC().Format("2006-01-02 15:04"), p.Requests, p.Metadata, p.NotModified, p.Downloads, p.Bytes, p.Refused)
			}
		}
		fmt.Fprintf(table, "total\t%d\t%d\t%d\t%d\t%d\t%d\t\n", report.Requests, report.Metadata, report.NotModified, report.Downloads, report.Bytes, report.Refused)
		return table.Flush()
	}
}

// downloadsCommand tells who downloaded a version, or what a token downloaded.
func downloadsCommand(f *flags) work {
	var filter usage.DownloadFilter
	f.StringVar(&filter.Package, "package", "", "")
	f.StringVar(&filter.Version, "version", "", "")
	f.StringVar(&filter.TokenID, "token", "", "")
	f.StringVar(&filter.Address, "address", "", "")
	from, to := f.String("from", "", ""), f.String("to", "", "")
	asJSON := f.Bool("json", false, "")
	return func(ctx context.Context, t *tools) error {
		for name, day := range map[string]struct {
			text  string
			field *time.Time
		}{"from": {*from, &filter.From}, "to": {*to, &filter.To}} {
			at, err := parseDay(name, day.text)
			if err != nil {
				return err
			}
			if at != nil {
				*day.field = *at
			}
		}
		list := &array{w: t.Out}
		table := t.table(0)
		if !*asJSON {
			fmt.Fprintln(table, "LAST\tTOKEN\tSECRET\tPACKAGE\tVERSION\tADDRESS\tDOWNLOADS")
		}
		err := usage.EachDownload(ctx, t.db.Client, filter, func(d *usage.Download) error {
			if *asJSON {
				return list.add(d)
			}
			_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%d\n", date(&d.LastAt, ""), d.TokenID, d.SecretHint, d.Package, d.Version, d.Address, d.Downloads)
			return err
		})
		switch {
		case err != nil:
			return err
		case *asJSON:
			return list.end()
		}
		return table.Flush()
	}
}
