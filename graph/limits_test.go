package graph

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/sync/semaphore"

	"broker/graph/generated"
)

// What reads very many rows runs in its turn, whoever asks; what reads few does not wait for it, and nobody waits
// longer than an operation may take.
func TestHeavyFieldsWaitForOneAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		middleware := inTurn(semaphore.NewWeighted(1))
		resolve := func(ctx context.Context, name string, do func()) error {
			object, field, _ := strings.Cut(name, ".")
			ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: object, Field: graphql.CollectedField{Field: &ast.Field{Name: field}}})
			_, err := middleware(ctx, func(context.Context) (any, error) { do(); return nil, nil })
			return err
		}
		held, release := make(chan struct{}), make(chan struct{})
		go resolve(t.Context(), "Query.downloads", func() { close(held); <-release })
		<-held
		if err := resolve(t.Context(), "Query.tokens", func() {}); err != nil {
			t.Errorf("a light field: %v", err)
		}
		short, cancel := context.WithTimeout(t.Context(), operationFor)
		defer cancel()
		if err := resolve(short, "Usage.topTokens", func() { t.Error("two heavy fields at a time") }); err == nil {
			t.Error("a heavy field waited for ever")
		}
		close(release)
		if err := resolve(t.Context(), "Query.auditCheck", func() {}); err != nil {
			t.Errorf("in its turn: %v", err)
		}
	})
}

// Every field that is called heavy is one of the schema: one that is renamed must not lose its turn.
func TestHeavyFieldsExist(t *testing.T) {
	t.Parallel()
	types := generated.NewExecutableSchema(generated.Config{}).Schema().Types
	for name := range heavy {
		object, field, _ := strings.Cut(name, ".")
		if types[object] == nil || types[object].Fields.ForName(field) == nil {
			t.Errorf("%s is not in the schema", name)
		}
	}
}
