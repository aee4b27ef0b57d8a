package ratelimit_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"broker/server/auth"
	"broker/server/ratelimit"
)

// item is one member of a List of Structured Fields: a String with Integer parameters.
type item struct {
	name       string
	parameters map[string]int64
}

// The productions of RFC 9651 that the headers use: sf-string and param, with a bare Integer of at most 15 digits.
var (
	sfString    = regexp.MustCompile(`^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"`)
	sfParameter = regexp.MustCompile(`^; *([a-z*][a-z0-9_.*-]*)=(-?[0-9]{1,15})`)
)

// parseItem reads a List of one member, strictly: RFC 9651, section 4.2, has the whole field ignored else.
func parseItem(field string) (item, error) {
	parsed := item{parameters: map[string]int64{}}
	match := sfString.FindStringSubmatch(field)
	if match == nil {
		return parsed, fmt.Errorf("%q does not begin with a String", field)
	}
	parsed.name = match[1]
	for rest := field[len(match[0]):]; rest != ""; {
		match := sfParameter.FindStringSubmatch(rest)
		if match == nil {
			return parsed, fmt.Errorf("%q is no parameter", rest)
		}
		value, err := strconv.ParseInt(match[2], 10, 64)
		if err != nil {
			return parsed, err
		}
		if _, twice := parsed.parameters[match[1]]; twice {
			return parsed, fmt.Errorf("%q twice", match[1])
		}
		parsed.parameters[match[1]] = value
		rest = rest[len(match[0]):]
	}
	return parsed, nil
}

func parsed(t testing.TB, h http.Header, name string) item {
	t.Helper()
	if values := h.Values(name); len(values) != 1 {
		t.Fatalf("%s is there %d times", name, len(values))
	}
	result, err := parseItem(h.Get(name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return result
}

// Every answer says in the IETF's headers what it says in the customary ones; a refusal's Retry-After is not before t.
func TestHeadersAreStructuredFields(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		now := noon
		limiter := ratelimit.New(ratelimit.NewMemory(), func() time.Time { return now })
		token := &auth.Token{ID: "tok_1", RateLimit: rapid.IntRange(1, 50).Draw(r, "limit")}
		for range 30 {
			w := request(limiter, token)
			h := w.Header()
			policy, standing := parsed(t, h, "RateLimit-Policy"), parsed(t, h, "RateLimit")
			if policy.name != "token" || len(policy.parameters) != 2 || policy.parameters["q"] != int64(token.RateLimit) || policy.parameters["w"] != 3600 {
				t.Fatalf("RateLimit-Policy: %+v", policy)
			}
			left, until := standing.parameters["r"], standing.parameters["t"]
			if standing.name != "token" || len(standing.parameters) != 2 || strconv.FormatInt(left, 10) != h.Get("X-RateLimit-Remaining") || until < 1 {
				t.Fatalf("RateLimit: %+v beside %s", standing, h.Get("X-RateLimit-Remaining"))
			}
			if retry, err := strconv.ParseInt(h.Get("Retry-After"), 10, 64); w.Code == http.StatusTooManyRequests && (err != nil || retry < until) {
				t.Fatalf("Retry-After: %q with t=%d", h.Get("Retry-After"), until)
			}
			now = now.Add(time.Duration(rapid.IntRange(0, 600).Draw(r, "pause")) * time.Second)
		}
	})
}

// A token of which nothing is used has no t, and no header names the token; one without a limit gets no headers at all.
func TestHeadersThatAreLeftOut(t *testing.T) {
	t.Parallel()
	limiter := ratelimit.New(ratelimit.NewMemory(), func() time.Time { return noon })
	w := httptest.NewRecorder()
	limiter.Peek(context.Background(), w, &auth.Token{ID: "tok_1", RateLimit: 5})
	if got := w.Header().Get("RateLimit"); got != `"token";r=5` {
		t.Errorf("RateLimit: %s", got)
	}
	for name, values := range w.Header() {
		if strings.Contains(strings.Join(values, ""), "tok_1") {
			t.Errorf("%s names the token: %v", name, values)
		}
	}
	unlimited := request(limiter, &auth.Token{ID: "tok_2"})
	limiter.Peek(context.Background(), unlimited, &auth.Token{ID: "tok_2"})
	for name := range unlimited.Header() {
		if strings.Contains(strings.ToLower(name), "ratelimit") {
			t.Errorf("a token without a limit gets %s", name)
		}
	}
}
