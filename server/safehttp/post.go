package safehttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Posted is what came of a Post, whatever its status.
type Posted struct {
	Status     int
	Body       []byte        // what it begins with, as much as was asked for
	RetryAfter time.Duration // what the answer asks to wait; 0 where it asks for nothing
}

// Post sends something once, and reads what the answer begins with, as much as the options say; the rest does not matter.
// Redirects are answers like others, and are not followed. What policy forbids is ErrBlocked; where the host is taken for
// out of reach it is *OutOfReach, and nothing was sent.
func (c *Client) Post(ctx context.Context, address string, body []byte, header http.Header, o Options) (*Posted, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("%w: its address cannot be read", ErrBlocked)
	}
	total := c.pace.total(false)
	ctx, cancel := context.WithTimeoutCause(ctx, total, fmt.Errorf("%w: it took longer than %s", ErrSlow, total))
	defer cancel()
	o.Body, o.Header = body, header
	answer, _, release, err := c.ask(ctx, u, o)
	if err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, ErrSlow) {
			return nil, cause
		}
		return nil, clean(err)
	}
	defer release()
	defer answer.Body.Close()
	posted := &Posted{Status: answer.StatusCode, RetryAfter: waitOf(answer)}
	// An answer that stops in its middle has said what it is by its status.
	posted.Body, _ = io.ReadAll(io.LimitReader(answer.Body, o.MaxBytes))
	return posted, nil
}
