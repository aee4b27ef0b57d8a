package usage_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fault"
	"broker/server/usage"
)

// field is the field that an error names.
func field(err error) string {
	if invalid, ok := errors.AsType[*fault.Invalid](err); ok {
		return invalid.Field
	}
	return ""
}

// Downloads agree with a naive count, whatever narrows them: sums, first and last, the last one's client; page by page
// and all at once; and how many there are of how many tokens.
func TestDownloadsAgreeWithANaiveCount(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		p := newPast(t, db, 1000)
		for range 40 {
			f := p.downloadFilter()
			want := p.downloads(f)
			if got := p.pages(f, 1+p.random.IntN(20)); !slices.Equal(got, want) {
				t.Errorf("%+v, in pages:\n%+v\nwant\n%+v", f, got, want)
			}
			var got []usage.Download
			err := usage.EachDownload(t.Context(), db.Client, f, func(d *usage.Download) error {
				got = append(got, *d)
				return nil
			})
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%+v, all at once: %d of %d, %v", f, len(got), len(want), err)
			}
			tokens := map[string]bool{}
			for _, d := range want {
				tokens[d.TokenID] = true
			}
			if rows, of, err := usage.DownloadCount(t.Context(), db.Client, f); err != nil || rows != len(want) || of != len(tokens) {
				t.Errorf("%+v: %d of %d tokens, want %d of %d: %v", f, rows, of, len(want), len(tokens), err)
			}
		}
	})
}

func (p *past) downloadFilter() usage.DownloadFilter {
	one := func(value string) string { return []string{"", value}[p.random.IntN(2)] }
	f := usage.DownloadFilter{Package: one(fmt.Sprintf("acme/p%d", p.random.IntN(5))), TokenID: one(fmt.Sprintf("tok_%d", p.random.IntN(4))),
		Address: one(fmt.Sprintf("192.0.2.%d", p.random.IntN(3))), Version: one([]string{"1.0.0", "v1.0", "1.0.0.0"}[p.random.IntN(3)])}
	if f.Package+f.TokenID+f.Address == "" {
		f.Address = "::ffff:192.0.2.1"
	}
	if p.random.IntN(2) == 0 {
		f.From = p.now.Add(-time.Duration(p.random.IntN(300)) * 24 * time.Hour)
	}
	if p.random.IntN(2) == 0 {
		f.To = p.now.Add(-time.Duration(p.random.IntN(20)) * 24 * time.Hour)
	}
	return f
}

// lets tells whether a filter lets an event through.
func lets(f usage.DownloadFilter, e usage.Event) bool {
	day := e.At.Truncate(24 * time.Hour)
	return (e.Kind == usage.Downloaded || e.Kind == usage.Installed) &&
		(f.Package == "" || f.Package == e.Package) && (f.TokenID == "" || f.TokenID == e.TokenID) &&
		(f.Address == "" || netip.MustParseAddr(f.Address).Unmap() == e.Address) && (f.Version == "" || e.Version == "1.0.0.0") &&
		(f.From.IsZero() || !day.Before(f.From.Truncate(24*time.Hour))) && (f.To.IsZero() || !day.After(f.To.Truncate(24*time.Hour)))
}

func (p *past) downloads(f usage.DownloadFilter) []usage.Download {
	found := map[usage.Download]*usage.Download{}
	for _, e := range p.events {
		if !lets(f, e) {
			continue
		}
		key := usage.Download{TokenID: e.TokenID, SecretID: e.SecretID, Package: e.Package, Version: e.Version, Address: e.Address.String()}
		d := found[key]
		if d == nil {
			d = &usage.Download{TokenDescription: "CI", SecretHint: "hint", FirstAt: e.At}
			d.TokenID, d.SecretID, d.Package, d.Version, d.Address = key.TokenID, key.SecretID, key.Package, key.Version, key.Address
			found[key] = d
		}
		sum := point(time.Time{}, []usage.Event{e})
		d.Downloads, d.Installs, d.Bytes = d.Downloads+sum.Downloads, d.Installs+sum.Installs, d.Bytes+sum.Bytes
		if e.At.Before(d.FirstAt) {
			d.FirstAt = e.At
		}
		if !e.At.Before(d.LastAt) {
			d.LastAt, d.Client = e.At, e.Client
		}
	}
	var all []usage.Download
	for _, d := range found {
		all = append(all, *d)
	}
	slices.SortFunc(all, func(a, b usage.Download) int {
		return cmp.Or(b.LastAt.Compare(a.LastAt), cmp.Compare(a.TokenID, b.TokenID), cmp.Compare(a.SecretID, b.SecretID),
			cmp.Compare(a.Package, b.Package), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Address, b.Address))
	})
	return all
}

// pages reads all pages of a size.
func (p *past) pages(f usage.DownloadFilter, size int) []usage.Download {
	p.Helper()
	var all []usage.Download
	for after := ""; ; {
		page, err := usage.Downloads(p.Context(), p.db.Client, f, size, after)
		if err != nil {
			p.Fatal(err)
		}
		for _, d := range page {
			all = append(all, *d)
			after = d.Key()
		}
		if len(page) < size {
			return all
		}
	}
}

// What names nothing is refused: it would read everything.
func TestDownloadsMustNameSomething(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	for want, f := range map[string]usage.DownloadFilter{
		"where": {Version: "1.0.0", From: time.Now()}, "address": {Address: "192.0.2.0/24"},
	} {
		if _, err := usage.Downloads(t.Context(), db.Client, f, 10, ""); field(err) != want {
			t.Errorf("%+v: %v", f, err)
		}
		if _, _, err := usage.DownloadCount(t.Context(), db.Client, f); field(err) != want {
			t.Errorf("%+v, counted: %v", f, err)
		}
	}
	for _, key := range []string{"x", "2026-11-25T00:00:00.000Z", "2026-11-25T00:00:00.000Z\na\nb"} {
		if _, err := usage.Downloads(t.Context(), db.Client, usage.DownloadFilter{Package: "acme/lib"}, 10, key); field(err) != "after" {
			t.Errorf("after %q: %v", key, err)
		}
	}
}

// The addresses of a secret are those of the last 30 days, the last use first, with what was refused there.
func TestAddressesOfASecret(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := usage.NewRecorder(db, silent)
		now := time.Now().UTC().Truncate(time.Millisecond)
		record := func(kind usage.Kind, ago time.Duration, address, client string) {
			e := event(kind, "tok_1", "acme/lib", now.Add(-ago))
			e.Address, e.Client = netip.MustParseAddr(address), client
			r.Record(e)
			flush(t, r)
		}
		record(usage.Metadata, 40*24*time.Hour, "192.0.2.1", "old")
		record(usage.Metadata, 3*24*time.Hour, "192.0.2.1", "older")
		record(usage.Refused, time.Hour, "192.0.2.1", "newest")
		record(usage.Metadata, 2*time.Hour, "192.0.2.1", "late")
		record(usage.Metadata, time.Minute, "2001:db8::1", "six")
		record(usage.Metadata, 31*24*time.Hour, "192.0.2.2", "gone")
		got, err := usage.Addresses(t.Context(), db.Client, "sec_tok_1", 10, now)
		if err != nil {
			t.Fatal(err)
		}
		want := []usage.AddressUse{
			{Address: "2001:db8::1", Client: "six", Requests: 1, FirstAt: now.Add(-time.Minute), LastAt: now.Add(-time.Minute)},
			{Address: "192.0.2.1", Client: "newest", Requests: 3, Refused: 1, FirstAt: now.Add(-3 * 24 * time.Hour), LastAt: now.Add(-time.Hour)},
		}
		if len(got) != 2 || *got[0] != want[0] || *got[1] != want[1] {
			t.Errorf("%+v, want %+v", got, want)
		}
		if one, err := usage.Addresses(t.Context(), db.Client, "sec_tok_1", 1, now); err != nil || len(one) != 1 {
			t.Errorf("%d of them, %v", len(one), err)
		}
	})
}
