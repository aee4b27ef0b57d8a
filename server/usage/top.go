package usage

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"strings"
	"time"

	"broker/server/fault"
)

// PackageUsage is what was downloaded of one package.
type PackageUsage struct {
	Package          string
	Downloads, Bytes int64 // Bytes: its metadata included
}

// TokenUsage is what one token did.
type TokenUsage struct {
	TokenID                    string
	Requests, Downloads, Bytes int64
}

// topMax is how many packages or tokens a report compares.
const topMax = 100

// TopPackages are the packages most downloaded, at most 100.
//
// Over all tokens they are compared by whole days for a week and a month, and by whole months for a quarter and a
// year: the day or month in which the range begins counts from its own beginning.
func (r *Report) TopPackages(ctx context.Context, first int) ([]*PackageUsage, error) {
	top := []*PackageUsage{}
	err := r.top(ctx, ranking{kindPackage, "package", "downloads", r.Downloads}, first, func(name string, _, downloads, bytes int64) {
		top = append(top, &PackageUsage{name, downloads, bytes})
	})
	if err != nil {
		return nil, fmt.Errorf("read the packages most downloaded: %w", err)
	}
	return top, nil
}

// TopTokens are the tokens with the most requests, at most 100, compared as TopPackages compares.
func (r *Report) TopTokens(ctx context.Context, first int) ([]*TokenUsage, error) {
	top := []*TokenUsage{}
	err := r.top(ctx, ranking{kindToken, "token_id", "requests", r.Requests}, first, func(id string, requests, downloads, bytes int64) {
		top = append(top, &TokenUsage{id, requests, downloads, bytes})
	})
	if err != nil {
		return nil, fmt.Errorf("read the tokens most used: %w", err)
	}
	return top, nil
}

// ranking says what is compared, by what.
type ranking struct {
	kind   string // of totals
	column string // of details
	by     string
	all    int64 // of the whole report
}

func (r *Report) top(ctx context.Context, by ranking, first int, found func(subject string, requests, downloads, bytes int64)) error {
	if first < 1 || first > topMax {
		return fault.Invalidf("first", "first is 1 to %d.", topMax)
	}
	if kind, subject, ok := r.filter.total(); ok && kind == by.kind { // it alone
		if by.all > 0 {
			found(subject, r.Requests, r.Downloads, r.Bytes)
		}
		return nil
	}
	kind, err := dialectOf(ctx, r.client)
	if err != nil {
		return err
	}
	query, args := r.ranked(by, kind)
	query += fmt.Sprintf(" GROUP BY 1 HAVING SUM(%[1]s) > 0 ORDER BY SUM(%[1]s) DESC, 1 LIMIT %[2]d", by.by, first)
	scan := func(rows *stdsql.Rows) error {
		var subject string
		var requests, downloads, bytes int64
		if err := rows.Scan(&subject, &requests, &downloads, &bytes); err != nil {
			return err
		}
		found(subject, requests, downloads, bytes)
		return nil
	}
	return each(ctx, r.client, scan, query, args...)
}

// ranked reads what is compared: totals over all tokens and packages, else details. What is grouped by is written so
// that no index has it in order: SQLite, once it has statistics, would read everything for that.
func (r *Report) ranked(by ranking, dialect string) (query string, args []any) {
	what := sums("requests", "downloads", "bytes")
	if r.filter == (Filter{}) || by.kind == kindPackage && r.filter == (Filter{RepositoryID: r.filter.RepositoryID}) {
		from, args := r.totals(by)
		return "SELECT " + byBytes(dialect, "(subject || '')") + ", " + what + " FROM (" + from + ") AS t", args
	}
	table, _, c := r.filter.details(r.reach.step(), r.From)
	return fmt.Sprintf("SELECT %s, %s FROM %s WHERE %s AND %s <> ''", byBytes(dialect, "("+by.column+" || '')"), what, table, c, by.column), c.args
}

// totals selects the sums that are compared.
func (r *Report) totals(by ranking) (query string, args []any) {
	c := &conditions{args: []any{by.kind}}
	var parts []string
	for _, s := range r.stretches() {
		c.all = []string{"kind = $1"}
		c.add("span = $%d", s.span)
		c.add("at >= $%d", s.from)
		if s.before != 0 {
			c.add("at < $%d", s.before)
		}
		if r.filter.RepositoryID != "" { // every package has one repository
			c.add("subject IN (SELECT name FROM packages WHERE repository_id = $%d)", r.filter.RepositoryID)
		}
		parts = append(parts, "SELECT subject, requests, downloads, bytes FROM usage_totals WHERE "+c.String())
	}
	return strings.Join(parts, " UNION ALL "), c.args
}

// stretch is a time that sums of one span make up, in Unix seconds.
type stretch struct {
	span   string
	from   int64
	before int64 // 0: until now
}

// stretches are what a ranking's range is made up of: of as few sums as give it exactly, in days or months.
func (r *Report) stretches() []stretch {
	first := r.From.Truncate(24 * time.Hour).Unix()
	switch r.reach {
	case Week:
		return []stretch{{spanDay, first, 0}}
	case Month: // days until the first whole week
		weeks := monday(first + 6*86400)
		return []stretch{{spanDay, first, weeks}, {spanWeek, weeks, 0}}
	case Quarter, Year:
		return []stretch{{spanMonth, time.Date(r.From.Year(), r.From.Month(), 1, 0, 0, 0, 0, time.UTC).Unix(), 0}}
	}
	return []stretch{{spanHour, r.From.Unix(), 0}}
}
