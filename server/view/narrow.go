package view

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"broker/ent/pin"
	"broker/server/cached"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/metadata"
	"broker/server/packagerule"
	"broker/server/text"
)

// Outside says that a version is not among those that a token may have. Its text is for people.
type Outside struct {
	Package, Version string // as it was asked for
	Why              string // what the rules include that it is not among; empty where that is not said
	Newest           string // the newest version inside, as it is written; empty where there is none
}

func (o *Outside) Error() string {
	said := fmt.Sprintf("%s %s is not included in this access token", o.Package, o.Version)
	if o.Why != "" {
		said += ": " + o.Why
	}
	said += ". "
	if o.Newest == "" {
		return said + "No version that is here is included."
	}
	return said + "The newest version that is included is " + o.Newest + "."
}

// The bounds of memory, in bytes, of what rules leave of documents.
const (
	narrowedMemory = 16 << 20
	indexMemory    = 16 << 20
	cutMemory      = 64 << 20
)

// narrowing keeps what rules leave of documents. Rules that leave the same versions share what is served.
type narrowing struct {
	narrowed *cached.Cache[narrowedKey, narrowed]
	indexes  *cached.Cache[validKey, *index]
	cut      *cached.Cache[cutKey, *Document]
}

// validKey is a document by its validator: one may become another without an announcement, when a cooldown ends.
type validKey struct {
	documentKey
	of string
}

type narrowedKey struct {
	validKey
	rules [sha256.Size]byte // those that the package matches
}

// narrowed is what rules leave of a document.
type narrowed struct {
	all  bool     // nothing is left out
	what [32]byte // which versions are left, as a digest
}

// index is the versions of a document.
type index struct{ versions []indexed }

type indexed struct {
	normalized, version string
	released            time.Time // or first seen here; zero where neither is known
}

type cutKey struct {
	validKey
	what [32]byte
}

func newNarrowing(memory *cached.Memory) narrowing {
	topics := []database.Topic{database.TopicPackage}
	of := func(name string) []cached.Mark { return []cached.Mark{memory.Mark(database.TopicPackage, name)} }
	return narrowing{
		narrowed: cached.New(memory, cached.Options[narrowedKey, narrowed]{Topics: topics, Bytes: narrowedMemory, LastKnown: true,
			Weigh: func(k narrowedKey, _ narrowed) uint32 { return uint32(len(k.name)) + 300 }, Subjects: func(k narrowedKey) []cached.Mark { return of(k.name) }}),
		indexes: cached.New(memory, cached.Options[validKey, *index]{Topics: topics, Bytes: indexMemory, LastKnown: true,
			Weigh: func(k validKey, i *index) uint32 { return uint32(len(k.name)+len(i.versions)*100) + 200 }, Subjects: func(k validKey) []cached.Mark { return of(k.name) }}),
		cut: cached.New(memory, cached.Options[cutKey, *Document]{Topics: topics, Bytes: cutMemory, LastKnown: true,
			Weigh: func(k cutKey, d *Document) uint32 { return weight(len(k.name)+100, d) }, Subjects: func(k cutKey) []cached.Mark { return of(k.name) }}),
	}
}

// Narrow leaves the versions out of a package's document that rules do not allow. Where a newer release is left out, the
// document says so to the person at the terminal.
func (v *View) Narrow(ctx context.Context, d *Document, name string, dev bool, rules packagerule.Set) (*Document, error) {
	if rules.Empty() || d.RepositoryID == "" {
		return d, nil
	}
	if rules = rules.For(name); rules.Empty() {
		return d, nil
	}
	of := validKey{documentKey{name, dev}, d.LastModified}
	found, err := v.narrowing.narrowed.Get(ctx, narrowedKey{of, rules.Digest()}, func(ctx context.Context) (narrowed, error) {
		i, err := v.index(ctx, d, of)
		if err != nil {
			return narrowed{}, err
		}
		_, found := i.narrow(rules)
		return found, nil
	})
	if err != nil {
		return nil, err
	}
	if found.all {
		return d, nil
	}
	return v.narrowing.cut.Get(ctx, cutKey{of, found.what}, func(ctx context.Context) (*Document, error) {
		i, err := v.index(ctx, d, of)
		if err != nil {
			return nil, err
		}
		return i.cut(d, of.documentKey, rules)
	})
}

// index is the versions of a document.
func (v *View) index(ctx context.Context, d *Document, of validKey) (*index, error) {
	return v.narrowing.indexes.Get(ctx, of, func(ctx context.Context) (*index, error) { return v.readIndex(ctx, d, of.documentKey) })
}

func (v *View) readIndex(ctx context.Context, d *Document, of documentKey) (*index, error) {
	_, versions, err := versionsOf(d, of.name)
	if err != nil {
		return nil, err
	}
	i := &index{make([]indexed, len(versions))}
	undated := false
	for n := range versions {
		one := &versions[n]
		i.versions[n] = indexed{strings.Clone(one.Normalized), strings.Clone(one.Version), one.ReleasedAt()}
		undated = undated || one.ReleasedAt().IsZero()
	}
	if !undated {
		return i, nil
	}
	seen, err := v.firstSeen(ctx, d.RepositoryID, of.name)
	for n := range i.versions {
		if one := &i.versions[n]; one.released.IsZero() {
			one.released = seen[one.normalized]
		}
	}
	return i, err
}

// firstSeen is when versions that their source tells no time of were first seen here, by their normalised version.
func (v *View) firstSeen(ctx context.Context, repositoryID, name string) (map[string]time.Time, error) {
	rows, err := v.db.Client.Pin.Query().Where(pin.RepositoryID(repositoryID), pin.Package(name), pin.SeenAtNotNil()).
		Select(pin.FieldNormalizedVersion, pin.FieldSeenAt).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read when the versions of %s were first seen: %w", name, err)
	}
	seen := make(map[string]time.Time, len(rows))
	for _, row := range rows {
		seen[row.NormalizedVersion] = *row.SeenAt
	}
	return seen, nil
}

// versionsOf unpacks a document and reads its versions.
func versionsOf(d *Document, name string) (body []byte, versions []metadata.Version, err error) {
	if body, err = catalog.Decompress(d.Body, d.Size); err == nil {
		versions, _, err = metadata.NewReader().Read(name, body)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the document of %s: %w", name, err)
	}
	return body, versions, nil
}

// narrow tells which versions rules leave. The digest is of their places: with the same document, the same are left.
func (i *index) narrow(rules packagerule.Set) (left []bool, found narrowed) {
	left = make([]bool, len(i.versions))
	places := make([]byte, (len(left)+7)/8)
	for at, one := range i.versions {
		if left[at] = rules.Allows(one.normalized, one.released); left[at] {
			places[at/8] |= 1 << (at % 8)
		}
	}
	return left, narrowed{all: !slices.Contains(left, false), what: sha256.Sum256(places)}
}

// newest is the highest release of the versions that are left, or the highest of them; empty where there is none. nil
// leaves all.
func (i *index) newest(left []bool) (found indexed) {
	best := false
	for at, one := range i.versions {
		if left != nil && !left[at] {
			continue
		}
		stable := metadata.Stability(one.normalized) == "stable"
		if found.normalized == "" || stable && !best || stable == best && metadata.Compare(one.normalized, found.normalized) > 0 {
			found, best = one, stable
		}
	}
	return found
}

// cut is a document without the versions that rules do not allow. Whoever has other rules that leave the same is served
// the same, so that nothing in it tells of the rules.
func (i *index) cut(d *Document, of documentKey, rules packagerule.Set) (*Document, error) {
	name := of.name
	whole, versions, err := versionsOf(d, name)
	if err != nil {
		return nil, err
	}
	left, _ := i.narrow(rules)
	at := -1
	versions = slices.DeleteFunc(versions, func(metadata.Version) bool { // the index has them in the same order
		at++
		return !left[at]
	})
	body, err := metadata.Render(name, versions, metadata.RenderOptions{KeepSource: true, Dev: of.dev, Dist: func(one *metadata.Version) metadata.Dist {
		offered, _ := one.Dist()
		return offered
	}})
	if err != nil {
		return nil, err
	}
	if advisories, filter := metadata.Notices(whole); advisories != nil || filter != nil {
		body = metadata.WithNotices(body, advisories, filter)
	}
	if said := i.newer(name, left); said != "" {
		info, err := json.Marshal(map[string]any{"infos": []Message{{text.Composer(text.Line(said, saidMost)), "*"}}})
		if err != nil {
			return nil, err
		}
		body = append(append(body[:len(body)-1], ','), info[1:]...)
	}
	digest := sha256.Sum256(body)
	return &Document{Body: catalog.Compress(body), Size: len(body), RepositoryID: d.RepositoryID, LastModified: validator(digest[:]),
		followed: d.followed, until: d.until}, nil
}

// saidMost is how long the line may be that Composer prints of a package, in bytes.
const saidMost = 400

// newer says to people which newer release is left out; empty where none is newer than what is left.
func (i *index) newer(name string, left []bool) string {
	last, newest := i.newest(nil), i.newest(left)
	if last.normalized == newest.normalized || metadata.Stability(last.normalized) != "stable" {
		return ""
	}
	return (&Outside{Package: name, Version: last.version, Newest: newest.version}).Error()
}

// whyNot is what the rules that refuse a version include.
func whyNot(rules packagerule.Set, version string, released time.Time) string {
	var why []string
	for _, verdict := range rules.Verdicts(version, released) {
		if !verdict.Allowed {
			why = append(why, verdict.Why)
		}
	}
	return "it includes of " + strings.Join(why, "; of ")
}

// Allows is nil where rules allow the version of an archive, else an *Outside that says what they include instead.
func (v *View) Allows(ctx context.Context, d *catalog.Dist, rules packagerule.Set) error {
	if rules = rules.For(d.Package); rules.Empty() {
		return nil
	}
	if rules.Allows(d.Normalized, d.Released) {
		return nil
	}
	outside := &Outside{Package: d.Package, Version: d.Normalized, Why: whyNot(rules, d.Normalized, d.Released)}
	for _, dev := range []bool{false, true} {
		kept, err := v.kept(ctx, d.Package, dev)
		if err != nil {
			return err
		}
		if kept.Body == nil {
			continue
		}
		i, err := v.index(ctx, kept, validKey{documentKey{d.Package, dev}, kept.LastModified})
		if err != nil {
			return err
		}
		for _, one := range i.versions {
			if one.normalized == d.Normalized {
				outside.Version = one.version
			}
		}
		left, _ := i.narrow(rules)
		outside.Newest = cmp.Or(outside.Newest, i.newest(left).version)
	}
	return outside
}
