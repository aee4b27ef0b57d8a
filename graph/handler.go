package graph

import (
	"context"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/klauspost/compress/gzhttp"
	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/sync/semaphore"

	"broker/ent"
	"broker/graph/generated"
	"broker/graph/model"
	"broker/server/auth"
	"broker/server/turns"
)

// Names of the generated types that limits.go writes often.
type (
	cursor          = ent.Cursor
	tokenOrder      = ent.TokenOrder
	tokenWhere      = model.TokenWhere
	repositoryOrder = ent.RepositoryOrder
	repositoryWhere = model.RepositoryWhere
	packageOrder    = ent.PackageOrder
	packageWhere    = model.PackageWhere
)

// The bounds of a request.
const (
	bodyMax      = 64 << 10 // bytes
	operationFor = 10 * time.Second

	// Under way for one caller: as many as a browser makes connections; a script asks for one thing after the other.
	personOperations = 6
	tokenOperations  = 2
)

// NewHandler answers POST with a JSON body; who is asking is in the request's context.
func NewHandler(r *Resolver) http.Handler {
	config := generated.Config{Resolvers: r}
	complexity(&config)
	executable := generated.NewExecutableSchema(config)
	server := handler.New(executable)
	server.AddTransport(transport.POST{})
	server.SetParserTokenLimit(tokensMax)
	server.SetQueryCache(lru.New[*ast.QueryDocument](500))
	server.SetErrorPresenter(presenter(r.Log))
	server.SetRecoverFunc(func(_ context.Context, cause any) error { // the presenter logs it
		return &panicked{cause, debug.Stack()}
	})
	server.SetDisableSuggestion(true)
	server.Use(extension.Introspection{})
	server.Use(extension.FixedComplexityLimit(complexityMax))
	server.Use(shape{executable.Schema()})
	server.AroundFields(inTurn(semaphore.NewWeighted(reportsAtOnce())))
	// Answers may hold secrets beside what the caller sent: the padding keeps their size from telling (BREACH).
	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.RandomJitter(64, 0, false))
	if err != nil { // the options are valid
		panic(err)
	}
	return compress(guard(server, &operations{people: turns.New(personOperations), tokens: turns.New(tokenOperations)}))
}

// guard bounds the request, and answers what is no GraphQL request without repeating it. A caller with more operations
// under way than it may have waits for its turn, no longer than an operation may take.
func guard(next http.Handler, under *operations) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			refuse(w, http.StatusMethodNotAllowed, codeInput, "Send a POST with a JSON body.")
			return
		}
		body, err := readBody(w, r)
		if err != nil {
			refuse(w, http.StatusBadRequest, codeInput, err.Error())
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), operationFor)
		defer cancel()
		done, err := under.take(ctx)
		if err != nil {
			Refuse(w, &auth.Refusal{Status: http.StatusTooManyRequests, Code: auth.CodeRateLimited, RetryAfter: int(operationFor / time.Second),
				Message: "Too many operations of yours are under way. Try again when they have ended."})
			return
		}
		defer done()
		r = r.WithContext(context.WithValue(ctx, writerKey{}, w))
		r.Body = body
		next.ServeHTTP(w, r)
	})
}

// operations are those under way.
type operations struct{ people, tokens *turns.Turns }

// take waits for the caller's turn. What an anonymous caller may ask takes no time.
func (o *operations) take(ctx context.Context) (done func(), err error) {
	subject := auth.FromContext(ctx)
	switch {
	case subject == nil:
		return func() {}, nil
	case subject.Token != nil:
		return o.tokens.Take(ctx, subject.ID())
	}
	return o.people.Take(ctx, subject.ID())
}

type writerKey struct{}

// writerOf is where a resolver sets a cookie.
func writerOf(ctx context.Context) http.ResponseWriter {
	return ctx.Value(writerKey{}).(http.ResponseWriter)
}
