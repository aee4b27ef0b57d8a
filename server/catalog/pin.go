package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	stdsql "database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"broker/server/audit"
	"broker/server/metadata"
	"broker/server/text"
)

// pin is what a release was when it was first seen, and what its source says of it instead.
type pin struct {
	id        string
	seenAt    time.Time // what its cooldown counts from; zero where nothing is held back
	reference string
	address   string // the reference as the dist route writes it; empty without an archive
	kind, url string
	shasum    string // SHA-1 that the source named; empty while it named none
	code      []byte
	bytes     blob // of the archive, once it was fetched

	change      []byte    // a digest of what the source says instead; none while it says what is pinned
	changedAt   time.Time // zero where a person rejected it
	changed     string    // its reference
	came        blob      // the bytes that came instead, where some did
	overwritten bool
	said        []byte   // the version as the source says it; only where it is written
	told        []string // changes that the audit log has, in hex
	rejected    []string // those that a person rejected
}

// blob is an archive's digests; none: it is not known.
type blob struct {
	sha256, sha1 string
	size         int64
}

// pinsTable is how pins are written. What people decide is not: see accept.go.
var pinsTable = table{"pins", []string{"id", "repository_id", "package", "normalized_version", "seen_at", "rejected", "reference", "address", "type", "url", "shasum",
	"code", "sha256", "sha1", "size", "change", "changed_at", "changed_reference", "changed_sha256", "changed_sha1", "changed_size", "overwritten",
	"changed_metadata", "told"}, 6}

// newPinsTable is how those are written that were seen for the first time: there is little to say of them.
var newPinsTable = table{"pins", []string{"id", "repository_id", "package", "normalized_version", "seen_at", "reference", "address", "type", "url", "shasum",
	"code", "told", "rejected"}, 13}

func (w *writes) addNewPin(repository, name, normalized string, p *pin) {
	w.newPins = append(w.newPins, p.id, repository, name, normalized, timeOrNil(p.seenAt), p.reference, p.address, p.kind, p.url, p.shasum, p.code, "[]", "[]")
}

func (w *writes) addPin(repository, name, normalized string, p *pin) {
	w.pins = append(w.pins, p.id, repository, name, normalized, timeOrNil(p.seenAt), encoded(p.rejected), p.reference, p.address, p.kind, p.url, p.shasum,
		p.code, p.bytes.sha256, p.bytes.sha1, p.bytes.size, p.change, timeOrNil(p.changedAt), p.changed, p.came.sha256, p.came.sha1, p.came.size, p.overwritten,
		p.said, encoded(p.told))
}

// readPins reads what is pinned of the packages, also of those of which nothing else is stored any more.
func (p *put) readPins(ctx context.Context, names []any) error {
	p.stored.pins = map[string]map[string]*pin{}
	return p.each(ctx, func(rows *stdsql.Rows) error {
		one := &pin{}
		var name, normalized string
		var changed stdsql.NullTime
		var told, rejected []byte
		if err := rows.Scan(&one.id, &name, &normalized, &one.reference, &one.address, &one.kind, &one.url, &one.shasum, &one.code,
			&one.bytes.sha256, &one.bytes.sha1, &one.bytes.size, &one.change, &changed, &one.changed, &one.came.sha256, &one.came.sha1, &one.came.size,
			&one.overwritten, &told, &rejected); err != nil {
			return err
		}
		if changed.Valid {
			one.changedAt = changed.Time.UTC()
		}
		if p.stored.pins[name] == nil {
			p.stored.pins[name] = map[string]*pin{}
		}
		p.stored.pins[name][normalized] = one
		return errors.Join(json.Unmarshal(told, &one.told), json.Unmarshal(rejected, &one.rejected))
	}, "SELECT id, package, normalized_version, reference, address, type, url, shasum, code, sha256, sha1, size, change, changed_at, changed_reference, "+
		"changed_sha256, changed_sha1, changed_size, overwritten, told, rejected FROM pins WHERE repository_id = $1 AND package IN ("+marks(2, len(names))+")",
		append([]any{p.updates[0].Repository.ID}, names...)...)
}

// pinned has the update offer each release as it was first seen, and notes what the source says instead. It returns the
// versions that are offered otherwise than the source says, and whether documents become others by it.
func (p *put) pinned(ctx context.Context, w *writes, old *oldPackage, u *Update) (changed []string, otherwise bool, err error) {
	pins := p.stored.pins[u.Name]
	baseline := u.Repository.LastSyncedAt == nil || !u.Repository.Listed && old.id == "" && len(pins) == 0
	var before map[string]*metadata.Version // as they are offered, once it is needed
	u.pins = make([]string, len(u.Versions))
	if u.uploaded { // it never changes: see Exists
		return nil, false, nil
	}
	for i := range u.Versions {
		v, d := &u.Versions[i], &u.dists[i]
		if v.Dev {
			continue
		}
		now := newPin(v, d, u.codes[i])
		known := pins[v.Normalized]
		fresh := known == nil
		if fresh {
			known = old.pin(v, p.now)
		}
		if known == nil { // seen for the first time
			now.id, now.seenAt = newID("pin_"), p.now
			if baseline {
				now.seenAt = earlier(v.ReleasedAt(), p.now)
			}
			w.addNewPin(u.Repository.ID, u.Name, v.Normalized, now)
			u.pins[i] = now.id
			continue
		}
		u.pins[i] = known.id
		d.onlyHere = known.change != nil
		same, write := known.settle(now)
		if !same {
			var tell bool
			write, tell = known.note(now, v, p.now)
			if tell {
				p.events = append(p.events, known.event(u, v, now, old))
			}
		}
		if fresh || write {
			if !same {
				known.said = v.Said()
			}
			w.addPin(u.Repository.ID, u.Name, v.Normalized, known)
		}
		if same {
			if d.version != "" && d.reference != known.address {
				d.reference, otherwise = known.address, true
			}
			continue
		}
		if otherwise = true; !known.changedAt.IsZero() {
			changed = append(changed, v.Version)
		}
		if before == nil {
			if before, err = p.offered(ctx, old, u.Name); err != nil {
				return nil, false, err
			}
		}
		known.serve(u, i, old, before[v.Normalized])
	}
	return changed, otherwise, nil
}

// newPin is a version as its source says it.
func newPin(v *metadata.Version, d *distRow, code []byte) *pin {
	return &pin{reference: text.Line(v.Reference(), 255), address: d.reference, kind: d.kind, url: d.url, shasum: d.shasum, code: code}
}

// earlier is the earlier of two instants. What the cooldown of a version counts from that was there before anybody watched
// is when it says it was released; nothing, the zero instant, where it does not say.
func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// pin is that of a version stored before there were pins.
func (old *oldPackage) pin(v *metadata.Version, now time.Time) *pin {
	was := old.versions[v.Normalized]
	if was == nil || was.dev {
		return nil
	}
	made := &pin{id: newID("pin_"), reference: was.reference, seenAt: earlier(was.releasedAt, now)}
	for _, d := range old.dists {
		if d.id == was.dist {
			made.address, made.kind, made.url, made.shasum, made.bytes = d.reference, d.kind, d.url, d.shasum, d.blob
		}
	}
	return made
}

// settle tells whether the source says what is pinned, and then takes over what was not known yet; write tells that it
// changed something.
func (known *pin) settle(now *pin) (same, write bool) {
	comparable := len(known.code) > 0 && len(now.code) > 0 && known.code[0] == now.code[0]
	switch {
	case known.reference != now.reference, known.kind != now.kind,
		known.reference == "" && known.shasum == "" && known.url != "" && known.url != now.url, // else an address may move
		known.shasum != "" && now.shasum != "" && known.shasum != now.shasum,
		known.bytes.sha1 != "" && now.shasum != "" && known.bytes.sha1 != now.shasum,
		comparable && !bytes.Equal(known.code, now.code):
		return false, false
	}
	if known.url != now.url {
		known.url, write = now.url, true
	}
	if known.shasum == "" && now.shasum != "" {
		known.shasum, write = now.shasum, true
	}
	if !comparable {
		known.code, write = now.code, true
	}
	if known.change != nil && known.came.sha1 == "" { // the source took it back
		known.change, known.changedAt, known.changed, known.overwritten, write = nil, time.Time{}, "", false, true
	}
	return true, write
}

// note keeps what the source says instead, and tells whether the audit log has not heard of it.
func (known *pin) note(now *pin, v *metadata.Version, at time.Time) (write, tell bool) {
	digest := now.digest(v)
	if bytes.Equal(known.change, digest) {
		return false, false
	}
	known.change, known.changed, known.came = digest, now.reference, blob{}
	known.overwritten = known.url == now.url && known.shasum == "" && known.bytes.sha256 == "" && !addressed(known.url, known.reference)
	return true, known.raise(at)
}

// raise flags the change that is noted, unless a person rejected it, and tells whether the audit log has not heard of it.
func (known *pin) raise(at time.Time) (tell bool) {
	hexed := hex.EncodeToString(known.change)
	known.changedAt = time.Time{}
	if slices.Contains(known.rejected, hexed) {
		return false
	}
	known.changedAt = at
	if slices.Contains(known.told, hexed) {
		return false
	}
	known.told = append(known.told[max(0, len(known.told)-toldMax+1):], hexed)
	return true
}

// toldMax is how many changes of one version are remembered.
const toldMax = 50

// addressed tells whether an address names a commit, so that what is there is that of the commit.
func addressed(address, reference string) bool {
	return len(reference) >= 40 && isHex(reference) && strings.Contains(address, reference)
}

// digest tells apart what sources may say of a version.
func (now *pin) digest(v *metadata.Version) []byte {
	sum := sha256.New()
	for _, part := range []string{v.Normalized, now.reference, now.kind, now.url, now.shasum, string(now.code)} {
		fmt.Fprintf(sum, "%d %s ", len(part), part)
	}
	return sum.Sum(nil)[:16]
}

// event tells the audit log of a change.
func (known *pin) event(u *Update, v *metadata.Version, now *pin, old *oldPackage) audit.Event {
	target := u.Repository.ID
	if was := old.versions[v.Normalized]; was != nil {
		target = was.id
	}
	return audit.Event{Action: "version.change", Target: target, Details: map[string]any{
		"package": u.Name, "version": v.Version, "repository": u.Repository.Name,
		"pinned":  map[string]any{"reference": known.reference, "shasum": known.shasum, "sha256": known.bytes.sha256, "url": text.Line(known.url, 300)},
		"offered": map[string]any{"reference": now.reference, "shasum": now.shasum, "url": text.Line(now.url, 300)},
	}}
}

// offered are the releases of a package as its document has them.
func (p *put) offered(ctx context.Context, old *oldPackage, name string) (map[string]*metadata.Version, error) {
	found := map[string]*metadata.Version{}
	id := old.documents[place(false)].id
	if id == "" {
		return found, nil
	}
	err := p.each(ctx, func(rows *stdsql.Rows) error {
		var body []byte
		var size int
		if err := rows.Scan(&body, &size); err != nil {
			return err
		}
		versions, err := storedVersions(name, body, size)
		for i := range versions {
			found[versions[i].Normalized] = &versions[i]
		}
		return err
	}, "SELECT body, size FROM documents WHERE id = $1", id)
	return found, err
}

// storedVersions are the versions of a stored document.
func storedVersions(name string, packed []byte, size int) ([]metadata.Version, error) {
	body, err := Decompress(packed, size)
	if err != nil {
		return nil, err
	}
	versions, skipped, err := metadata.NewReader().Read(name, body)
	if err == nil && len(skipped) > 0 {
		err = errors.New(skipped[0].Reason)
	}
	if err != nil {
		return nil, fmt.Errorf("read the stored document of %s: %w", name, err)
	}
	return versions, nil
}

// serve has a version offered as it was before. One of which the document has nothing any more, as it was gone meanwhile,
// is not offered at all until a person accepts it.
func (known *pin) serve(u *Update, i int, old *oldPackage, before *metadata.Version) {
	v, d := &u.Versions[i], &u.dists[i]
	if before == nil {
		if u.left == nil {
			u.left = map[string]bool{}
		}
		u.left[v.Normalized], *d = true, distRow{}
		*v = v.Pinned(v, known.reference)
		return
	}
	*v = v.Pinned(before, known.reference)
	if known.address == "" {
		*d = distRow{}
		return
	}
	*d = distRow{version: DistVersion(v.Normalized), reference: known.address, normalized: v.Normalized, kind: known.kind, url: known.url, shasum: known.shasum, onlyHere: true}
	if d.shasum == "" {
		d.shasum = known.bytes.sha1
	}
	if was := old.dists[d.key()]; was != nil && d.url == "" {
		d.url = was.url
	}
}
