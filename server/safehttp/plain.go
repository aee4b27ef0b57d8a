package safehttp

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// Plain is an http.Client for a library that makes requests of its own: it keeps the policy, follows no redirect, and ends
// an answer that takes longer than within or has more than maxBytes. It may reach private addresses that the policy allows
// at one origin, which the operator gave, and elsewhere once that one answered from a private address.
func (c *Client) Plain(origin *url.URL, within time.Duration, maxBytes int64) *http.Client {
	return &http.Client{
		Transport:     &plain{client: c, origin: Origin(origin), maxBytes: maxBytes},
		Timeout:       within,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type plain struct {
	client   *Client
	origin   string
	maxBytes int64
	private  atomic.Bool // the origin answered from a private address
}

// RoundTrip implements http.RoundTripper.
func (p *plain) RoundTrip(r *http.Request) (*http.Response, error) {
	c, own := p.client, Origin(r.URL) == p.origin
	if err := c.policy.CheckURL(r.URL); err != nil {
		return nil, err
	}
	client := c.outside
	if own || p.private.Load() {
		client = c.inside
	}
	private := false
	ctx := httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		private = c.isPrivate(got.Conn.RemoteAddr())
	}})
	r = r.Clone(ctx)
	r.Header.Set("User-Agent", c.agent)
	answer, err := client.Transport.RoundTrip(r)
	if err != nil {
		return nil, Said(r.URL.Host, err)
	}
	if c.proxied(r.URL) { // as in ask
		private = c.policy.allowsHost(r.URL.Hostname()) || c.checkName(ctx, r.URL.Hostname(), false) != nil
	}
	if own && private {
		p.private.Store(true)
	}
	answer.Body = &bounded{answer.Body, p.maxBytes}
	return answer, nil
}

// bounded fails when more comes than was agreed.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left+1)])
	if b.left -= int64(n); b.left < 0 {
		b.left = 0
		return 0, errors.New("the answer is larger than is accepted")
	}
	return n, err
}
