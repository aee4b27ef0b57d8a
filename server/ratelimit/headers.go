package ratelimit

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"broker/server/auth"
)

// writeHeaders says how the token stands, in the customary headers and in those of the IETF's draft
// (draft-ietf-httpapi-ratelimit-headers, Structured Fields of RFC 9651). The draft's pk is left out: it would name the
// token. Its t is when more requests are left than now, which need not be the end of the hour.
//
// Every request has them: their values are parts of one text, and the names are written as net/http keeps them.
func writeHeaders(h http.Header, r Result) {
	var room [160]byte
	b := room[:0]
	var ends [5]int
	b = strconv.AppendInt(b, int64(r.Limit), 10)
	ends[0] = len(b)
	b = strconv.AppendInt(b, int64(r.Remaining), 10)
	ends[1] = len(b)
	b = strconv.AppendInt(b, r.Reset.Unix(), 10)
	ends[2] = len(b)
	b = append(b, `"token";q=`...)
	b = strconv.AppendInt(b, int64(r.Limit), 10)
	b = append(b, `;w=`...)
	b = strconv.AppendInt(b, windowSeconds, 10)
	ends[3] = len(b)
	b = append(b, `"token";r=`...)
	b = strconv.AppendInt(b, int64(r.Remaining), 10)
	if r.More > 0 {
		b = append(b, `;t=`...)
		b = strconv.AppendInt(b, int64(r.More/time.Second), 10)
	}
	ends[4] = len(b)
	text, values, start := string(b), make([]string, len(headerNames)), 0
	for i, name := range headerNames {
		values[i] = text[start:ends[i]]
		h[name] = values[i : i+1 : i+1]
		start = ends[i]
	}
}

var headerNames = [5]string{"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset", "Ratelimit-Policy", "Ratelimit"}

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
