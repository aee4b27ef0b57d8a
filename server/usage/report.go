package usage

import (
	"context"
	"fmt"
	"slices"
	"time"

	"entgo.io/ent/dialect/sql"

	"broker/ent"
	"broker/ent/pkg"
	"broker/ent/predicate"
	"broker/ent/usagehour"
)

// Range is how far back a report reaches.
type Range string

// The ranges, as the API names them.
const (
	Hour    Range = "HOUR"
	Day     Range = "DAY"
	Week    Range = "WEEK"
	Month   Range = "MONTH"
	Quarter Range = "QUARTER"
	Year    Range = "YEAR"
)

var lengths = map[Range]time.Duration{
	Hour: time.Hour, Day: 24 * time.Hour, Week: 7 * 24 * time.Hour,
	Month: 30 * 24 * time.Hour, Quarter: 91 * 24 * time.Hour, Year: 365 * 24 * time.Hour,
}

// Filter narrows a report; an empty field does not.
type Filter struct{ TokenID, RepositoryID, Package string }

// Point is one hour or day of a series, at its start.
type Point struct {
	At                                                                   time.Time
	Requests, Metadata, NotModified, Downloads, Installs, Bytes, Refused int64
}

// Refusals are refused requests by their reason.
type Refusals struct {
	Limit, Package, Permission, Network int64
	Ended                               int64 // expired, revoked, disabled or replaced
}

// PackageUsage is what was downloaded of one package.
type PackageUsage struct {
	Package          string
	Downloads, Bytes int64
}

// TokenUsage is what one token did.
type TokenUsage struct {
	TokenID                    string
	Requests, Downloads, Bytes int64
}

// Report is what was counted between two instants.
type Report struct {
	From, To                                      time.Time
	Requests, Downloads, Installs, Bytes, Refused int64
	Metadata, NotModified                         int64
	Refusals                                      Refusals
	Series                                        []*Point

	client *ent.Client
	where  []predicate.UsageHour
}

// Read makes the report of a range that ends now. What was counted in the last seconds may not be in it yet.
func Read(ctx context.Context, client *ent.Client, r Range, f Filter, now time.Time) (*Report, error) {
	now = now.UTC()
	step := time.Hour
	if lengths[r] > lengths[Week] {
		step = 24 * time.Hour
	}
	// The current hour or day counts as one of the range's.
	from := now.Truncate(step).Add(step - lengths[r])
	report := &Report{From: from, To: now, client: client, where: conditions(from, f)}
	var rows []row
	err := client.UsageHour.Query().Where(report.where...).
		GroupBy(usagehour.FieldHour).
		Aggregate(sum(usagehour.FieldRequests), sum(usagehour.FieldDownloads), sum(usagehour.FieldInstalls),
			sum(usagehour.FieldBytes), sum(usagehour.FieldRefused)).
		Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read usage: %w", err)
	}
	report.fill(rows, step)
	return report, nil
}

type row struct {
	Hour      time.Time `json:"hour"`
	TokenID   string    `json:"token_id"`
	Package   string    `json:"package"`
	Requests  int64     `json:"requests"`
	Downloads int64     `json:"downloads"`
	Installs  int64     `json:"installs"`
	Bytes     int64     `json:"bytes"`
	Refused   int64     `json:"refused"`
}

// sum is a column's sum under the column's own name, as a whole number.
func sum(column string) ent.AggregateFunc {
	return ent.As(func(s *sql.Selector) string {
		return "CAST(" + sql.Sum(s.C(column)) + " AS BIGINT)"
	}, column)
}

func conditions(from time.Time, f Filter) []predicate.UsageHour {
	where := []predicate.UsageHour{usagehour.HourGTE(from)}
	if f.TokenID != "" {
		where = append(where, usagehour.TokenID(f.TokenID))
	}
	if f.Package != "" {
		where = append(where, usagehour.Package(f.Package))
	}
	if f.RepositoryID != "" {
		where = append(where, func(s *sql.Selector) {
			t := sql.Table(pkg.Table)
			s.Where(sql.In(s.C(usagehour.FieldPackage), sql.Select(t.C(pkg.FieldName)).From(t).Where(sql.EQ(t.C(pkg.FieldRepositoryID), f.RepositoryID))))
		})
	}
	return where
}

// fill makes a point for every step, those without a request included, and adds up.
func (r *Report) fill(rows []row, step time.Duration) {
	for at := r.From; !at.After(r.To); at = at.Add(step) {
		r.Series = append(r.Series, &Point{At: at})
	}
	for _, one := range rows {
		i := int(one.Hour.UTC().Sub(r.From) / step)
		if i < 0 || i >= len(r.Series) {
			continue
		}
		p := r.Series[i]
		p.Requests += one.Requests
		p.Downloads += one.Downloads
		p.Bytes += one.Bytes
		p.Refused += one.Refused
		r.Requests += one.Requests
		r.Downloads += one.Downloads
		r.Installs += one.Installs
		r.Bytes += one.Bytes
		r.Refused += one.Refused
	}
}

// TopPackages are the packages most downloaded.
func (r *Report) TopPackages(ctx context.Context, first int) ([]*PackageUsage, error) {
	var rows []row
	err := r.client.UsageHour.Query().Where(append(slices.Clone(r.where), usagehour.PackageNEQ(""), usagehour.DownloadsGT(0))...).
		GroupBy(usagehour.FieldPackage).
		Aggregate(sum(usagehour.FieldDownloads), sum(usagehour.FieldBytes)).
		Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read the packages most downloaded: %w", err)
	}
	slices.SortFunc(rows, func(a, b row) int { return int(b.Downloads - a.Downloads) })
	top := []*PackageUsage{}
	for _, one := range rows[:min(first, len(rows))] {
		top = append(top, &PackageUsage{one.Package, one.Downloads, one.Bytes})
	}
	return top, nil
}

// TopTokens are the tokens with the most requests.
func (r *Report) TopTokens(ctx context.Context, first int) ([]*TokenUsage, error) {
	var rows []row
	err := r.client.UsageHour.Query().Where(r.where...).
		GroupBy(usagehour.FieldTokenID).
		Aggregate(sum(usagehour.FieldRequests), sum(usagehour.FieldDownloads), sum(usagehour.FieldBytes)).
		Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read the tokens most used: %w", err)
	}
	slices.SortFunc(rows, func(a, b row) int { return int(b.Requests - a.Requests) })
	top := []*TokenUsage{}
	for _, one := range rows[:min(first, len(rows))] {
		top = append(top, &TokenUsage{one.TokenID, one.Requests, one.Downloads, one.Bytes})
	}
	return top, nil
}
