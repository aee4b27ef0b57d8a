package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"broker/ent"
	"broker/ent/rootdocument"
	"broker/server/database"
	"broker/server/pattern"
)

// rootKey names a view of packages.json at one state of the list of names.
type rootKey struct {
	view    string
	version uint64
}

// root is packages.json (Composer's doc/05-repositories.md). A leading slash would be resolved against the host, so
// that a server below a path needs its own path in it.
type root struct {
	Packages          []string  `json:"packages"` // always empty: packages are read through metadata-url
	MetadataURL       string    `json:"metadata-url"`
	AvailablePackages []string  `json:"available-packages,omitempty"`
	AvailablePatterns []string  `json:"available-package-patterns,omitempty"`
	Search            string    `json:"search"`
	List              string    `json:"list"`
	NotifyBatch       string    `json:"notify-batch"`
	Warning           string    `json:"warning"`
	WarningVersions   string    `json:"warning-versions"`
	Warnings          []Message `json:"warnings,omitempty"`
}

// Message is a line that Composer prints; Versions says which versions of Composer, and must not be empty.
type Message struct {
	Message  string `json:"message"`
	Versions string `json:"versions"`
}

// datedWithin is how long a new view waits until its date is written.
const datedWithin = 500 * time.Millisecond

// errNotDated says that the database takes no writes just now. The document is right all the same: it is answered
// without a validator, and not kept.
var errNotDated = errors.New("packages.json cannot be dated")

// listedMax is how many names packages.json lists: the client holds them all, and some commands read each.
const listedMax = 1000

// Root returns packages.json as a token with these patterns sees it.
func (c *Catalog) Root(ctx context.Context, visible pattern.Set) (*Document, error) {
	names, err := c.names.get(ctx)
	if err != nil {
		return nil, err
	}
	key := rootKey{viewOf(visible), names.version}
	document, err := c.roots.get(ctx, key, func(ctx context.Context) (*Document, error) {
		body, err := json.Marshal(c.root(names.all, visible))
		if err != nil {
			return nil, err
		}
		return c.validated(ctx, key.view, body)
	})
	if errors.Is(err, errNotDated) {
		return document, nil
	}
	return document, err
}

// RootWith is Root with lines for the person at the terminal. It has no validator: a client that answered itself from
// its cache would not print them.
func (c *Catalog) RootWith(ctx context.Context, visible pattern.Set, warnings ...Message) ([]byte, error) {
	names, err := c.names.get(ctx)
	if err != nil {
		return nil, err
	}
	answer := c.root(names.all, visible)
	answer.Warnings = warnings
	return json.Marshal(answer)
}

func viewOf(visible pattern.Set) string {
	sum := sha256.Sum256([]byte(strings.Join(visible.Strings(), "\n")))
	return hex.EncodeToString(sum[:])
}

func (c *Catalog) root(all []string, visible pattern.Set) root {
	path := strings.TrimSuffix(c.publicURL.EscapedPath(), "/")
	r := root{
		Packages:        []string{},
		MetadataURL:     path + "/p2/%package%.json",
		Search:          path + "/search.json?q=%query%&type=%type%",
		List:            path + "/list.json",
		NotifyBatch:     c.address("downloads"),
		Warning:         "This server needs Composer 2. Upgrade with: composer self-update",
		WarningVersions: "<1.999",
	}
	switch {
	case !visible.Empty():
		r.AvailablePatterns = visible.Strings()
	case len(all) <= listedMax:
		r.AvailablePackages = all
	default:
		r.AvailablePatterns = vendorPatterns(all)
	}
	return r
}

// vendorPatterns says which vendors there are; nothing where they are too many to list.
func vendorPatterns(sorted []string) []string {
	var patterns []string
	last := ""
	for _, name := range sorted {
		if vendor, _, _ := strings.Cut(name, "/"); vendor != last {
			last = vendor
			patterns = append(patterns, vendor+"/*")
		}
		if len(patterns) > listedMax {
			return nil
		}
	}
	return patterns
}

// validated gives a view's content its Last-Modified: the one it had if it is unchanged, a later one than any view
// ever had otherwise. So two views never share a value, and a value never comes back for other content.
func (c *Catalog) validated(ctx context.Context, view string, body []byte) (*Document, error) {
	digest := sha256.Sum256(body)
	at, err := database.Within(ctx, datedWithin, func(ctx context.Context) (int64, error) { return c.rootModified(ctx, view, digest[:]) })
	if err != nil {
		return &Document{Body: compress(body), Size: len(body)}, fmt.Errorf("%w: %w", errNotDated, err)
	}
	return &Document{Body: compress(body), Size: len(body), LastModified: httpDate(at)}, nil
}

func (c *Catalog) rootModified(ctx context.Context, view string, digest []byte) (int64, error) {
	row, err := c.db.Client.RootDocument.Query().Where(rootdocument.View(view)).Only(ctx)
	if err == nil && string(row.Digest) == string(digest) {
		return row.LastModified, nil
	}
	if err != nil && !ent.IsNotFound(err) {
		return 0, err
	}
	for attempt := 0; ; attempt++ {
		at, err := c.advanceRoot(ctx, view, digest)
		if err == nil || !ent.IsConstraintError(err) || attempt == 5 { // another instance took the same second
			return at, err
		}
	}
}

func (c *Catalog) advanceRoot(ctx context.Context, view string, digest []byte) (at int64, err error) {
	err = c.db.Tx(ctx, func(tx *database.Tx) error {
		at = time.Now().Unix()
		newest, err := tx.RootDocument.Query().Order(ent.Desc(rootdocument.FieldLastModified)).First(ctx)
		if err != nil && !ent.IsNotFound(err) {
			return err
		}
		if newest != nil {
			at = max(at, newest.LastModified+1)
		}
		return tx.RootDocument.Create().SetView(view).SetDigest(digest).SetLastModified(at).
			OnConflictColumns(rootdocument.FieldView).
			Update(func(u *ent.RootDocumentUpsert) { u.SetDigest(digest).SetLastModified(at) }).
			Exec(ctx)
	})
	return at, err
}
