package scalar

import (
	"errors"
	"strings"

	"github.com/99designs/gqlgen/graphql"
)

// errNUL says that a text cannot be kept: PostgreSQL refuses it, SQLite ends it there.
var errNUL = errors.New("a string may not contain a NUL character")

// MarshalString writes a text.
func MarshalString(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// UnmarshalString reads a text without a NUL character.
func UnmarshalString(v any) (string, error) { return withoutNUL(graphql.UnmarshalString(v)) }

// MarshalID writes an id.
func MarshalID(id string) graphql.Marshaler { return graphql.MarshalID(id) }

// UnmarshalID reads an id without a NUL character.
func UnmarshalID(v any) (string, error) { return withoutNUL(graphql.UnmarshalID(v)) }

func withoutNUL(s string, err error) (string, error) {
	if err == nil && strings.ContainsRune(s, 0) {
		return "", errNUL
	}
	return s, err
}
