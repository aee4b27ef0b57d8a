package graph

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/formatter"

	"broker/graph/generated"
	"broker/server/auth"
)

// Document is the API's schema as text, in GraphQL's schema language, with its descriptions.
func Document() string {
	var text strings.Builder
	text.WriteString("# The GraphQL API: POST /graphql. Made from graph/*.graphqls.\n\n")
	formatter.NewFormatter(&text, formatter.WithIndent("  ")).FormatSchema(generated.NewExecutableSchema(generated.Config{}).Schema())
	return text.String()
}

// ServeDocument answers with the schema whoever may use the API.
func ServeDocument() http.Handler {
	text := Document()
	sum := sha256.Sum256([]byte(text))
	tag := `W/"` + hex.EncodeToString(sum[:16]) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if auth.FromContext(r.Context()) == nil {
			refuse(w, http.StatusUnauthorized, codeUnauthenticated, "Sign in, or send an access token, to read the schema.")
			return
		}
		header := w.Header()
		header.Set("Content-Type", "text/plain; charset=utf-8")
		header.Set("Cache-Control", "private, no-cache")
		header.Add("Vary", "Authorization, Cookie")
		header.Set("ETag", tag)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
	})
}
