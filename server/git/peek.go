package git

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// HostKeys are the keys that the host was seen with, or that were pinned, as people compare them; none without ssh.
func (m *Mirror) HostKeys() []string { return HostKeys(m.remote.KnownHosts) }

// Count tells branches from tags.
func (r Refs) Count() (branches, tags int) {
	for _, ref := range r.All {
		if strings.HasPrefix(ref.Name, Branches) {
			branches++
		} else {
			tags++
		}
	}
	return branches, tags
}

// peekWithin is how long a peek may take.
const peekWithin = 5 * time.Second

// Peek returns the files of the default branch that fit patterns, or of the last tag where there is no branch. It fetches
// that one commit, without its files where the host can do so, and keeps nothing of it.
func (m *Mirror) Peek(ctx context.Context, refs Refs, patterns []string) ([]string, error) {
	if len(refs.All) == 0 {
		return nil, nil
	}
	at := refs.Head
	if at == "" {
		at = refs.All[len(refs.All)-1].Name
	}
	ctx, cancel := context.WithTimeout(ctx, peekWithin)
	defer cancel()
	if err := m.p.Check(ctx); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(m.p.temporary(), "peek-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for git: %w", err)
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(filepath.Base(m.p.temporary()), filepath.Base(dir))
	here := &Mirror{p: m.p, name: name, remote: m.remote}
	defer m.p.forget(name)
	if _, err := m.p.run(ctx, call{dir: dir, within: peekWithin, args: []string{"init", "--bare", "--quiet", "--template=", "--object-format=" + refs.format()}}); err != nil {
		return nil, err
	}
	fetch := []string{"fetch", "--depth=1", "--filter=blob:none", "--no-tags", "--quiet", "--no-auto-maintenance", "--no-write-fetch-head",
		"--no-recurse-submodules", "--", m.remote.URL.String(), "+" + at + ":" + Branches + "peek"}
	if _, err := m.p.run(ctx, call{dir: dir, remote: &m.remote, within: peekWithin, args: fetch}); err != nil {
		return nil, err
	}
	objects, err := here.Objects(ctx)
	if err != nil {
		return nil, err
	}
	defer objects.Close()
	commit, ok, err := objects.Commit(Branches + "peek")
	if err != nil || !ok {
		return nil, err
	}
	files, err := objects.Find(commit.Tree, patterns)
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = file.Path
	}
	return names, err
}

// forget drops the places of a mirror that is no more and that nobody else knows of.
func (p *Program) forget(mirror string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.places, mirror)
}
