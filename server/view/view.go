// Package view is what one token sees of the catalog: packages.json, documents, archives, names and searches. It keeps
// what it read in memory, until an announcement names it, and asks the repositories' order who answers for a name.
package view

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"broker/ent"
	"broker/ent/claim"
	"broker/ent/document"
	"broker/ent/pkg"
	"broker/server/cached"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/metadata"
	"broker/server/pattern"
	"broker/server/repository"
)

// Document is bytes to serve as they are, with their validator.
type Document struct {
	Body         []byte // gzipped JSON
	Size         int    // bytes of the JSON
	RepositoryID string // which answers for the package; empty for packages.json, and for a name that is closed
	LastModified string // an HTTP date (RFC 9110 section 5.6.7); compared for equality only

	follow   []string // repositories that may have the package and come before the one that answers
	followed bool     // the one that answers is followed by name

	until time.Time // when another of its versions is offered; zero where none is held back
}

// Follower fetches what sources that do not list their packages have.
type Follower interface {
	// Follow asks repositories for a package, in their order, and tells whether one of them has it: then it is stored.
	Follow(ctx context.Context, name string, repositories []string) (bool, error)
	// Refresh has a package read again beside, if that was not done lately.
	Refresh(repository, name string)
}

// View serves the catalog of a database.
type View struct {
	db        *database.DB
	publicURL *url.URL
	owners    *repository.Owners
	follower  Follower

	documents *cached.Cache[documentKey, *Document] // without a body: no repository has the package
	dists     *cached.Cache[distKey, *offeredDist]
	roots     *cached.Cache[string, *Document] // by the patterns of the token
	seen      *cached.Cache[seenKey, bool]     // whether a token sees something of a repository
	names     *names
	blocks    *blocks
	withdrawn *cached.Cache[struct{}, withdrawn]
	narrowing narrowing
	newsroom  newsroom
	advised   *cached.Cache[struct{}, advised]
	flagged   *cached.Cache[struct{}, flagged]
}

type documentKey struct {
	name string
	dev  bool
}

type distKey struct{ name, version, reference string }

// New serves the catalog of a database. publicURL is the base of every address handed out; bytes is how many of
// documents are kept in memory.
func New(db *database.DB, memory *cached.Memory, owners *repository.Owners, follower Follower, publicURL *url.URL, bytes uint64) *View {
	v := &View{db: db, publicURL: publicURL, owners: owners, follower: follower, names: newNames(db, memory, owners),
		blocks: newBlocks(db, memory), withdrawn: newWithdrawn(memory), narrowing: newNarrowing(memory), newsroom: newNewsroom(memory)}
	v.documents = cached.New(memory, cached.Options[documentKey, *Document]{
		Topics: []database.Topic{database.TopicPackage}, Bytes: bytes, LastKnown: true,
		Until:    func(d *Document) time.Time { return d.until },
		Weigh:    func(k documentKey, d *Document) uint32 { return weight(len(k.name), d) },
		Subjects: func(k documentKey) []cached.Mark { return []cached.Mark{memory.Mark(database.TopicPackage, k.name)} },
	})
	v.dists = cached.New(memory, cached.Options[distKey, *offeredDist]{
		Topics: []database.Topic{database.TopicPackage, database.TopicDist}, Bytes: 32 << 20, LastKnown: true,
		Weigh: func(k distKey, _ *offeredDist) uint32 { return uint32(len(k.name)+len(k.version)) + 500 },
		Subjects: func(k distKey) []cached.Mark {
			return []cached.Mark{memory.Mark(database.TopicPackage, k.name), memory.Mark(database.TopicDist, k.name)}
		},
	})
	v.roots = cached.New(memory, cached.Options[string, *Document]{
		Topics: []database.Topic{database.TopicNames, database.TopicBlock, database.TopicFilter, database.TopicAdvisory}, Any: true, Bytes: 32 << 20, LastKnown: true,
		Weigh: func(k string, d *Document) uint32 { return weight(len(k), d) },
	})
	v.seen = cached.New(memory, cached.Options[seenKey, bool]{
		Topics: []database.Topic{database.TopicNames}, Any: true, Bytes: 4 << 20, LastKnown: true,
		Weigh: func(k seenKey, _ bool) uint32 { return uint32(len(k.patterns)+len(k.repository)) + 200 },
	})
	v.advised = cached.NewOne(memory, cached.Options[struct{}, advised]{
		Topics: []database.Topic{database.TopicAdvisory}, Any: true, LastKnown: true,
	})
	v.flagged = cached.NewOne(memory, cached.Options[struct{}, flagged]{
		Topics: []database.Topic{database.TopicFilter}, Any: true, LastKnown: true,
	})
	return v
}

// Serves tells whether an address is one of this server.
func (v *View) Serves(u *url.URL) bool {
	return u.Scheme == v.publicURL.Scheme && strings.EqualFold(u.Host, v.publicURL.Host)
}

func weight(key int, d *Document) uint32 {
	const overhead = 200
	if d == nil {
		return uint32(key) + overhead
	}
	return uint32(key+len(d.Body)) + overhead
}

// Document returns the metadata of a package, lower case: its stable versions, or with dev its branches. A name that is
// claimed and that nobody answers for has no versions. catalog.ErrNotFound where there is none, and
// *catalog.Unavailable where the owner of the name cannot be reached. Where a source must be asked first, admit says
// whether it may be: what it refuses costs no source a request.
func (v *View) Document(ctx context.Context, name string, dev bool, admit func() error) (*Document, error) {
	found, err := v.kept(ctx, name, dev)
	if err != nil {
		return nil, err
	}
	var unanswered error
	if len(found.follow) > 0 {
		if err := admit(); err != nil {
			return nil, err
		}
		var stored bool
		if stored, unanswered = v.follower.Follow(ctx, name, found.follow); stored {
			if found, err = v.kept(ctx, name, dev); err != nil {
				return nil, err
			}
		}
	}
	switch {
	case found.RepositoryID != "":
		if found.followed {
			v.follower.Refresh(found.RepositoryID, name)
		}
		return found, nil
	case unanswered != nil:
		return nil, unanswered
	case found.Body == nil:
		return nil, catalog.ErrNotFound
	}
	return found, v.reachable(ctx, name)
}

func (v *View) kept(ctx context.Context, name string, dev bool) (*Document, error) {
	return v.documents.Get(ctx, documentKey{name, dev}, func(ctx context.Context) (*Document, error) {
		return v.readDocument(ctx, name, dev)
	})
}

func (v *View) readDocument(ctx context.Context, name string, dev bool) (*Document, error) {
	answers, err := v.Package(ctx, v.db.Client, name)
	if err != nil {
		return nil, err
	}
	order, err := v.owners.Order(ctx)
	if err != nil {
		return nil, err
	}
	if answers == nil {
		d, err := closed(order, name, dev)
		if err != nil || d.Body == nil {
			return d, err
		}
		return d, v.complete(ctx, d, offers{name: name, dev: dev})
	}
	d := &Document{follow: order.Follows(name, *answers.RepositoryID), followed: order.Followed(*answers.RepositoryID)}
	row, err := v.db.Client.Document.Query().Where(document.Dev(dev), document.PackageID(answers.ID)).Only(ctx)
	if ent.IsNotFound(err) {
		return d, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the document of %s: %w", name, err)
	}
	d.Body, d.Size, d.LastModified, d.RepositoryID = row.Body, row.Size, validator(row.Digest), *answers.RepositoryID
	decided, err := v.offers(ctx, order, d.RepositoryID, name, dev)
	if err != nil {
		return nil, err
	}
	return d, v.complete(ctx, d, decided)
}

// closed is the document of a name that no repository answers for: where it is claimed one without versions, which has
// Composer ask no other server for it.
func closed(order *repository.Order, name string, dev bool) (*Document, error) {
	d := &Document{follow: order.Follows(name, "")}
	if claimed, _ := order.Closed(name); !claimed {
		return d, nil
	}
	body, err := metadata.Render(name, nil, metadata.RenderOptions{Dev: dev})
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(body)
	d.Body, d.Size, d.LastModified = catalog.Compress(body), len(body), validator(digest[:])
	return d, nil
}

// reachable is an error while an owner of a name that nobody answers for cannot be reached: it may have the package.
func (v *View) reachable(ctx context.Context, name string) error {
	order, err := v.owners.Order(ctx)
	if err != nil {
		return err
	}
	if _, unreachable := order.Closed(name); unreachable {
		return &catalog.Unavailable{Reason: "the source that owns " + name + " cannot be reached, and nothing is stored of it yet"}
	}
	return nil
}

// Package returns the package that answers for a name, lower case, of all repositories' that have one; nil where none
// does.
func (v *View) Package(ctx context.Context, client *ent.Client, name string) (*ent.Pkg, error) {
	rows, err := client.Pkg.Query().Where(pkg.Name(name), pkg.GoneAtIsNil(), pkg.RepositoryIDNotNil()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for %s: %w", name, err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	order, err := v.owners.Order(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = *row.RepositoryID
	}
	answers := order.First(name, ids...)
	for _, row := range rows {
		if *row.RepositoryID == answers {
			return row, nil
		}
	}
	return nil, nil
}

// Withheld is why a repository's package is not served, for people; nil where it is.
func (v *View) Withheld(ctx context.Context, client *ent.Client, p *ent.Pkg) (*string, error) {
	if p.RepositoryID == nil || p.GoneAt != nil {
		why := "Its source no longer has it."
		return &why, nil
	}
	answers, err := v.Package(ctx, client, p.Name)
	if err != nil {
		return nil, err
	}
	if answers != nil && answers.ID == p.ID {
		all, err := v.allWithdrawn(ctx)
		if reason, blocked := all[p.Name]; blocked {
			why := "Blocked: " + sentence(reason)
			return &why, err
		}
		return nil, err
	}
	order, err := v.owners.Order(ctx)
	if err != nil {
		return nil, err
	}
	why := "Its name is closed: who owned it was removed, or does not have it."
	if closed, _ := order.Closed(p.Name); answers != nil {
		why = "Another repository that has it comes first."
		if closed {
			why = "Another repository owns its name."
		}
	}
	return &why, nil
}

// ClosedNames are the patterns that no repository owns any more and that stay closed, of which a repository has packages.
func (v *View) ClosedNames(ctx context.Context, client *ent.Client, of *ent.Repository) ([]string, error) {
	rows, err := client.Claim.Query().Where(claim.RepositoryIDIsNil()).Order(ent.Asc(claim.FieldPattern)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the closed names: %w", err)
	}
	closed := []string{}
	for _, row := range rows {
		set, err := pattern.Parse([]string{row.Pattern})
		if err != nil {
			return nil, fmt.Errorf("read the claim of %s: %w", row.Pattern, err)
		}
		has, err := client.Pkg.Query().Where(pkg.RepositoryID(of.ID), pkg.GoneAtIsNil(), Within(set)).Exist(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for packages of %s: %w", row.Pattern, err)
		}
		if has {
			closed = append(closed, row.Pattern)
		}
	}
	return closed, nil
}

// Metadata is the composer.json of one version of a package, cut from the package's document; that of a version which
// the source no longer has says its name alone.
func Metadata(ctx context.Context, of *ent.PackageVersion) (string, error) {
	p, err := of.QueryPackage().WithDocuments(func(q *ent.DocumentQuery) { q.Where(document.Dev(of.Dev)) }).Only(ctx)
	if err != nil {
		return "", fmt.Errorf("read the package of %s: %w", of.ID, err)
	}
	for _, row := range p.Edges.Documents {
		body, err := catalog.Decompress(row.Body, row.Size)
		if err != nil {
			return "", fmt.Errorf("read the document of %s: %w", p.Name, err)
		}
		if found := metadata.VersionJSON(p.Name, body, of.NormalizedVersion); found != nil {
			return string(found), nil
		}
	}
	alone, err := json.Marshal(map[string]string{"name": p.Name, "version": of.Version})
	return string(alone), err
}
