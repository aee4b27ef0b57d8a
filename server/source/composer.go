// Package source talks to upstreams.
package source

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"

	"broker/server/metadata"
	"broker/server/pattern"
	"broker/server/safehttp"
)

// Errors of a source. ErrNotFound is the source's own word that it does not have something; ErrUnavailable is
// anything that keeps it from answering, which may pass.
var (
	ErrNotFound    = errors.New("the source does not have it")
	ErrUnavailable = errors.New("the source cannot be reached")
)

// The largest answers, in bytes, unpacked.
const (
	rootMax     = 64 << 20
	documentMax = 32 << 20
	archiveMax  = 512 << 20
)

// Source is one upstream.
type Source interface {
	// List returns what the source has.
	List(ctx context.Context) (Listing, error)
	// Metadata returns a package's document; with a validator of an earlier one, NotModified where it is unchanged.
	Metadata(ctx context.Context, name string, dev bool, validator string) (Document, error)
	// Archive fetches the file of a dist.
	Archive(ctx context.Context, dist Dist) (Blob, error)
}

// Listing is what a source has.
type Listing struct {
	Names   []string          // valid, lower case, sorted
	Listed  bool              // false: the source does not tell its names
	Inline  map[string][]byte // documents that the list itself held, by name
	Skipped []metadata.Skip   // names that are none
}

// Document is a package's metadata as the source gives it.
type Document struct {
	Body         []byte
	LastModified string
	NotModified  bool
}

// Composer is a Composer repository.
type Composer struct {
	client     *safehttp.Client
	root       *url.URL
	credential *safehttp.Credential

	mu       sync.Mutex
	template string // of metadata, absolute with %package%; empty until the root was read, or when it has none
}

var _ Source = (*Composer)(nil)

// NewComposer returns the repository at an address, which may name its packages.json.
func NewComposer(client *safehttp.Client, address string, credential *safehttp.Credential) (*Composer, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q is not an address", address)
	}
	if !strings.Contains(u.Path, ".json") {
		u.Path = strings.TrimSuffix(u.Path, "/") + "/packages.json"
	}
	return &Composer{client: client, root: u, credential: credential}, nil
}

// rootDocument is what is read of packages.json.
type rootDocument struct {
	Packages          json.RawMessage `json:"packages"`
	MetadataURL       string          `json:"metadata-url"`
	AvailablePackages []string        `json:"available-packages"`
	List              string          `json:"list"`
	Includes          map[string]struct {
		SHA1 string `json:"sha1"`
	} `json:"includes"`
}

// List implements Source.
func (c *Composer) List(ctx context.Context) (Listing, error) {
	body, err := c.read(ctx, c.root, rootMax)
	if err != nil {
		return Listing{}, fmt.Errorf("read packages.json: %w", err)
	}
	var root rootDocument
	if err := json.Unmarshal(body, &root); err != nil {
		return Listing{}, errors.New("read packages.json: it is not the JSON of a Composer repository")
	}
	if root.MetadataURL == "" {
		return c.inline(ctx, body, root)
	}
	if err := c.keepTemplate(root.MetadataURL); err != nil {
		return Listing{}, err
	}
	names, listed := root.AvailablePackages, len(root.AvailablePackages) > 0
	if !listed && root.List != "" {
		if names, err = c.readList(ctx, root.List); err != nil {
			return Listing{}, err
		}
		listed = true
	}
	return listing(names, listed), nil
}

// keepTemplate resolves metadata-url as Composer does: what begins with a slash belongs to the host.
func (c *Composer) keepTemplate(template string) error {
	if !strings.Contains(template, "%package%") {
		return errors.New("read packages.json: its metadata-url has no %package%")
	}
	// % begins an escape in a URL, so that the placeholder is kept as a word while resolving.
	const word = "-package-placeholder-"
	u, err := c.root.Parse(strings.ReplaceAll(template, "%package%", word))
	if err != nil {
		return errors.New("read packages.json: its metadata-url is not an address")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.template = strings.ReplaceAll(u.String(), word, "%package%")
	return nil
}

func (c *Composer) readList(ctx context.Context, address string) ([]string, error) {
	u, err := c.root.Parse(address)
	if err != nil {
		return nil, errors.New("read packages.json: its list is not an address")
	}
	body, err := c.read(ctx, u, rootMax)
	if err != nil {
		return nil, fmt.Errorf("read the list of packages: %w", err)
	}
	var list struct {
		PackageNames []string `json:"packageNames"`
	}
	if err := json.Unmarshal(body, &list); err != nil || list.PackageNames == nil {
		return nil, errors.New("read the list of packages: it has no packageNames")
	}
	return list.PackageNames, nil
}

func listing(names []string, listed bool) Listing {
	l := Listing{Listed: listed}
	for _, name := range names {
		name = strings.ToLower(name)
		if pattern.ValidName(name) {
			l.Names = append(l.Names, name)
			continue
		}
		if len(name) > 100 {
			name = name[:100] + "…"
		}
		l.Skipped = append(l.Skipped, metadata.Skip{Package: name, Reason: "no package can have this name"})
	}
	slices.Sort(l.Names)
	l.Names = slices.Compact(l.Names)
	return l
}

// inline reads a repository that has its packages in packages.json itself, or in files that it includes (Satis).
func (c *Composer) inline(ctx context.Context, body []byte, root rootDocument) (Listing, error) {
	documents, err := metadata.ReadPackages(body)
	if err != nil {
		return Listing{}, fmt.Errorf("read packages.json: %w", err)
	}
	if documents == nil {
		documents = map[string][]byte{}
	}
	for name, include := range root.Includes {
		more, err := c.include(ctx, name, include.SHA1)
		if err != nil {
			return Listing{}, err
		}
		for name, document := range more {
			documents[name] = document
		}
	}
	names := make([]string, 0, len(documents))
	for name := range documents {
		names = append(names, name)
	}
	l := listing(names, len(root.Packages) > 0 || len(root.Includes) > 0)
	l.Inline = documents
	return l, nil
}

func (c *Composer) include(ctx context.Context, name, sum string) (map[string][]byte, error) {
	base := *c.root
	base.Path = path.Dir(base.Path) + "/"
	u, err := base.Parse(name)
	if err != nil || u.Host != c.root.Host {
		return nil, fmt.Errorf("read packages.json: it includes %q, which is not a file of the source", name)
	}
	body, err := c.read(ctx, u, rootMax)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if got := sha1.Sum(body); sum != "" && hex.EncodeToString(got[:]) != sum {
		return nil, fmt.Errorf("read %s: %w: its checksum is not the one packages.json names", name, ErrUnavailable)
	}
	return metadata.ReadPackages(body)
}

// Metadata implements Source. List must have been called.
func (c *Composer) Metadata(ctx context.Context, name string, dev bool, validator string) (Document, error) {
	c.mu.Lock()
	template := c.template
	c.mu.Unlock()
	if template == "" {
		return Document{}, fmt.Errorf("%w: packages.json was not read", ErrUnavailable)
	}
	if dev {
		name += "~dev"
	}
	response, err := c.get(ctx, strings.ReplaceAll(template, "%package%", name), safehttp.Options{
		IfModifiedSince: validator, MaxBytes: documentMax,
	})
	if err != nil {
		return Document{}, err
	}
	defer response.Body.Close()
	if response.Status == http.StatusNotModified {
		return Document{NotModified: true, LastModified: validator}, nil
	}
	body, err := readAll(response)
	if err != nil {
		return Document{}, err
	}
	return Document{Body: body, LastModified: response.Header.Get("Last-Modified")}, nil
}

func (c *Composer) read(ctx context.Context, u *url.URL, maxBytes int64) ([]byte, error) {
	response, err := c.get(ctx, u.String(), safehttp.Options{MaxBytes: maxBytes})
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return readAll(response)
}

// readAll reads a body whole; one that breaks off is a source that cannot be reached.
func readAll(response *safehttp.Response) ([]byte, error) {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("%w: its answer broke off: %w", ErrUnavailable, err)
	}
	if len(body) == 0 {
		return nil, fmt.Errorf("%w: its answer is empty", ErrUnavailable)
	}
	return body, nil
}

// get asks with the source's credential, which the client sends to its own origin only, and sorts the failures.
func (c *Composer) get(ctx context.Context, address string, o safehttp.Options) (*safehttp.Response, error) {
	o.Credential, o.Asker = c.credential, c.root.String()
	response, err := c.lead(ctx, address, o)
	if err == nil {
		return response, nil
	}
	var status *safehttp.StatusError
	switch {
	case errors.Is(err, safehttp.ErrBlocked):
		return nil, err
	case errors.As(err, &status) && (status.Status == http.StatusNotFound || status.Status == http.StatusGone):
		return nil, fmt.Errorf("%w: %w", ErrNotFound, err)
	case errors.As(err, &status) && (status.Status == http.StatusUnauthorized || status.Status == http.StatusForbidden):
		return nil, fmt.Errorf("%w; check the repository's credential", err)
	}
	return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
}
