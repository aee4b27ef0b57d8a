package usage

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// The spans and kinds of totals.
const (
	spanHour  = "HOUR"
	spanDay   = "DAY"
	spanWeek  = "WEEK" // from Monday, UTC; of what is ranked
	spanMonth = "MONTH"

	kindAll        = "ALL"
	kindToken      = "TOKEN"
	kindSecret     = "SECRET"
	kindRepository = "REPOSITORY"
	kindPackage    = "PACKAGE"
)

// days are the hours' counts added up.
func (b *batch) days() map[hourKey]*counts {
	days := map[hourKey]*counts{}
	for key, c := range b.hours {
		key.hour -= key.hour % 86400
		addTo(days, key, c)
	}
	return days
}

func addTo[K comparable](m map[K]*counts, key K, c *counts) {
	if m[key] == nil {
		m[key] = new(counts)
	}
	m[key].plus(c)
}

// compared tells whether the subjects of a kind are compared with one another.
func compared(kind string) bool { return kind == kindToken || kind == kindPackage }

// monday is the start of the week that a day or an hour lies in. The first of January 1970 was a Thursday.
func monday(at int64) int64 {
	const day, week = 86400, 7 * 86400
	return at - (at+3*day)%week
}

// totalKey is a sum over a whole hour, day, week or month.
type totalKey struct {
	kind, subject, span string
	at                  int64 // Unix, start of the span
}

func (b *batch) totals() map[totalKey]*counts {
	totals := map[totalKey]*counts{}
	for key, c := range b.hours {
		for _, one := range key.totals() {
			addTo(totals, one, c)
		}
	}
	return totals
}

// totals are the sums that the counts of a key belong to.
func (k hourKey) totals() []totalKey {
	at := unix(k.hour)
	month := time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC).Unix()
	all := make([]totalKey, 0, 17)
	for _, of := range [][2]string{{kindAll, ""}, {kindToken, k.token}, {kindSecret, k.secret}, {kindRepository, k.repository}, {kindPackage, k.package_}} {
		kind, subject := of[0], of[1]
		if subject != "" || kind == kindAll {
			all = append(all, totalKey{kind, subject, spanHour, k.hour}, totalKey{kind, subject, spanDay, k.hour - k.hour%86400},
				totalKey{kind, subject, spanMonth, month})
		}
		if subject != "" && compared(kind) {
			all = append(all, totalKey{kind, subject, spanWeek, monday(k.hour)})
		}
	}
	return all
}

func unix(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

func milli(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// sorted are a map's keys in the order in which every instance writes them: so none waits for another in a circle.
func sorted[K comparable, V any](m map[K]V, compare func(a, b K) int) []K {
	return slices.SortedFunc(maps.Keys(m), compare)
}

func compareHours(a, b hourKey) int {
	return cmp.Or(cmp.Compare(a.hour, b.hour), cmp.Compare(a.token, b.token), cmp.Compare(a.secret, b.secret),
		cmp.Compare(a.repository, b.repository), cmp.Compare(a.package_, b.package_), cmp.Compare(a.version, b.version))
}

func compareDownloads(a, b downloadKey) int {
	return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.token, b.token), cmp.Compare(a.secret, b.secret),
		cmp.Compare(a.package_, b.package_), cmp.Compare(a.version, b.version), a.address.Compare(b.address))
}

func compareUses(a, b useKey) int {
	return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.token, b.token), cmp.Compare(a.secret, b.secret), a.address.Compare(b.address))
}

func compareTotals(a, b totalKey) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.subject, b.subject), cmp.Compare(a.span, b.span), cmp.Compare(a.at, b.at))
}
