package graph

import (
	"context"
	"strings"

	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"broker/server/audit"
	"broker/server/fault"
)

// whereSays refuses a filter of events that is given and empty, as the exports do: it would be everybody's.
func whereSays(ctx context.Context, w *audit.Where) error {
	if w == nil {
		return nil
	}
	said, err := fieldsOf(ctx, "where")
	if err != nil {
		return err
	}
	for name, value := range said {
		if text, is := value.(string); is && strings.TrimSpace(text) == "" {
			return fault.Invalidf(name, "%s is empty. Give one, or leave it out.", name)
		}
	}
	return mayBeSought(w.Search)
}

// checkTakesTooLong refuses to check a log that takes longer than an operation may.
func checkTakesTooLong() error {
	err := gqlerror.Errorf("The audit log is too long to be checked within %s. Run broker audit verify on the server: it has no limit.", operationFor)
	errcode.Set(err, codeTooComplex)
	return err
}
