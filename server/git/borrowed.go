package git

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// borrowed is what the folders end with of mirrors that are made and dropped by use.
const borrowed = ".borrowed" + suffix

// Borrow is the mirror of a git repository that a repository, by its id, only names: of what one of its packages is made.
// It is made by Bring, shared by all versions that are made of it, and dropped when it was not used for long, or others
// need its room. by is who names it: what one source may reach is not handed on when the repository gets another.
func (p *Program) Borrow(id, by string, remote Remote) *Mirror {
	sum := sha256.Sum256([]byte(by + "\n" + remote.URL.String()))
	return &Mirror{p: p, name: id + "." + hex.EncodeToString(sum[:8]) + borrowed, remote: remote}
}

// Bring finds a commit, by its name or the beginning of it. The remote is asked only where the mirror does not have it;
// whoever asks at once shares that, also once who came first is gone.
func (m *Mirror) Bring(ctx context.Context, commit string) (Commit, error) {
	at, err := m.find(ctx, commit)
	if !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrBroken) {
		return at, err
	}
	if errors.Is(err, ErrBroken) {
		m.Discard()
	}
	flight := m.p.flights.DoChan(m.name, func() (any, error) {
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.p.Limits.Look+m.p.Limits.Fetch)
		defer cancel()
		if !m.Here() {
			m.p.drop(time.Now(), 1)
		}
		_, err := m.Update(detached)
		return nil, err
	})
	select {
	case <-ctx.Done():
		return Commit{}, ctx.Err()
	case result := <-flight:
		if result.Err != nil {
			return Commit{}, result.Err
		}
	}
	return m.find(ctx, commit)
}

// find finds a commit in the mirror, and notes that the mirror is used.
func (m *Mirror) find(ctx context.Context, commit string) (Commit, error) {
	if !m.Here() {
		return Commit{}, fmt.Errorf("%w: it is not mirrored", ErrNotFound)
	}
	now := time.Now()
	_ = os.Chtimes(m.used(), now, now) // one that is dropped too early is made again
	return m.Resolve(ctx, commit)
}

// used is the file whose time tells when the mirror was last used.
func (m *Mirror) used() string { return filepath.Join(m.dir(), "HEAD") }

// borrowing is a mirror that may be dropped.
type borrowing struct {
	name  string
	used  time.Time
	bytes int64
}

// DropUnused drops borrowed mirrors that were not used for long, and those that were used longest ago where there are
// too many, or they are too large together. One that is in use stays.
func (p *Program) DropUnused(now time.Time) { p.drop(now, 0) }

// drop is DropUnused where so many more are about to be made.
func (p *Program) drop(now time.Time, more int) {
	entries, err := os.ReadDir(p.Dir)
	if err != nil { // there is none yet
		return
	}
	var all []borrowing
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), borrowed) {
			continue
		}
		dir := filepath.Join(p.Dir, entry.Name())
		b := borrowing{name: entry.Name()}
		if info, err := os.Stat(filepath.Join(dir, "HEAD")); err == nil {
			b.used = info.ModTime()
		}
		b.bytes, _ = bytesIn(dir) // what cannot be read takes no room worth the name
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b borrowing) int { return b.used.Compare(a.used) })
	sum := int64(0)
	for i, b := range all {
		sum += b.bytes
		if now.Sub(b.used) > p.Limits.BorrowedFor || i+more >= p.Limits.Borrowed || sum > p.Limits.BorrowedBytes {
			_ = p.remove(b.name) // what stays is dropped the next time
		}
	}
}
