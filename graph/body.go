package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"

	"broker/server/auth"
)

// request is a GraphQL request over HTTP.
type request struct {
	Query         string          `json:"query"`
	OperationName string          `json:"operationName,omitempty"`
	Variables     json.RawMessage `json:"variables,omitempty"`
	Extensions    json.RawMessage `json:"extensions,omitempty"`
}

// readBody reads and checks the body before gqlgen does, which would repeat what it cannot read: it may be a password.
func readBody(w http.ResponseWriter, r *http.Request) (io.ReadCloser, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, errors.New("the Content-Type must be application/json")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMax))
	if err != nil {
		return nil, errors.New("the body is larger than 64 KiB, or broke off")
	}
	var q request
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, errors.New(`the body must be one JSON object: {"query": "…", "variables": {…}}`)
	}
	for name, part := range map[string]json.RawMessage{"variables": q.Variables, "extensions": q.Extensions} {
		if len(part) > 0 && part[0] != '{' && string(part) != "null" {
			return nil, fmt.Errorf("%s must be a JSON object", name)
		}
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

// Refuse answers a caller who was refused before the query was read. The reason is the refusal's own code, as
// Composer's routes give it.
func Refuse(w http.ResponseWriter, r *auth.Refusal) {
	if r.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer") // for Basic, a browser would ask for a password
	}
	if r.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(r.RetryAfter))
	}
	answer(w, r.Status, r.Message, map[string]string{"code": codeOf(r), "reason": string(r.Code)})
}

// refuse answers what is no GraphQL request.
func refuse(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, message, map[string]string{"code": code})
}

// answer is an error in the form of GraphQL.
func answer(w http.ResponseWriter, status int, message string, extensions map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{ // the client may have gone; there is nobody else to tell
		"errors": []any{map[string]any{"message": message, "extensions": extensions}},
	})
}
