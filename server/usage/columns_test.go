package usage_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/usagetotal"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/usage"
)

// numbers are the columns of a row, in one order.
type numbers [12]int64

// What each kind of event adds: requests, metadata, not modified, downloads, installs, bytes, refused, and refused for
// the limit, package, permission, network, and because the token ended.
var adds = []struct {
	kind   usage.Kind
	reason usage.Reason
	want   numbers
}{
	{usage.Other, 0, numbers{0: 1, 5: 10}},
	{usage.Metadata, 0, numbers{0: 1, 1: 1, 5: 10}},
	{usage.NotModified, 0, numbers{0: 1, 2: 1, 5: 10}},
	{usage.Downloaded, 0, numbers{0: 1, 3: 1, 5: 10}},
	{usage.Installed, 0, numbers{4: 1, 5: 10}},
	{usage.Refused, usage.ByLimit, numbers{0: 1, 5: 10, 6: 1, 7: 1}},
	{usage.Refused, usage.ByPackage, numbers{0: 1, 5: 10, 6: 1, 8: 1}},
	{usage.Refused, usage.ByPermission, numbers{0: 1, 5: 10, 6: 1, 9: 1}},
	{usage.Refused, usage.ByNetwork, numbers{0: 1, 5: 10, 6: 1, 10: 1}},
	{usage.Refused, usage.Ended, numbers{0: 1, 5: 10, 6: 1, 11: 1}},
}

// Every kind of event lands in its columns: of its hour, its day, and every total of its hour, day, week and month.
func TestEventsLandInTheirColumns(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := usage.NewRecorder(db, silent)
		repository := packages(t, db, "r", "acme/lib")
		at := time.Date(2026, 11, 25, 17, 45, 12, 0, time.UTC)
		for i, one := range adds {
			e := event(one.kind, fmt.Sprintf("tok_%d", i), "acme/lib", at)
			e.Reason = one.reason
			r.Record(e)
			e.At = at.Add(-17 * time.Hour) // the same day
			r.Record(e)
			flush(t, r)
		}
		for i, one := range adds {
			token := fmt.Sprintf("tok_%d", i)
			checkDetail(t, db, token, repository, at, one.want)
			for _, subject := range []string{token, "sec_" + token} {
				checkTotals(t, db, subject, at, one.want)
			}
		}
		var all numbers
		for _, one := range adds {
			all = all.times(1, one.want)
		}
		for _, subject := range []string{"", repository, "acme/lib"} {
			checkTotals(t, db, subject, at, all)
		}
		if n := db.Client.UsageTotal.Query().CountX(t.Context()); n != 4*(3+2*len(adds))+1+len(adds) {
			t.Errorf("%d totals", n) // four of each, and weeks of the package and the tokens
		}
	})
}

func (n numbers) times(factor int64, o numbers) numbers {
	for i := range n {
		n[i] += factor * o[i]
	}
	return n
}

func checkDetail(t *testing.T, db *database.DB, token, repository string, at time.Time, want numbers) {
	t.Helper()
	for _, row := range db.Client.UsageHour.Query().AllX(t.Context()) {
		if row.TokenID != token {
			continue
		}
		if hour := row.Hour.UTC(); hour != at.Truncate(time.Hour) && hour != at.Truncate(24*time.Hour) || row.RepositoryID != repository ||
			row.SecretID != "sec_"+token || row.Package != "acme/lib" || row.Version != "1.0.0.0" || ofHour(row) != want {
			t.Errorf("hour %+v, want %v", row, want)
		}
	}
	for _, row := range db.Client.UsageDay.Query().AllX(t.Context()) {
		if row.TokenID == token && (row.Day.UTC() != at.Truncate(24*time.Hour) || row.RepositoryID != repository || ofDay(row) != numbers{}.times(2, want)) {
			t.Errorf("day %+v, want twice %v", row, want)
		}
	}
}

func checkTotals(t *testing.T, db *database.DB, subject string, at time.Time, want numbers) {
	t.Helper()
	month := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).Unix()
	found := 0
	for _, row := range db.Client.UsageTotal.Query().Where(usagetotal.Subject(subject)).AllX(t.Context()) {
		expected, start := numbers{}.times(2, want), at.Truncate(24*time.Hour).Unix()
		switch row.Span {
		case usagetotal.SpanHOUR:
			expected = want
			if row.At != start {
				start = at.Truncate(time.Hour).Unix()
			}
		case usagetotal.SpanWEEK:
			start = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC).Unix()
			found--
		case usagetotal.SpanMONTH:
			start = month
		}
		found++
		if row.At != start || ofTotal(row) != expected {
			t.Errorf("total %+v, want %v at %d", row, expected, start)
		}
	}
	if found != 4 { // two hours, a day, a month
		t.Errorf("%q has %d totals", subject, found)
	}
}

func ofHour(r *ent.UsageHour) numbers {
	return numbers{r.Requests, r.Metadata, r.NotModified, r.Downloads, r.Installs, r.Bytes, r.Refused,
		r.RefusedLimit, r.RefusedPackage, r.RefusedPermission, r.RefusedNetwork, r.RefusedEnded}
}

func ofDay(r *ent.UsageDay) numbers {
	return numbers{r.Requests, r.Metadata, r.NotModified, r.Downloads, r.Installs, r.Bytes, r.Refused,
		r.RefusedLimit, r.RefusedPackage, r.RefusedPermission, r.RefusedNetwork, r.RefusedEnded}
}

func ofTotal(r *ent.UsageTotal) numbers {
	return numbers{r.Requests, r.Metadata, r.NotModified, r.Downloads, r.Installs, r.Bytes, r.Refused,
		r.RefusedLimit, r.RefusedPackage, r.RefusedPermission, r.RefusedNetwork, r.RefusedEnded}
}

// Requests for names that nobody here has are counted under no package, however many names there are; what was
// downloaded keeps its name, although the package is gone by now.
func TestUnknownNamesAreNotKept(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := usage.NewRecorder(db, silent)
		now := time.Now()
		for i := range 500 {
			e := event(usage.Other, "tok_1", fmt.Sprintf("acme/no%d", i), now)
			e.Version = ""
			r.Record(e)
		}
		r.Record(event(usage.Downloaded, "tok_1", "acme/gone", now))
		flush(t, r)
		if rows := db.Client.UsageHour.Query().CountX(t.Context()); rows != 2 {
			t.Errorf("%d rows", rows)
		}
		if all := read(t, db, usage.Day, usage.Filter{}, now); all.Requests != 501 {
			t.Errorf("%d requests", all.Requests)
		}
		if gone := read(t, db, usage.Day, usage.Filter{Package: "acme/gone"}, now); gone.Downloads != 1 {
			t.Errorf("%d downloads", gone.Downloads)
		}
	})
}

// Last use is that of the newest request, whoever writes it, without what a terminal would obey; a report of
// installations is none.
func TestLastUse(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx, now := t.Context(), time.Now().UTC().Truncate(time.Millisecond)
		token := db.Client.Token.Create().SetDescription("CI").SetCreatedBy("t").SaveX(ctx)
		secret := db.Client.TokenSecret.Create().SetTokenID(token.ID).SetHash([]byte("h")).SetHint("x").SaveX(ctx)
		record := func(kind usage.Kind, at time.Time, address string) {
			r := usage.NewRecorder(db, silent)
			e := event(kind, token.ID, "acme/lib", at)
			e.SecretID, e.Address = secret.ID, netip.MustParseAddr(address)
			r.Record(e)
			flush(t, r)
		}
		record(usage.Metadata, now.Add(-time.Hour), "192.0.2.7")
		record(usage.Refused, now, "::ffff:192.0.2.1")
		record(usage.Metadata, now.Add(-25*time.Hour), "192.0.2.8") // of an instance that was slow
		record(usage.Installed, now.Add(time.Second), "192.0.2.9")
		used, of := db.Client.Token.GetX(ctx, token.ID), db.Client.TokenSecret.GetX(ctx, secret.ID)
		if used.LastUsedAt == nil || !used.LastUsedAt.Equal(now) || *used.LastUsedAddress != "192.0.2.1" || *used.LastUsedClient != "Composer/2.5.5[31m" {
			t.Errorf("the token: %v", used)
		}
		if of.LastUsedAt == nil || !of.LastUsedAt.Equal(now) || *of.LastUsedAddress != "192.0.2.1" || *of.LastUsedClient != "Composer/2.5.5[31m" {
			t.Errorf("the secret: %v", of)
		}
	})
}
