package catalog

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	"github.com/lib/pq"

	"broker/ent"
	"broker/ent/repository"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/metadata"
	"broker/server/source"
)

// Update is what a source says of one package of a repository: all of its versions, cleaned.
type Update struct {
	Repository *ent.Repository
	Name       string // lower case
	Versions   []metadata.Version
	Validators source.Validators
	Digest     []byte // of the bytes that the versions were read from

	uploaded  bool            // and not read from a source
	documents [2]rendered     // stable, dev
	dists     []distRow       // of the versions, in their order; empty for those without
	codes     [][]byte        // digests of what belongs to their bytes; none of branches
	pins      []string        // their pins' ids; empty for branches
	left      map[string]bool // normalised versions that are not offered
}

// Outcome is what an update changed.
type Outcome struct {
	Added, Removed int      // versions
	Newer          bool     // a package that was there has archives that it had not
	Changed        []string // releases of which the source says something else than what was first seen, and is served
}

// rendered is a document as it is stored.
type rendered struct {
	body   []byte // gzipped
	size   int    // bytes of the JSON
	digest [sha256.Size]byte
}

// Prepare renders the documents of an update. It takes most of the time of storing a package, and needs no database.
func (c *Catalog) Prepare(u *Update) error {
	metadata.Sort(u.Versions)
	u.dists, u.codes = make([]distRow, len(u.Versions)), make([][]byte, len(u.Versions))
	var codes metadata.Codes
	for i := range u.Versions {
		v := &u.Versions[i]
		if u.uploaded {
			u.dists[i] = uploadedDist(v)
		} else {
			u.dists[i] = newDist(v)
		}
		if !v.Dev {
			u.codes[i] = codes.Of(v)
		}
	}
	return c.render(u)
}

// render writes both documents: the stable versions, and the branches. A package without branches has an empty ~dev
// document, so that clients are answered by a free 304 rather than a 404 each time.
func (c *Catalog) render(u *Update) error {
	at := map[string]*distRow{}
	for i := range u.Versions {
		at[u.Versions[i].Normalized] = &u.dists[i]
	}
	o := metadata.RenderOptions{
		Pause:      c.Places.Pause,
		KeepSource: u.Repository.DistMode == repository.DistModeMIRROR,
		Dist: func(v *metadata.Version) metadata.Dist {
			return c.offered(u.Repository, v, at[v.Normalized])
		},
	}
	stable, dev := split(u.Versions)
	if len(u.left) > 0 {
		stable = slices.DeleteFunc(slices.Clone(stable), func(v metadata.Version) bool { return u.left[v.Normalized] })
	}
	for i, versions := range [][]metadata.Version{stable, dev} {
		o.Dev = i == 1
		var err error
		c.packing(func(p *packer) {
			if p.document, err = metadata.AppendRender(p.document[:0], u.Name, versions, o); err == nil {
				u.documents[i] = rendered{p.compress(p.document), len(p.document), sha256.Sum256(p.document)}
			}
		})
		if err != nil {
			return fmt.Errorf("%w: %w", source.ErrUnusable, err)
		}
	}
	return nil
}

// offered is the archive of a version as a document tells it.
func (c *Catalog) offered(r *ent.Repository, v *metadata.Version, d *distRow) metadata.Dist {
	said, _ := v.Dist()
	key := distKey{v.Name, d.version, d.reference}
	said.Type, said.Reference, said.Shasum = d.kind, d.shown(v, said.Reference), d.shasum
	_, packed := said.Packed()
	switch {
	case packed && v.Dev:
		// Composer puts the commit in, also another one that a project pins (dev-main#…), whose checksum is another.
		key.reference, said.Shasum = anyReference, ""
	case !packed && !d.onlyHere && toldOf(r, d.url):
		said.URL = d.url
		return said
	}
	said.URL = c.distURL(key, d.kind, d.url)
	return said
}

// toldOf tells whether clients of a repository are told the address of an archive at its source, beside ours: they must be
// able to fetch it without the repository's credential, and nothing of that may be in it.
func toldOf(r *ent.Repository, address string) bool {
	if r.DistMode != repository.DistModeMIRROR {
		return false
	}
	if r.CredentialType == repository.CredentialTypeNONE {
		return true
	}
	u, err := url.Parse(address)
	if err != nil || r.URL == nil {
		return false
	}
	of, err := url.Parse(*r.URL)
	private := err != nil || strings.EqualFold(u.Hostname(), of.Hostname()) || r.CredentialType == repository.CredentialTypeGITHUB && strings.HasSuffix(strings.ToLower(u.Hostname()), "github.com")
	return !private && u.User == nil && u.RawQuery == "" && !u.ForceQuery
}

// anyReference stands for the reference in the address of an archive (composer/src/Composer/Util/ComposerMirror.php).
const anyReference = "%reference%"

// split cuts sorted versions, of which branches are last.
func split(versions []metadata.Version) (stable, dev []metadata.Version) {
	i := slices.IndexFunc(versions, func(v metadata.Version) bool { return v.Dev })
	if i < 0 {
		return versions, nil
	}
	return versions[:i], versions[i:]
}

// Rows is how many rows an update writes at most, which is what its share of a transaction costs.
func (u *Update) Rows() int { return 3 + 3*len(u.Versions) }

// Bytes is how large the documents are that an update stores, once it is prepared.
func (u *Update) Bytes() int64 { return int64(len(u.documents[0].body) + len(u.documents[1].body)) }

// Put makes packages of one repository what their source says they are, all of them or none. Each must have been
// prepared.
func (c *Catalog) Put(ctx context.Context, updates ...*Update) ([]Outcome, error) {
	outcomes := make([]Outcome, len(updates))
	// In one order, so that two transactions on PostgreSQL do not wait for each other.
	places := make([]int, len(updates))
	for i := range places {
		places[i] = i
	}
	slices.SortFunc(places, func(a, b int) int { return cmp.Compare(updates[a].Name, updates[b].Name) })
	sorted := make([]*Update, len(updates))
	for i, place := range places {
		sorted[i] = updates[place]
	}
	err := c.db.Tx(ctx, func(tx *database.Tx) error {
		p := &put{Catalog: c, tx: tx, updates: sorted, now: time.Now().UTC().Truncate(time.Microsecond)}
		var found []Outcome
		run := func() (err error) { found, err = p.run(ctx); return err }
		in := c.Places.Do
		if c.db.Dialect() != dialect.SQLite { // which computes in this process
			in = func(_ context.Context, run func() error) error { return run() }
		}
		err := in(ctx, run)
		if err == nil {
			err = c.events.Write(ctx, tx, p.events...)
		}
		for i, place := range places {
			if err == nil {
				outcomes[place] = found[i]
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", naming(sorted), err)
	}
	return outcomes, nil
}

func naming(updates []*Update) string {
	if len(updates) == 1 {
		return updates[0].Name
	}
	return fmt.Sprintf("%d packages from %s on", len(updates), updates[0].Name)
}

// Unfit tells whether a failure to store is of what was to be stored, not of the database. Everything is made fit
// before; should something slip through, it costs its own package only.
func Unfit(err error) bool {
	if refused, ok := errors.AsType[*pq.Error](err); ok {
		return refused.Code.Class() == "22" || refused.Code.Class() == "54" // data exception, program limit exceeded
	}
	return false
}

// put is one Put under way. Its statements write many rows each, and only rows that change.
type put struct {
	*Catalog
	tx      *database.Tx
	updates []*Update // by name
	now     time.Time
	stored  stored
	events  []audit.Event
}

func (p *put) writes() writes {
	return writes{dialect: p.db.Dialect(), between: p.Places.Pause, now: p.now}
}

func (p *put) run(ctx context.Context) ([]Outcome, error) {
	if err := p.read(ctx); err != nil {
		return nil, err
	}
	w := p.writes()
	if len(p.stored.packages) == 0 { // all of it is new
		versions := 0
		for _, u := range p.updates {
			versions += len(u.Versions)
		}
		for columns, t := range map[*[]any]table{&w.newPins: newPinsTable, &w.dists: distsTable, &w.versions: versionsTable} {
			*columns = make([]any, 0, versions*len(t.columns))
		}
	}
	outcomes := make([]Outcome, len(p.updates))
	for i, u := range p.updates {
		var err error
		if outcomes[i], err = p.add(ctx, &w, u); err != nil {
			return nil, err
		}
	}
	return outcomes, w.run(ctx, p.tx)
}

// add finds what must be written of a package.
func (p *put) add(ctx context.Context, w *writes, u *Update) (Outcome, error) {
	old := p.stored.packages[u.Name]
	if old == nil {
		old = &oldPackage{}
	}
	row := packageRow{id: old.id, name: u.Name, repository: u.Repository.ID}
	if row.id == "" {
		row.id = newID("pkg_")
	}
	isNew := old.id == "" || old.gone
	u = u.own()
	changed, otherwise, err := p.pinned(ctx, w, old, u)
	if err != nil {
		return Outcome{}, err
	}
	if keepStored(old, u) || otherwise {
		if err := p.render(u); err != nil {
			return Outcome{}, err
		}
	}
	before := len(w.dists)
	dists := w.addDists(row.id, old, u)
	newer := !isNew && len(w.dists) > before
	outcome, latest := w.addVersions(row.id, old, u)
	documents := w.addDocuments(row.id, old, u)
	w.addRequirements(row.id, old, u)
	row.describe(u, latest, p.madeOf(u))
	w.packages = append(w.packages, row)
	if isNew {
		p.tx.Announce(database.TopicNames, u.Name)
	}
	switch {
	case isNew, documents:
		p.tx.Announce(database.TopicPackage, u.Name)
	case dists:
		p.tx.Announce(database.TopicDist, u.Name)
	}
	if !isNew || len(changed) > 0 || u.Repository.CooldownDays > 0 {
		p.tx.Announce(database.TopicNews, u.Name)
	}
	outcome.Changed, outcome.Newer = changed, newer
	return outcome, nil
}

// own is a copy of which the versions can be changed: what the source says stays, for another try.
func (u *Update) own() *Update {
	c := *u
	c.Versions, c.dists = slices.Clone(u.Versions), slices.Clone(u.dists)
	return &c
}

// keepStored has the update offer what is stored as it is stored: once an archive is, its address has been handed out
// for those bytes. It tells whether a document becomes another by it.
func keepStored(old *oldPackage, u *Update) (otherwise bool) {
	for i := range u.dists {
		d := &u.dists[i]
		was := old.dists[d.key()]
		if was == nil || was.sha1 == "" {
			continue
		}
		if d.kind != was.kind || d.url != was.url || d.shasum != was.sha1 {
			otherwise = true
		}
		d.kind, d.url, d.shasum = was.kind, was.url, was.sha1
	}
	return otherwise
}

// madeBy is what documents depend on beside what the source says. Where it changed, what is stored must be made anew.
func (c *Catalog) madeBy(r *ent.Repository) []byte {
	const form = "8" // of what is rendered; changed with it
	of, err := json.Marshal(r.PackFrom)
	if err == nil && len(r.FilterLists) > 0 {
		var lists []byte
		lists, err = json.Marshal(r.FilterLists)
		of = append(of, lists...)
	}
	if err != nil { // texts always encode
		panic(err)
	}
	if r.DistMode == repository.DistModeMIRROR { // whether addresses at the source are told, and which form of that
		of = append(append(of, r.CredentialType...), " 2"...)
	}
	sum := sha256.Sum256([]byte(form + " " + c.publicURL.String() + " " + string(r.DistMode) + " " + string(of)))
	return sum[:8]
}

func (p *put) madeOf(u *Update) []byte { return append(p.madeBy(u.Repository), u.Digest...) }
