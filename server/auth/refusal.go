package auth

import (
	"encoding/json"
	"net/http"
	"strconv"

	"broker/server/text"
)

// Code is a refusal's machine-readable reason, part of the outside contract.
type Code string

// The reasons.
const (
	CodeUnauthenticated     Code = "UNAUTHENTICATED"
	CodeTokenExpired        Code = "TOKEN_EXPIRED"
	CodeSecretReplaced      Code = "SECRET_REPLACED"
	CodeTokenRevoked        Code = "TOKEN_REVOKED"
	CodeTokenDisabled       Code = "TOKEN_DISABLED"
	CodePermissionDenied    Code = "PERMISSION_DENIED"
	CodeSecondFactorMissing Code = "SECOND_FACTOR_MISSING"
	CodePackageNotAllowed   Code = "PACKAGE_NOT_ALLOWED"
	CodeNetworkNotAllowed   Code = "NETWORK_NOT_ALLOWED"
	CodeVersionBlocked      Code = "VERSION_BLOCKED"
	CodeVersionNotAllowed   Code = "VERSION_NOT_ALLOWED"
	CodeNotFound            Code = "NOT_FOUND"
	CodeMethodNotAllowed    Code = "METHOD_NOT_ALLOWED"
	CodeRateLimited         Code = "RATE_LIMITED"
	CodeUpstreamUnavailable Code = "UPSTREAM_UNAVAILABLE"
	CodeStorageUnavailable  Code = "STORAGE_UNAVAILABLE"
	CodeUnavailable         Code = "UNAVAILABLE"
	CodeInternal            Code = "INTERNAL"
)

// Refusal is an answer that refuses, with one sentence for the person at the terminal.
type Refusal struct {
	Status     int // HTTP
	Code       Code
	Message    string
	RetryAfter int // seconds; 0 says nothing
}

func (r *Refusal) Error() string { return string(r.Code) + ": " + r.Message }

// refusalBody is what Composer prints: it shows warning, and only when the content type is exactly application/json
// (composer/src/Composer/Util/Http/CurlDownloader.php).
type refusalBody struct {
	Warning string `json:"warning"`
	Error   Code   `json:"error"`
}

// Write answers with the refusal in the form that Composer prints. Headers of a success, set before, are taken back.
func (r *Refusal) Write(w http.ResponseWriter) {
	h := w.Header()
	for _, name := range []string{"Content-Encoding", "Content-Length", "Last-Modified", "Etag", "Vary", "Content-Disposition"} {
		h.Del(name)
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "private, no-store")
	if r.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Basic realm="Composer packages", charset="UTF-8"`)
	}
	if r.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(r.RetryAfter))
	}
	w.WriteHeader(r.Status)
	body, err := json.Marshal(refusalBody{Warning: text.Composer(r.Message), Error: r.Code})
	if err != nil { // two strings always marshal
		panic(err)
	}
	w.Write(body)
}

func unauthenticated(message string) *Refusal {
	return &Refusal{Status: http.StatusUnauthorized, Code: CodeUnauthenticated, Message: message}
}

func forbidden(code Code, message string) *Refusal {
	return &Refusal{Status: http.StatusForbidden, Code: code, Message: message}
}
