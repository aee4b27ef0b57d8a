// Package scalar is how the API's own scalars are written and read.
package scalar

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// MarshalTime writes an instant as RFC 3339 in UTC.
func MarshalTime(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		io.WriteString(w, strconv.Quote(t.UTC().Format(time.RFC3339Nano)))
	})
}

// UnmarshalTime reads RFC 3339 with any zone.
func UnmarshalTime(v any) (time.Time, error) {
	text, ok := v.(string)
	if !ok {
		return time.Time{}, fmt.Errorf("a time is a string such as 2027-01-31T00:00:00Z")
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a time such as 2027-01-31T00:00:00Z", text)
	}
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 { // RFC 3339 has four digits for a year, and answers must too
		return time.Time{}, fmt.Errorf("%q is not within the years 1 to 9999", text)
	}
	return t, nil
}
