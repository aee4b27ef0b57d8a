package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
)

// request is a GraphQL request over HTTP.
type request struct {
	Query         string          `json:"query"`
	OperationName string          `json:"operationName,omitempty"`
	Variables     json.RawMessage `json:"variables,omitempty"`
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
	if len(q.Variables) > 0 && q.Variables[0] != '{' && string(q.Variables) != "null" {
		return nil, errors.New("variables must be a JSON object")
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

// refuse answers in the form of GraphQL.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{ // the client may have gone; there is nobody else to tell
		"errors": []any{map[string]any{"message": message, "extensions": map[string]string{"code": code}}},
	})
}
