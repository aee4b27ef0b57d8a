package safehttp

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The client's bounds.
const (
	redirectsMax = 5
	perHost      = 8  // documents at a time that one asker has from one host
	bulkPerHost  = 32 // the same of archives: some slow ones hold up no other
)

// CredentialType is how a credential is sent.
type CredentialType int

// The ways.
const (
	Basic  CredentialType = iota // RFC 7617
	Bearer                       // RFC 6750
	Header                       // a header of its own
)

// Credential is what one origin asks of its clients. It is never printed.
type Credential struct {
	Origin   string // see Origin
	Type     CredentialType
	Username string
	Secret   string
	Header   string // its name, for Header
	// Also tells which other addresses it is for, as those of the same host's API; nil: none.
	Also func(u *url.URL) bool
}

// String implements fmt.Stringer without the secret.
func (c Credential) String() string { return "credential of " + c.Origin }

// GoString implements fmt.GoStringer without the secret.
func (c Credential) GoString() string { return c.String() }

// IsFor tells whether an address may be sent the credential.
func (c *Credential) IsFor(u *url.URL) bool {
	return c != nil && (Origin(u) == c.Origin || c.Also != nil && c.Also(u))
}

// apply sets the credential on a request to its own origin; any other request goes without.
func (c *Credential) apply(r *http.Request) {
	if !c.IsFor(r.URL) {
		return
	}
	switch c.Type {
	case Basic:
		r.SetBasicAuth(c.Username, c.Secret)
	case Bearer:
		r.Header.Set("Authorization", "Bearer "+c.Secret)
	case Header:
		r.Header.Set(c.Header, c.Secret)
	}
}

// StatusError is an answer other than the expected ones.
type StatusError struct {
	Status         int
	Host           string
	RedirectedFrom string // the host that was asked, where it redirected to another; else empty
	Header         http.Header
}

func (e *StatusError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("%s answered %d %s", e.Host, e.Status, http.StatusText(e.Status)))
}

// Client asks upstreams. Safe for concurrent use.
type Client struct {
	policy   Policy
	public   func(netip.Addr) bool // tells the world's addresses from private ones
	resolver *net.Resolver         // nil: the system's
	outside  *http.Client          // reaches public addresses alone
	inside   *http.Client          // reaches also private addresses that the policy allows; shares no connection
	agent    string
	proxies  Proxies  // nil: none
	known    sync.Map // of proxies, by host and port: who is dialled without being an upstream
	pace     Pace
	now      func() time.Time
	breaker  *breaker

	mu    sync.Mutex
	hosts map[placesOf]chan struct{} // a place for each request under way
}

// placesOf names the places that one asker has at one host.
type placesOf struct {
	host, asker string
	bulk        bool
}

// New makes a client that keeps a policy and calls itself by a User-Agent.
func New(policy Policy, agent string) *Client { return NewPaced(policy, agent, DefaultPace) }

// NewPaced is New with another pace.
func NewPaced(policy Policy, agent string, pace Pace) *Client {
	return NewTimed(policy, agent, pace, time.Now)
}

// NewTimed is NewPaced with another clock.
func NewTimed(policy Policy, agent string, pace Pace, now func() time.Time) *Client {
	c := &Client{policy: policy, public: public, agent: agent, pace: pace, now: now, breaker: newBreaker(), hosts: map[placesOf]chan struct{}{}}
	c.outside, c.inside = c.reaching(false), c.reaching(true)
	return c
}

func (c *Client) reaching(private bool) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy: func(r *http.Request) (*url.URL, error) { return c.proxy(r, private) },
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return c.dial(ctx, network, address, private)
			},
			TLSHandshakeTimeout:    5 * time.Second,
			ResponseHeaderTimeout:  c.pace.Header,
			IdleConnTimeout:        60 * time.Second,
			MaxIdleConnsPerHost:    perHost,
			MaxResponseHeaderBytes: 64 << 10,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true, // done here, with a bound
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Options of one request.
type Options struct {
	Credential      *Credential
	IfModifiedSince string
	IfNoneMatch     string
	Accept          string // empty: whatever there is
	Form            string // encoded, of a POST; empty: a GET
	Body            []byte // of a POST; nil: a GET, or Form
	Header          http.Header
	MaxBytes        int64 // of the body, unpacked; more is an error while reading
	// Inside lets the request reach private addresses that the policy allows: for an address that the operator or an
	// administrator gave, and for what an answer from such an address leads to.
	Inside bool
	Asker  string // each has places of its own at a host, so that a slow one holds up no other
	Bulk   bool   // an archive: has places of its own
	Probe  bool   // it is sent even while the host is taken for out of reach: what a sync begins with
}

// Response is an answer of status 200 or 304. Its Body must be closed.
type Response struct {
	Status        int
	Header        http.Header
	Body          io.ReadCloser
	ContentLength int64  // of Body; negative when unknown
	Inside        bool   // it came from a private address, so that what it says may lead to one
	Host          string // that answered: another than was asked, where that one redirected
}

// Get asks for a URL. Answers other than 200 and 304 are a *StatusError; what policy forbids is ErrBlocked; where the host
// is taken for out of reach it is *OutOfReach, at once. A failure that may pass is tried again.
func (c *Client) Get(ctx context.Context, rawURL string, o Options) (*Response, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("%w: its address cannot be read", ErrBlocked)
	}
	// The time is all that the answer may take, from the first try to its last byte.
	ctx, cancel := context.WithTimeoutCause(ctx, c.pace.total(o.Bulk), fmt.Errorf("%w: it took longer than %s", ErrSlow, c.pace.total(o.Bulk)))
	response, err := c.tries(ctx, u, o)
	if err != nil {
		defer cancel()
		if cause := context.Cause(ctx); errors.Is(cause, ErrSlow) {
			return nil, cause
		}
		return nil, clean(err)
	}
	response.Body = &timedBody{response.Body, ctx, cancel}
	return response, nil
}

func (c *Client) tries(ctx context.Context, u *url.URL, o Options) (*Response, error) {
	for try := 1; ; try++ {
		response, wait, err := c.try(ctx, u, o)
		if err == nil || try >= c.pace.Tries || !passing(err) || ctx.Err() != nil {
			return response, err
		}
		wait = max(min(wait, c.pace.LongestWait), time.Duration(float64(c.pace.Wait)*float64(int(1)<<(try-1))*(0.5+rand.Float64())))
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// passing tells whether a failure may be gone the next time.
func passing(err error) bool {
	var status *StatusError
	if errors.As(err, &status) {
		return failing(status.Status)
	}
	if _, known := errors.AsType[*OutOfReach](err); known {
		return false
	}
	return !errors.Is(err, ErrBlocked) && !errors.Is(err, ErrSlow)
}

// clean says for people what failed, without the URL that net/http puts into errors: it may have secrets in its query.
func clean(err error) error {
	var wrapped *url.Error
	if !errors.As(err, &wrapped) {
		return err
	}
	host := "the host"
	if u, err := url.Parse(wrapped.URL); err == nil && u.Host != "" {
		host = u.Host
	}
	return Said(host, wrapped.Err)
}

// try asks once, following redirects.
func (c *Client) try(ctx context.Context, u *url.URL, o Options) (*Response, time.Duration, error) {
	asked := u.Host
	for range redirectsMax + 1 {
		answer, inside, release, err := c.ask(ctx, u, o)
		if err != nil {
			return nil, 0, err
		}
		if next, err := redirection(u, answer); next != nil || err != nil {
			discard(answer, release)
			if err != nil {
				return nil, 0, err
			}
			u, o.Inside = next, inside
			continue
		}
		if answer.StatusCode != http.StatusOK && (answer.StatusCode != http.StatusNotModified || o.IfModifiedSince == "" && o.IfNoneMatch == "") {
			discard(answer, release)
			failed := &StatusError{Status: answer.StatusCode, Host: u.Host, Header: answer.Header}
			if u.Host != asked {
				failed.RedirectedFrom = asked
			}
			return nil, waitOf(answer), failed
		}
		response, err := unpack(answer, o.MaxBytes, release)
		if response != nil {
			response.Inside, response.Host = inside, u.Host
		}
		return response, 0, err
	}
	return nil, 0, fmt.Errorf("%w: it redirects more than %d times", ErrBlocked, redirectsMax)
}

// ask asks once. inside tells that the answer came from a private address.
func (c *Client) ask(ctx context.Context, u *url.URL, o Options) (answer *http.Response, inside bool, release func(), err error) {
	if err := c.policy.CheckURL(u); err != nil {
		return nil, false, nil, err
	}
	if address, err := netip.ParseAddr(u.Hostname()); err == nil && !o.Inside && !c.public(address.Unmap()) {
		return nil, false, nil, privatef("%s is private, and only a source that is itself at a private address may lead to one", u.Hostname())
	}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		inside = c.isPrivate(got.Conn.RemoteAddr())
	}})
	request, err := newRequest(ctx, u, o)
	if err != nil {
		return nil, false, nil, err
	}
	request.Header.Set("User-Agent", c.agent)
	if o.Body == nil { // else little is read of the answer, as it is
		request.Header.Set("Accept-Encoding", "gzip")
	}
	if o.IfModifiedSince != "" {
		request.Header.Set("If-Modified-Since", o.IfModifiedSince)
	}
	if o.IfNoneMatch != "" {
		request.Header.Set("If-None-Match", o.IfNoneMatch)
	}
	if o.Accept != "" {
		request.Header.Set("Accept", o.Accept)
	}
	o.Credential.apply(request)
	release, err = c.place(ctx, placesOf{u.Host, o.Asker, o.Bulk})
	if err != nil {
		return nil, false, nil, err
	}
	begun := c.now()
	if err := c.breaker.admit(Origin(u), u.Host, o.Probe, begun); err != nil {
		release()
		return nil, false, nil, err
	}
	client := c.outside
	if o.Inside {
		client = c.inside
	}
	if answer, err = client.Do(request); err != nil {
		release()
		c.heard(u, begun, 0, silent(err), clean(err))
		return nil, false, nil, err
	}
	switch status := answer.StatusCode; {
	case failing(status):
		c.heard(u, begun, waitOf(answer), true, &StatusError{Status: status, Host: u.Host})
	case status == http.StatusOK || status == http.StatusNotModified: // once it has come
		answer.Body = &heardBody{pacedReader: pacedReader{r: answer.Body, pace: c.pace, now: c.now}, body: answer.Body,
			say: func(err error) { c.heard(u, begun, 0, stalled(err), err) }}
	default:
		c.heard(u, begun, 0, false, nil)
	}
	if c.proxied(u) { // the connection ends at the proxy, which says nothing of where the answer came from; the name does
		inside = o.Inside && (c.policy.allowsHost(u.Hostname()) || c.checkName(ctx, u.Hostname(), false) != nil)
	}
	return answer, inside, release, nil
}

func newRequest(ctx context.Context, u *url.URL, o Options) (*http.Request, error) {
	switch {
	case o.Body != nil:
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(o.Body))
		if err == nil {
			request.Header = o.Header.Clone()
		}
		return request, err
	case o.Form == "":
		return http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(o.Form))
	if err == nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return request, err
}

// place waits for one of an asker's places at a host.
func (c *Client) place(ctx context.Context, of placesOf) (release func(), err error) {
	c.mu.Lock()
	places := c.hosts[of]
	if places == nil {
		places = make(chan struct{}, perHost)
		if of.bulk {
			places = make(chan struct{}, bulkPerHost)
		}
		c.hosts[of] = places
	}
	c.mu.Unlock()
	select {
	case places <- struct{}{}:
		return sync.OnceFunc(func() { <-places }), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func discard(answer *http.Response, release func()) {
	io.CopyN(io.Discard, answer.Body, 64<<10) // so that the connection can be used again
	answer.Body.Close()
	release()
}

// redirection is where an answer sends the client; nil for an answer that does not.
func redirection(from *url.URL, answer *http.Response) (*url.URL, error) {
	switch answer.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, nil
	}
	to, err := from.Parse(answer.Header.Get("Location"))
	if err != nil || answer.Header.Get("Location") == "" {
		return nil, fmt.Errorf("%w: it redirects to no address", ErrBlocked)
	}
	if from.Scheme == "https" && to.Scheme != "https" {
		return nil, fmt.Errorf("%w: it redirects from https to %s", ErrBlocked, to.Scheme)
	}
	return to, nil
}

// waitOf is how long an answer asks to wait.
func waitOf(answer *http.Response) time.Duration {
	seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	if err != nil || seconds < 0 || seconds > 1e6 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// unpack undoes gzip and bounds the body.
func unpack(answer *http.Response, maxBytes int64, release func()) (*Response, error) {
	r := &Response{Status: answer.StatusCode, Header: answer.Header, ContentLength: answer.ContentLength}
	body := io.Reader(answer.Body)
	if answer.StatusCode == http.StatusOK && answer.Header.Get("Content-Encoding") == "gzip" {
		packed, err := gzip.NewReader(answer.Body)
		if err != nil {
			discard(answer, release)
			if errors.Is(err, ErrSlow) {
				return nil, err
			}
			return nil, fmt.Errorf("the answer of %s is not the gzip it says it is", answer.Request.URL.Host)
		}
		body, r.ContentLength = packed, -1
	}
	r.Body = &boundedBody{body, answer.Body, maxBytes, release}
	return r, nil
}

// boundedBody fails when more comes than was agreed.
type boundedBody struct {
	r       io.Reader
	body    io.Closer
	left    int64
	release func()
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errors.New("the answer is larger than is accepted")
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n, errors.New("the answer is larger than is accepted")
	}
	return n, err
}

func (b *boundedBody) Close() error {
	defer b.release()
	return b.body.Close()
}
