package scalar

import (
	"errors"

	"entgo.io/contrib/entgql"
	"github.com/99designs/gqlgen/graphql"
)

// MarshalCursor writes a cursor: the text that its list made.
func MarshalCursor(c entgql.Cursor[string]) graphql.Marshaler { return graphql.MarshalString(c.ID) }

// UnmarshalCursor reads a cursor as the text it is; its list knows what it means.
func UnmarshalCursor(v any) (entgql.Cursor[string], error) {
	text, is := v.(string)
	if !is {
		return entgql.Cursor[string]{}, errors.New("a cursor is a string")
	}
	return entgql.Cursor[string]{ID: text}, nil
}
