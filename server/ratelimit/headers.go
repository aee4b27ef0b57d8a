package ratelimit

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"broker/server/auth"
	"broker/server/connections"
)

// writeHeaders says how the token stands, in the customary headers and in those of the IETF's draft
// (draft-ietf-httpapi-ratelimit-headers, Structured Fields of RFC 9651). The draft's pk is left out: it would name the
// token. Its t is when more requests are left than now, which need not be the end of the hour.
//
// Every request has them, and so they are sent as lines of the connection, where it takes lines.
func writeHeaders(ctx context.Context, w http.ResponseWriter, r *Result) {
	var room [320]byte
	lines := appendLines(room[:0], r)
	if connections.SetLines(ctx, lines) {
		return
	}
	for line := range strings.Lines(string(lines)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\r\n"), ": ")
		w.Header()[name] = []string{value}
	}
}

// appendLines appends the headers, with their names as net/http keeps them.
func appendLines(b []byte, r *Result) []byte {
	limit, remaining := int64(r.Limit), int64(r.Remaining)
	b = strconv.AppendInt(append(b, "X-Ratelimit-Limit: "...), limit, 10)
	b = strconv.AppendInt(append(b, "\r\nX-Ratelimit-Remaining: "...), remaining, 10)
	b = strconv.AppendInt(append(b, "\r\nX-Ratelimit-Reset: "...), r.Reset.Unix(), 10)
	b = strconv.AppendInt(append(b, "\r\nRatelimit-Policy: \"token\";q="...), limit, 10)
	b = strconv.AppendInt(append(b, ";w="...), windowSeconds, 10)
	b = strconv.AppendInt(append(b, "\r\nRatelimit: \"token\";r="...), remaining, 10)
	if r.More > 0 {
		b = strconv.AppendInt(append(b, ";t="...), int64(r.More/time.Second), 10)
	}
	return append(b, "\r\n"...)
}

// refusal answers a request that was not admitted, and may be again after a time, in whole seconds: no earlier than the t
// of the RateLimit header, as the draft asks.
func (l *Limiter) refusal(t *auth.Token, after time.Duration) *auth.Refusal {
	return &auth.Refusal{
		Status: http.StatusTooManyRequests, Code: auth.CodeRateLimited, RetryAfter: int(after / time.Second),
		Message: fmt.Sprintf("The access token %q has used its %d requests an hour; the next one is possible again %s. "+
			"A maintainer can raise the limit.", t.Description, t.RateLimit, spoken(l.now(), after)),
	}
}

// spoken is when a time has passed, for people: the minute in which it surely has.
func spoken(now time.Time, after time.Duration) string {
	switch {
	case after <= time.Second:
		return "in 1 second"
	case after < 2*time.Minute:
		return fmt.Sprintf("in %d seconds", after/time.Second)
	}
	at := now.Add(after + time.Minute - time.Nanosecond).UTC().Truncate(time.Minute)
	return fmt.Sprintf("at %s UTC, in %d minutes", at.Format("15:04"), (after+time.Minute-time.Nanosecond)/time.Minute)
}
