package access_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"broker/ent/schema"
	"broker/server/access"
	"broker/server/fault"
)

// A filter that is there and says nothing is refused with its name, never dropped: without it, the rest would match
// everybody's tokens. So is what no token can have.
func TestFilterThatSaysNothingIsRefused(t *testing.T) {
	t.Parallel()
	active := []access.Status{access.Active}
	for field, filters := range map[string][]access.Where{
		"search":        {{Search: ptr("")}, {Search: ptr("  "), Status: active}, {Search: ptr("\x00")}, {Search: ptr("a\xff")}, {Search: ptr(strings.Repeat("a", 257))}},
		"externalId":    {{ExternalID: ptr(""), Status: active}, {ExternalID: ptr(" ")}, {ExternalID: ptr("o\x00")}},
		"parent":        {{Parent: ptr(""), Status: active}, {Parent: ptr("\n")}},
		"status":        {{Status: []access.Status{}}, {Status: []access.Status{}, Search: ptr("a")}},
		"label":         {{Label: &schema.Label{}}, {Label: &schema.Label{Name: "a", Value: "\x00"}}},
		"expiresBefore": {{ExpiresBefore: ptr(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))}},
	} {
		for _, where := range filters {
			_, err := where.Predicates(time.Now())
			var invalid *fault.Invalid
			if !errors.As(err, &invalid) || invalid.Field != field || invalid.Message == "" {
				t.Errorf("%s of %+v: %v", field, where, err)
			}
		}
	}
	for _, where := range []access.Where{{}, {Label: &schema.Label{Name: "a"}}, {Search: ptr(" a ")}, {NeverUsed: ptr(false)}} {
		if _, err := where.Predicates(time.Now()); err != nil {
			t.Errorf("%+v: %v", where, err)
		}
	}
}
