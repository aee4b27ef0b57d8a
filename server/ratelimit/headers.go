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
func writeHeaders(h http.Header, r Result) {
	limit, remaining := strconv.Itoa(r.Limit), strconv.Itoa(r.Remaining)
	h.Set("X-RateLimit-Limit", limit)
	h.Set("X-RateLimit-Remaining", remaining)
	h.Set("X-RateLimit-Reset", strconv.FormatInt(r.Reset.Unix(), 10))
	h.Set("RateLimit-Policy", `"token";q=`+limit+`;w=`+strconv.FormatInt(windowSeconds, 10))
	standing := `"token";r=` + remaining
	if r.More > 0 {
		standing += `;t=` + strconv.FormatInt(int64(r.More/time.Second), 10)
	}
	h.Set("RateLimit", standing)
}

// refusal answers a request that was not admitted. Retry-After equals the t of the RateLimit header; the draft asks
// that it is not earlier.
func refusal(t *auth.Token, r Result) *auth.Refusal {
	seconds := int(r.RetryAfter / time.Second)
	return &auth.Refusal{
		Status: http.StatusTooManyRequests, Code: auth.CodeRateLimited, RetryAfter: seconds,
		Message: fmt.Sprintf("The access token %q has used its %d requests an hour; the next one is possible in %s. "+
			"A maintainer can raise the limit.", t.Description, t.RateLimit, spoken(seconds)),
	}
}

func spoken(seconds int) string {
	switch {
	case seconds == 1:
		return "1 second"
	case seconds < 120:
		return strconv.Itoa(seconds) + " seconds"
	default:
		return strconv.Itoa((seconds+59)/60) + " minutes"
	}
}
