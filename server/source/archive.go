package source

import (
	"context"
	"errors"
	"io"
	"net/url"

	"broker/server/metadata"
	"broker/server/safehttp"
)

// Dist is what a source says of a version's archive.
type Dist struct {
	URL       string
	Type      string // zip, tar, …
	Reference string // the commit; empty where the source names none
	Shasum    string // SHA-1 in hex; empty where the source names none
	Ahead     bool   // nobody waits for it: it takes no place at a host from those that somebody does
}

// Blob is the bytes of an archive as they come, and what is known of them. It must be closed.
type Blob struct {
	io.ReadCloser
	Size int64  // bytes; negative when unknown
	SHA1 string // hex; empty when unknown
}

// Archive implements Source.
func (c *Composer) Archive(ctx context.Context, d Dist) (Blob, error) {
	if of, ok := metadata.CutPacked(d.URL); ok {
		return c.pack(ctx, of)
	}
	o := safehttp.Options{MaxBytes: archiveMax, Bulk: true}
	if d.Ahead {
		o.Asker = c.root.String() + " ahead"
	}
	response, err := c.get(ctx, d.URL, o)
	if err != nil {
		return Blob{}, err
	}
	return Blob{ReadCloser: response.Body, Size: response.ContentLength, SHA1: d.Shasum}, nil
}

// lead asks for an address that the source itself is at, or leads to. Only a source that answers from a private address
// may lead to others of them; whether it does is asked when it matters.
func (c *Composer) lead(ctx context.Context, address string, o safehttp.Options) (*safehttp.Response, error) {
	u, err := url.Parse(address)
	o.Inside = err == nil && safehttp.Origin(u) == safehttp.Origin(c.root)
	response, err := c.client.Get(ctx, address, o)
	if o.Inside || !errors.Is(err, safehttp.ErrBlocked) {
		return response, err
	}
	if o.Inside = c.inside(ctx); !o.Inside {
		return nil, err
	}
	return c.client.Get(ctx, address, o)
}

// inside tells whether the source itself answers from a private address.
func (c *Composer) inside(ctx context.Context) bool {
	own, err := c.client.Get(ctx, c.root.String(), safehttp.Options{Credential: c.credential, Asker: c.root.String(), MaxBytes: rootMax, Inside: true})
	if err != nil {
		return false
	}
	own.Body.Close()
	return own.Inside
}
