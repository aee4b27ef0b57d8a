package source

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"broker/server/metadata"
	"broker/server/safehttp"
	"broker/server/text"
)

// archiveMax is the largest archive, in bytes.
const archiveMax = 512 << 20

// Composer is a Composer repository.
type Composer struct {
	client     *safehttp.Client
	budget     *Budget
	reader     *metadata.Reader
	root       *url.URL
	credential *safehttp.Credential

	packing *Packing // nil: nothing is packed here

	list list // as Names read it; before, it is empty
}

var _ Source = (*Composer)(nil)

// NewComposer returns the repository at an address, which may name its packages.json.
func NewComposer(client *safehttp.Client, budget *Budget, address string, credential *safehttp.Credential) (*Composer, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q is not an address", address)
	}
	if !strings.Contains(u.Path, ".json") {
		u.Path = strings.TrimSuffix(u.Path, "/") + "/packages.json"
	}
	reader := metadata.NewReader()
	reader.Upstream, reader.Pause = true, budget.parsing.Pause
	return &Composer{client: client, budget: budget, reader: reader, root: u, credential: credential}, nil
}

// Package implements Source.
func (c *Composer) Package(ctx context.Context, name string, known Known) (Package, error) {
	if versions, ok := c.list.inline[name]; ok {
		return c.inlined(name, versions, known)
	}
	if hash, ok := c.list.hashes[name]; ok && known.Stable == byDigest(hash) {
		return Package{Unchanged: true, Validators: known.Validators, Release: func() {}}, nil
	}
	h, err := c.budget.documents.hold(ctx)
	if err != nil {
		return Package{}, err
	}
	p, err := c.read(ctx, h, name, known)
	release := h.settle()
	if err != nil || p.Unchanged {
		release()
		release = func() {}
	}
	p.Release = release
	return p, err
}

// inlined reads a package that the list itself held.
func (c *Composer) inlined(name string, versions [][]byte, known Known) (Package, error) {
	p := Package{Digest: digest(versions...), Release: func() {}}
	if string(p.Digest) == string(known.Digest) {
		p.Unchanged = true
		return p, nil
	}
	var err error
	p.Versions, p.Skipped, err = c.reader.ReadVersions(name, versions)
	return p, unusable(err)
}

func unusable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrUnusable, err)
}

// digest tells bytes from others; where one part ends counts.
func digest(parts ...[]byte) []byte {
	sum := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(sum, "%d\n", len(part))
		sum.Write(part)
	}
	return sum.Sum(nil)
}

func byDigest(hash string) string { return "sha256:" + hash }

func (c *Composer) read(ctx context.Context, h *hold, name string, known Known) (Package, error) {
	stable, dev, err := c.documents(ctx, h, name, known)
	if err != nil {
		return Package{}, err
	}
	p := Package{Validators: Validators{stable.validator, dev.validator}}
	if stable.same && dev.same {
		p.Unchanged = true
		return p, nil
	}
	p.Digest = digest(stable.body, dev.body)
	if string(p.Digest) == string(known.Digest) {
		p.Unchanged = true
		return p, nil
	}
	err = c.budget.parsing.Do(ctx, func() error {
		if c.list.advised && stable.body != nil {
			p.Advised, p.Advisories = true, metadata.DocumentAdvisories(name, stable.body)
		}
		if len(c.list.filters) > 0 && stable.body != nil {
			p.Filtered = metadata.DocumentFilter(name, stable.body, c.list.filters)
		}
		return c.parse(&p, name, stable.body, dev.body)
	})
	return p, err
}

// Filters implements Filterer (the key filter of packages.json).
func (c *Composer) Filters() []string { return c.list.filters }

// parse reads documents into versions. A version that both have is taken once. One of the two may hold no package, which
// some servers answer instead of 404.
func (c *Composer) parse(p *Package, name string, bodies ...[]byte) error {
	var first error // of documents without a package
	for i, body := range bodies {
		if body == nil {
			continue
		}
		versions, skipped, err := c.reader.Read(name, body)
		if errors.Is(err, metadata.ErrEmpty) {
			if i == 0 {
				first = err
			}
			continue
		}
		if err != nil {
			return unusable(err)
		}
		p.Skipped = append(p.Skipped, skipped...)
		p.Versions = join(p.Versions, versions)
	}
	if len(p.Versions) > 0 { // branches alone are a package
		first = nil
	}
	return unusable(first)
}

// join adds the versions of another document, but for those that are there already.
func join(versions, others []metadata.Version) []metadata.Version {
	if len(versions) == 0 || len(others) == 0 {
		return append(others, versions...)
	}
	seen := make(map[string]bool, len(versions))
	for i := range versions {
		seen[versions[i].Normalized] = true
	}
	for _, v := range others {
		if !seen[v.Normalized] {
			versions = append(versions, v)
		}
	}
	return versions
}

// document is one of a package's documents.
type document struct {
	same      bool   // as it was known
	body      []byte // nil where it is the same, or where the source does not have it
	validator string
}

// documents reads both documents of a package, of which one may be all there is. Where one changed the other is read as
// well: a package is stored as a whole.
func (c *Composer) documents(ctx context.Context, h *hold, name string, known Known) (stable, dev document, err error) {
	switch hash, ok := c.list.hashes[name]; {
	case ok && (hash != "" || c.list.lazy == ""):
		stable, err = c.hashed(ctx, h, name, hash)
		return stable, document{same: false, validator: Absent}, err
	case c.list.lazy != "":
		stable, err = c.document(ctx, h, c.list.lazy, name, known.Stable)
		if err == nil && stable.validator == Absent {
			err = ErrNotFound
		}
		return stable, document{same: stable.same, validator: Absent}, err
	case c.list.hashes != nil, !c.list.some.has(name):
		return stable, dev, ErrNotFound
	}
	if stable, err = c.document(ctx, h, c.list.template, name, known.Stable); err != nil {
		return stable, dev, err
	}
	if dev, err = c.document(ctx, h, c.list.template, name+"~dev", known.Dev); err != nil {
		return stable, dev, err
	}
	if stable.validator == Absent && dev.validator == Absent {
		return stable, dev, ErrNotFound
	}
	if stable.same && !dev.same && stable.validator != Absent {
		stable, err = c.document(ctx, h, c.list.template, name, "")
	}
	if err == nil && dev.same && !stable.same && dev.validator != Absent {
		dev, err = c.document(ctx, h, c.list.template, name+"~dev", "")
	}
	return stable, dev, err
}

// document asks for one document; with a validator of an earlier one it may be the same.
func (c *Composer) document(ctx context.Context, h *hold, template, name, known string) (document, error) {
	if template == "" {
		return document{}, fmt.Errorf("%w: its packages.json was not read", ErrUnavailable)
	}
	o := safehttp.Options{MaxBytes: documentMax}
	if known != Absent {
		o.IfModifiedSince = known
	}
	address := strings.ReplaceAll(template, "%package%", name)
	a, err := h.get(ctx, func() (*safehttp.Response, error) { return c.get(ctx, address, o) })
	if errors.Is(err, ErrNotFound) {
		return document{same: known == Absent, validator: Absent}, nil
	}
	if err != nil {
		return document{}, err
	}
	if a.status == http.StatusNotModified {
		return document{same: true, validator: known}, nil
	}
	return document{body: a.body, validator: text.Line(a.header.Get("Last-Modified"), validatorMax)}, nil
}

// validatorMax is how long a validator is kept, in bytes. A longer one never fits again, and the document is read each
// time.
const validatorMax = 255

// hashed reads the document of a package whose digest the list names (protocol of Composer 1).
func (c *Composer) hashed(ctx context.Context, h *hold, name, hash string) (document, error) {
	address := strings.NewReplacer("%package%", name, "%hash%", hash).Replace(c.list.template)
	a, err := h.get(ctx, func() (*safehttp.Response, error) {
		return c.get(ctx, address, safehttp.Options{MaxBytes: documentMax})
	})
	if errors.Is(err, ErrNotFound) { // it was replaced since the list was read
		return document{}, fmt.Errorf("%w: it has no document of %s by the digest that it names", ErrOutdated, name)
	}
	if sum := sha256.Sum256(a.body); err == nil && hash != "" && hex.EncodeToString(sum[:]) != hash {
		err = fmt.Errorf("%w: the document of %s is not the one that it names", ErrOutdated, name)
	}
	return document{body: a.body, validator: byDigest(hash)}, err
}

// noLonger is a status with which some servers say that they do not have a package, and why (Composer's
// Repository\ComposerRepository).
const noLonger = 499

// get asks with the source's credential, which the client sends to its own origin only, and sorts the failures.
func (c *Composer) get(ctx context.Context, address string, o safehttp.Options) (*safehttp.Response, error) {
	o.Credential, o.Asker = c.credential, cmp.Or(o.Asker, c.root.String())
	response, err := c.lead(ctx, address, o)
	if err == nil {
		return response, nil
	}
	var status *safehttp.StatusError
	switch {
	case errors.Is(err, safehttp.ErrBlocked):
		return nil, err
	case errors.As(err, &status) && (status.Status == http.StatusNotFound || status.Status == http.StatusGone || status.Status == noLonger):
		return nil, &absent{err}
	case errors.As(err, &status) && (status.Status == http.StatusUnauthorized || status.Status == http.StatusForbidden):
		return nil, fmt.Errorf("%w: %w; %s", ErrRefused, err, c.advice(status))
	}
	return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// absent is an ErrNotFound and what the source said. Most packages have no document of their branches, and nobody reads
// why.
type absent struct{ said error }

func (a *absent) Error() string { return ErrNotFound.Error() + ": " + a.said.Error() }

// Unwrap tells errors.Is and errors.As what it is.
func (a *absent) Unwrap() []error { return []error{ErrNotFound, a.said} }

// advice says what to do about a refusal.
func (c *Composer) advice(status *safehttp.StatusError) string {
	switch {
	case status.RedirectedFrom != "":
		return fmt.Sprintf("%s redirects there, and the repository's credential is for %[1]s only: give the repository the address that is redirected to", status.RedirectedFrom)
	case c.credential == nil:
		return "give the repository a credential"
	}
	return "check the repository's credential"
}
