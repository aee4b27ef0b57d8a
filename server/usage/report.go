package usage

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"broker/ent"
	"broker/server/fault"
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

// step is what a point of the series stands for: an hour up to a week, a day beyond.
func (r Range) step() time.Duration {
	if lengths[r] > lengths[Week] {
		return 24 * time.Hour
	}
	return time.Hour
}

// Filter narrows a report; an empty field does not.
type Filter struct{ TokenID, SecretID, RepositoryID, Package string }

// Point is one hour or day of a series, at its start.
type Point struct {
	At          time.Time `json:"at"`
	Requests    int64     `json:"requests"`
	Metadata    int64     `json:"metadata"`
	NotModified int64     `json:"notModified"`
	Downloads   int64     `json:"downloads"`
	Installs    int64     `json:"installs"`
	Bytes       int64     `json:"bytes"`
	Refused     int64     `json:"refused"`
	Refusals    Refusals  `json:"refusals"`
}

// Refusals are refused requests by their reason.
type Refusals struct {
	Limit      int64 `json:"limit"`
	Package    int64 `json:"package"`
	Permission int64 `json:"permission"`
	Network    int64 `json:"network"`
	Ended      int64 `json:"ended"` // expired, revoked, disabled or replaced
}

// Report is what was counted between two instants.
type Report struct {
	From        time.Time `json:"from"`
	To          time.Time `json:"to"`
	Requests    int64     `json:"requests"`
	Downloads   int64     `json:"downloads"`
	Installs    int64     `json:"installs"`
	Bytes       int64     `json:"bytes"`
	Refused     int64     `json:"refused"`
	Metadata    int64     `json:"metadata"`
	NotModified int64     `json:"notModified"`
	Refusals    Refusals  `json:"refusals"`
	Series      []*Point  `json:"series"`

	client *ent.Client
	reach  Range
	filter Filter
}

// Read makes the report of a range that ends now. What was counted in the last seconds may not be in it yet. An
// unknown range is a *fault.Invalid.
func Read(ctx context.Context, client *ent.Client, r Range, f Filter, now time.Time) (*Report, error) {
	if lengths[r] == 0 {
		return nil, fault.Invalidf("range", "range is HOUR, DAY, WEEK, MONTH, QUARTER or YEAR.")
	}
	now = now.UTC()
	// The current hour or day counts as one of the range's.
	report := &Report{From: now.Truncate(r.step()).Add(r.step() - lengths[r]), To: now, client: client, reach: r, filter: f}
	for at := report.From; !at.After(now); at = at.Add(r.step()) { // those without a request too
		report.Series = append(report.Series, &Point{At: at})
	}
	query, args := f.series(r.step(), report.From)
	if err := each(ctx, client, report.scan, query, args...); err != nil {
		return nil, fmt.Errorf("read usage: %w", err)
	}
	return report, nil
}

// scan adds a row, which begins with its time, to its point and to the sums.
func (r *Report) scan(rows *stdsql.Rows) error {
	var at instant
	var c counts
	into := []any{&at}
	for i := range c {
		into = append(into, &c[i])
	}
	if err := rows.Scan(into...); err != nil {
		return err
	}
	i := int(at.Sub(r.From) / r.reach.step())
	if i < 0 || i >= len(r.Series) { // another instance's clock is ahead
		return nil
	}
	r.Series[i].plus(&c)
	r.plus(&c)
	return nil
}

func (p *Point) plus(c *counts) {
	p.Requests += c[requests]
	p.Metadata += c[documents]
	p.NotModified += c[notModified]
	p.Downloads += c[downloads]
	p.Installs += c[installs]
	p.Bytes += c[bytesSent]
	p.Refused += c[refused]
	p.Refusals.plus(c)
}

func (r *Report) plus(c *counts) {
	r.Requests += c[requests]
	r.Metadata += c[documents]
	r.NotModified += c[notModified]
	r.Downloads += c[downloads]
	r.Installs += c[installs]
	r.Bytes += c[bytesSent]
	r.Refused += c[refused]
	r.Refusals.plus(c)
}

func (r *Refusals) plus(c *counts) {
	r.Limit += c[refusedLimit]
	r.Package += c[refusedPackage]
	r.Permission += c[refusedPermission]
	r.Network += c[refusedNetwork]
	r.Ended += c[refusedEnded]
}
