package export

import (
	"net/http"

	"broker/server/usage"
)

// Downloads answers who downloaded a package or a version, and what a token downloaded: a row for each secret, version
// and address, the last download first. ?package=, ?version=, ?token=, ?address=, ?from= and ?to=, of which a package, a
// token or an address must be given.
func (h *Handler) Downloads() http.HandlerFunc {
	columns := []string{"token_id", "token", "secret", "package", "version", "address", "client", "downloads", "installs", "bytes", "first_at", "last_at"}
	return h.route("downloads.csv", columns, []string{"package", "version", "token", "address", "from", "to"}, func(q *request) error {
		filter, err := q.downloads()
		if err != nil {
			return err
		}
		return usage.EachDownload(q.ctx, h.reports, filter, func(d *usage.Download) error {
			return q.file.row(d.TokenID, d.TokenDescription, d.SecretHint, d.Package, d.Version, d.Address, d.Client,
				d.Downloads, d.Installs, d.Bytes, d.FirstAt, d.LastAt)
		})
	})
}

// downloads authorises, and reads the filter.
func (q *request) downloads() (f usage.DownloadFilter, err error) {
	f = usage.DownloadFilter{Package: q.query.Get("package"), Version: q.query.Get("version"), Address: q.query.Get("address")}
	if f.TokenID, err = q.mayReadUsage(q.query.Get("token"), f.Package); err != nil {
		return f, err
	}
	if f.From, err = q.day("from"); err != nil {
		return f, err
	}
	f.To, err = q.day("to")
	return f, err
}

// Usage answers what was counted in a ?range=: a row an hour up to a week, a row a day beyond. ?token=, ?repository=
// and ?package= narrow it.
func (h *Handler) Usage() http.HandlerFunc {
	columns := []string{"at", "requests", "metadata", "not_modified", "downloads", "installs", "bytes", "refused",
		"refused_limit", "refused_package", "refused_permission", "refused_network", "refused_ended"}
	return h.route("usage.csv", columns, []string{"range", "token", "repository", "package"}, func(q *request) error {
		report, err := q.usage()
		if err != nil {
			return err
		}
		for _, p := range report.Series {
			if err := q.file.row(p.At, p.Requests, p.Metadata, p.NotModified, p.Downloads, p.Installs, p.Bytes, p.Refused,
				p.Refusals.Limit, p.Refusals.Package, p.Refusals.Permission, p.Refusals.Network, p.Refusals.Ended); err != nil {
				return err
			}
		}
		return nil
	})
}

// usage authorises, and reads the report.
func (q *request) usage() (*usage.Report, error) {
	f := usage.Filter{RepositoryID: q.query.Get("repository"), Package: q.query.Get("package")}
	var err error
	if f.TokenID, err = q.mayReadUsage(q.query.Get("token"), f.Package); err != nil {
		return nil, err
	}
	return usage.Read(q.ctx, q.h.reports, usage.Range(q.query.Get("range")), f, q.h.now())
}
