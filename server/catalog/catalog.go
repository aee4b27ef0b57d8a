// Package catalog knows which packages exist, which repository each name belongs to, and each package's documents.
// It is the only writer of packages, versions, dists and documents, and serves them from memory.
package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"broker/ent"
	"broker/ent/document"
	"broker/server/cached"
	"broker/server/database"
	"broker/server/metadata"
)

// ErrNotFound says that no repository here has the package, or that it never had the dist.
var ErrNotFound = errors.New("not found")

// Document is bytes to serve as they are, with their validator.
type Document struct {
	Body         []byte // gzipped JSON
	Size         int    // bytes of the JSON
	RepositoryID string // which answers for the package; empty for packages.json
	LastModified string // an HTTP date (RFC 9110 section 5.6.7); compared for equality only
}

// Catalog serves and changes what is known of packages.
type Catalog struct {
	db        *database.DB
	publicURL *url.URL
	distBase  string // of the addresses of archives
	packers   sync.Pool

	documents *cached.Cache[documentKey, *Document] // nil: the package has no such document
	dists     *cached.Cache[distKey, *Dist]         // nil: there is no such dist
	roots     *cached.Cache[string, *Document]      // by the patterns of the view
	names     *names
}

type documentKey struct {
	name string
	dev  bool
}

// New serves the catalog of a database. publicURL is the base of every address handed out; bytes is how many of
// documents are kept in memory.
func New(db *database.DB, memory *cached.Memory, publicURL *url.URL, bytes uint64) *Catalog {
	c := &Catalog{db: db, publicURL: publicURL, names: newNames(db, memory)}
	c.distBase = c.address("dist") + "/"
	c.packers.New = func() any { return newPacker() }
	c.documents = cached.New(memory, cached.Options[documentKey, *Document]{
		Topics: []database.Topic{database.TopicPackage}, Bytes: bytes, LastKnown: true,
		Weigh:    func(k documentKey, d *Document) uint32 { return weight(len(k.name), d) },
		Subjects: func(k documentKey) []cached.Mark { return []cached.Mark{memory.Mark(database.TopicPackage, k.name)} },
	})
	c.dists = cached.New(memory, cached.Options[distKey, *Dist]{
		Topics: []database.Topic{database.TopicPackage, database.TopicDist}, Bytes: 32 << 20, LastKnown: true,
		Weigh: func(k distKey, _ *Dist) uint32 { return uint32(len(k.name)+len(k.version)) + 500 },
		Subjects: func(k distKey) []cached.Mark {
			return []cached.Mark{memory.Mark(database.TopicPackage, k.name), memory.Mark(database.TopicDist, k.name)}
		},
	})
	c.roots = cached.New(memory, cached.Options[string, *Document]{
		Topics: []database.Topic{database.TopicNames}, Any: true, Bytes: 32 << 20, LastKnown: true,
		Weigh: func(k string, d *Document) uint32 { return weight(len(k), d) },
	})
	return c
}

func weight(key int, d *Document) uint32 {
	const overhead = 200
	if d == nil {
		return uint32(key) + overhead
	}
	return uint32(key+len(d.Body)) + overhead
}

// Document returns the metadata of a package, lower case: its stable versions, or with dev its branches. ErrNotFound
// where there is none.
func (c *Catalog) Document(ctx context.Context, name string, dev bool) (*Document, error) {
	found, err := c.documents.Get(ctx, documentKey{name, dev}, func(ctx context.Context) (*Document, error) {
		return c.readDocument(ctx, name, dev)
	})
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, ErrNotFound
	}
	return found, nil
}

func (c *Catalog) readDocument(ctx context.Context, name string, dev bool) (*Document, error) {
	answers, err := Answering(ctx, c.db.Client, name)
	if err != nil || answers == nil {
		return nil, err
	}
	row, err := c.db.Client.Document.Query().Where(document.Dev(dev), document.PackageID(answers.ID)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the document of %s: %w", name, err)
	}
	return &Document{Body: row.Body, Size: row.Size, LastModified: validator(row.Digest), RepositoryID: *answers.RepositoryID}, nil
}

// Metadata is the composer.json of one version of a package, cut from the package's document; that of a version which
// the source no longer has says its name alone.
func Metadata(ctx context.Context, v *ent.PackageVersion) (string, error) {
	of, err := v.QueryPackage().WithDocuments(func(q *ent.DocumentQuery) { q.Where(document.Dev(v.Dev)) }).Only(ctx)
	if err != nil {
		return "", fmt.Errorf("read the package of %s: %w", v.ID, err)
	}
	for _, row := range of.Edges.Documents {
		body, err := decompress(row.Body, row.Size)
		if err != nil {
			return "", fmt.Errorf("read the document of %s: %w", of.Name, err)
		}
		if found := metadata.VersionJSON(of.Name, body, v.NormalizedVersion); found != nil {
			return string(found), nil
		}
	}
	alone, err := json.Marshal(map[string]string{"name": of.Name, "version": v.Version})
	return string(alone), err
}

// address is an absolute URL of this server; path segments are escaped.
func (c *Catalog) address(segments ...string) string {
	var b strings.Builder
	b.WriteString(strings.TrimSuffix(c.publicURL.String(), "/"))
	for _, segment := range segments {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(segment))
	}
	return b.String()
}
