package usage_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/usage"
)

// past is random events of a year, and what they are about.
type past struct {
	*testing.T
	db           *database.DB
	random       *rand.Rand
	now          time.Time
	repositories []string
	events       []usage.Event
}

// newPast counts random events: more of them in the last days, as the ranges want them.
func newPast(t *testing.T, db *database.DB, count int) *past {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	p := &past{T: t, db: db, random: rand.New(rand.NewPCG(seed, 0)), now: time.Now().UTC()}
	p.repositories = []string{packages(t, db, "a", "acme/p0", "acme/p1", "acme/p2"), packages(t, db, "b", "acme/p3", "acme/p4")}
	for i := range 4 {
		token := db.Client.Token.Create().SetID(fmt.Sprintf("tok_%d", i)).SetDescription("CI").SetCreatedBy("t").SaveX(t.Context())
		for j := range 2 {
			db.Client.TokenSecret.Create().SetID(fmt.Sprintf("sec_%d_%d", i, j)).SetTokenID(token.ID).SetHash([]byte{byte(i), byte(j)}).SetHint("hint").SaveX(t.Context())
		}
	}
	r := usage.NewRecorder(db, silent)
	for range count {
		e := p.event()
		p.events = append(p.events, e)
		r.Record(e)
		if p.random.IntN(count/5) == 0 {
			flush(t, r)
		}
	}
	flush(t, r)
	return p
}

func (p *past) event() usage.Event {
	token, number := p.random.IntN(4), p.random.IntN(5)
	ago := time.Duration(p.random.Int64N(int64([]time.Duration{2 * time.Hour, 48 * time.Hour, 40 * 24 * time.Hour, 364 * 24 * time.Hour}[p.random.IntN(4)])))
	e := usage.Event{
		TokenID: fmt.Sprintf("tok_%d", token), SecretID: fmt.Sprintf("sec_%d_%d", token, p.random.IntN(2)),
		Kind: usage.Kind(p.random.IntN(6)), Reason: usage.Reason(p.random.IntN(5)), Bytes: p.random.Int64N(1000),
		At: p.now.Add(-ago).Truncate(time.Millisecond), Address: netip.AddrFrom4([4]byte{192, 0, 2, byte(p.random.IntN(3))}),
	}
	e.Client = fmt.Sprintf("Composer/%d", e.At.UnixMilli()) // each of its own
	if e.Kind != usage.Other || p.random.IntN(2) == 0 {
		e.Package = fmt.Sprintf("acme/p%d", number)
	}
	if e.Kind == usage.Downloaded || e.Kind == usage.Installed {
		e.Version = fmt.Sprintf("%d.0.0.0", p.random.IntN(3))
	}
	return e
}

// source is the repository of an event's package.
func (p *past) source(e usage.Event) string {
	switch {
	case e.Package == "":
		return ""
	case e.Package < "acme/p3":
		return p.repositories[0]
	default:
		return p.repositories[1]
	}
}

// within are the events that a filter lets through, from an instant on.
func (p *past) within(f usage.Filter, from time.Time) []usage.Event {
	var all []usage.Event
	for _, e := range p.events {
		if !e.At.Before(from) && (f.TokenID == "" || f.TokenID == e.TokenID) && (f.SecretID == "" || f.SecretID == e.SecretID) &&
			(f.Package == "" || f.Package == e.Package) && (f.RepositoryID == "" || f.RepositoryID == p.source(e)) {
			all = append(all, e)
		}
	}
	return all
}

func (p *past) filter() usage.Filter {
	one := func(value string) string { return []string{"", value}[p.random.IntN(2)] }
	token := p.random.IntN(4)
	return usage.Filter{TokenID: one(fmt.Sprintf("tok_%d", token)), SecretID: one(fmt.Sprintf("sec_%d_%d", token, p.random.IntN(2))),
		RepositoryID: one(p.repositories[p.random.IntN(2)]), Package: one(fmt.Sprintf("acme/p%d", p.random.IntN(5)))}
}

// point is what events add up to.
func point(at time.Time, events []usage.Event) usage.Point {
	p := usage.Point{At: at}
	for _, e := range events {
		p.Bytes += e.Bytes
		if e.Kind == usage.Installed {
			p.Installs++
			continue
		}
		p.Requests++
		switch e.Kind {
		case usage.Metadata:
			p.Metadata++
		case usage.NotModified:
			p.NotModified++
		case usage.Downloaded:
			p.Downloads++
		case usage.Refused:
			p.Refused++
			*[]*int64{&p.Refusals.Permission, &p.Refusals.Limit, &p.Refusals.Package, &p.Refusals.Network, &p.Refusals.Ended}[e.Reason]++
		}
	}
	return p
}

// Reports agree with a naive count, for every range and combination of filters: their sums, their points, their tops.
func TestReportsAgreeWithANaiveCount(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		p := newPast(t, db, 1000)
		for _, reach := range []usage.Range{usage.Hour, usage.Day, usage.Week, usage.Month, usage.Quarter, usage.Year} {
			p.compare(reach, usage.Filter{})
			p.compare(reach, usage.Filter{RepositoryID: p.repositories[0]})
			for range 10 {
				p.compare(reach, p.filter())
			}
		}
	})
}

func (p *past) compare(reach usage.Range, f usage.Filter) {
	p.Helper()
	report := read(p.T, p.db, reach, f, p.now)
	step := time.Hour
	if len(report.Series) > 1 {
		step = report.Series[1].At.Sub(report.Series[0].At)
	}
	events := p.within(f, report.From)
	for _, got := range report.Series {
		var within []usage.Event
		for _, e := range events {
			if e.At.Truncate(step).Equal(got.At) {
				within = append(within, e)
			}
		}
		if want := point(got.At, within); *got != want {
			p.Errorf("%s %+v at %s: %+v, want %+v", reach, f, got.At, *got, want)
		}
	}
	got := usage.Point{At: report.From, Requests: report.Requests, Metadata: report.Metadata, NotModified: report.NotModified,
		Downloads: report.Downloads, Installs: report.Installs, Bytes: report.Bytes, Refused: report.Refused, Refusals: report.Refusals}
	if want := point(report.From, events); got != want {
		p.Errorf("%s %+v: %+v, want %+v", reach, f, got, want)
	}
	p.compareTops(reach, f, report)
}

func (p *past) compareTops(reach usage.Range, f usage.Filter, report *usage.Report) {
	p.Helper()
	first := 1 + p.random.IntN(6)
	packages, err := report.TopPackages(p.Context(), first)
	if err != nil {
		p.Fatal(err)
	}
	tokens, err := report.TopTokens(p.Context(), first)
	if err != nil {
		p.Fatal(err)
	}
	var gotPackages, gotTokens []usage.TokenUsage
	for _, one := range packages {
		gotPackages = append(gotPackages, usage.TokenUsage{TokenID: one.Package, Downloads: one.Downloads, Bytes: one.Bytes})
	}
	for _, one := range tokens {
		gotTokens = append(gotTokens, *one)
	}
	byPackage := p.ranked(p.within(f, topStart(reach, report.From, f.TokenID+f.SecretID+f.Package == "")), first,
		func(e usage.Event) string { return e.Package }, func(u usage.TokenUsage) int64 { return u.Downloads })
	for i := range byPackage {
		byPackage[i].Requests = 0
	}
	byToken := p.ranked(p.within(f, topStart(reach, report.From, f == usage.Filter{})), first,
		func(e usage.Event) string { return e.TokenID }, func(u usage.TokenUsage) int64 { return u.Requests })
	if !slices.Equal(gotPackages, byPackage) {
		p.Errorf("%s %+v: top packages %+v, want %+v", reach, f, gotPackages, byPackage)
	}
	if !slices.Equal(gotTokens, byToken) {
		p.Errorf("%s %+v: top tokens %+v, want %+v", reach, f, gotTokens, byToken)
	}
}

// topStart is where tops begin: with totals, at the start of the day or month.
func topStart(reach usage.Range, from time.Time, totals bool) time.Time {
	switch {
	case totals && (reach == usage.Week || reach == usage.Month):
		return from.Truncate(24 * time.Hour)
	case totals && (reach == usage.Quarter || reach == usage.Year):
		return time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	return from
}

func (p *past) ranked(events []usage.Event, first int, by func(usage.Event) string, rank func(usage.TokenUsage) int64) []usage.TokenUsage {
	groups := map[string][]usage.Event{}
	for _, e := range events {
		if subject := by(e); subject != "" {
			groups[subject] = append(groups[subject], e)
		}
	}
	var all []usage.TokenUsage
	for subject, of := range groups {
		sum := point(time.Time{}, of)
		if one := (usage.TokenUsage{TokenID: subject, Requests: sum.Requests, Downloads: sum.Downloads, Bytes: sum.Bytes}); rank(one) > 0 {
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b usage.TokenUsage) int {
		return cmp.Or(cmp.Compare(rank(b), rank(a)), cmp.Compare(a.TokenID, b.TokenID))
	})
	return all[:min(first, len(all))]
}

// What no report can answer is told with its field.
func TestReportsRefuseWhatTheyCannotAnswer(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	if _, err := usage.Read(t.Context(), db.Client, "DECADE", usage.Filter{}, time.Now()); field(err) != "range" {
		t.Errorf("an unknown range: %v", err)
	}
	report := read(t, db, usage.Day, usage.Filter{}, time.Now())
	for _, first := range []int{-5, 0, 101} {
		if _, err := report.TopPackages(t.Context(), first); field(err) != "first" {
			t.Errorf("%d packages: %v", first, err)
		}
		if _, err := report.TopTokens(t.Context(), first); field(err) != "first" {
			t.Errorf("%d tokens: %v", first, err)
		}
		if _, err := usage.Addresses(t.Context(), db.Client, "sec_1", first, time.Now()); field(err) != "first" {
			t.Errorf("%d addresses: %v", first, err)
		}
	}
}
