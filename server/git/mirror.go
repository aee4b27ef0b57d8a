package git

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// suffix is what the folders of mirrors end with.
const suffix = ".git"

// Mirror is a bare copy of a remote in a folder of its own: its branches and tags, never a work tree. It is made when it
// is first needed, and again when it is broken.
type Mirror struct {
	p      *Program
	name   string // of its folder
	remote Remote
	// Pin is told the host keys that were seen first. It may be nil.
	Pin func(ctx context.Context, knownHosts string) error
}

// Mirror is the mirror of a repository, by the repository's id. Another address is another mirror: what the former had
// is not mixed into it.
func (p *Program) Mirror(id string, remote Remote) *Mirror {
	sum := sha256.Sum256([]byte(remote.URL.String()))
	return &Mirror{p: p, name: id + "." + hex.EncodeToString(sum[:8]) + suffix, remote: remote}
}

// repositoryOf is the id in the name of a mirror's folder.
func repositoryOf(folder string) (id string, ok bool) {
	rest, ok := strings.CutSuffix(folder, suffix)
	if !ok {
		return "", false
	}
	id, _, ok = strings.Cut(rest, ".")
	return id, ok && id != ""
}

func (m *Mirror) dir() string { return filepath.Join(m.p.Dir, m.name) }

// Ref is a branch or a tag.
type Ref struct {
	Name   string // refs/heads/main
	Object string // what it names: a commit, or a tag that names one
}

// Refs are what a repository has.
type Refs struct {
	Head    string // the default branch, such as refs/heads/main; empty where it is not told
	All     []Ref  // sorted by name
	Refused []string
}

// State differs whenever the references do.
func (r Refs) State() string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n", r.Head)
	for _, ref := range r.All {
		fmt.Fprintf(sum, "%s %s\n", ref.Object, ref.Name)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// listMax is how large the list of a remote's references may be, in bytes.
const listMax = 32 << 20

// Look asks the remote for its references, which costs it and us little.
func (m *Mirror) Look(ctx context.Context) (Refs, error) {
	var list bytes.Buffer
	known, err := m.p.run(ctx, call{
		remote: &m.remote, within: m.p.Limits.Look, stdout: &atMost{&list, listMax},
		args: []string{"ls-remote", "--symref", "--quiet", "--", m.remote.URL.String(), "HEAD", "refs/heads/*", "refs/tags/*"},
	})
	if err != nil {
		return Refs{}, err
	}
	if m.remote.KnownHosts == "" && known != "" && m.Pin != nil {
		if err := m.Pin(ctx, known); err != nil {
			return Refs{}, err
		}
	}
	if known != "" {
		m.remote.KnownHosts = known // the next child trusts nothing else
	}
	refs := parseRemote(list.String())
	if len(refs.All) > m.p.Limits.Refs {
		return Refs{}, fmt.Errorf("%w: it has %d branches and tags, and %d are taken", ErrTooLarge, len(refs.All), m.p.Limits.Refs)
	}
	return refs, nil
}

// parseRemote reads what ls-remote --symref prints.
func parseRemote(list string) (r Refs) {
	for line := range strings.Lines(list) {
		object, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if target, symbolic := strings.CutPrefix(object, "ref: "); symbolic {
			if name == "HEAD" && strings.HasPrefix(target, Branches) && ValidRef(target) {
				r.Head = target
			}
			continue
		}
		if !ok || !objectName.MatchString(object) || strings.HasSuffix(name, "^{}") {
			continue
		}
		if ValidRef(name) {
			r.All = append(r.All, Ref{name, object})
		} else if _, ours := ShortRef(name); ours {
			r.Refused = append(r.Refused, name)
		}
	}
	slices.SortFunc(r.All, func(a, b Ref) int { return strings.Compare(a.Name, b.Name) })
	r.All = slices.CompactFunc(r.All, func(a, b Ref) bool { return a.Name == b.Name })
	return r
}

// Update asks the remote, and fetches what is new. A mirror that is broken is made anew.
func (m *Mirror) Update(ctx context.Context) (Refs, error) {
	remote, err := m.Look(ctx)
	if err != nil {
		return Refs{}, err
	}
	release, err := m.p.hold(ctx, changing(m.name), true)
	if err != nil {
		return Refs{}, err
	}
	defer release()
	local, err := m.refs(ctx)
	if err == nil && slices.Equal(local, remote.All) {
		return remote, nil
	}
	if err == nil {
		err = m.fetch(ctx, m.dir(), remote)
	}
	if err != nil && !final(ctx, err) { // it is not there, or not whole
		err = m.clone(ctx, remote)
	}
	if err != nil {
		return Refs{}, err
	}
	remote.All, err = m.refs(ctx) // as they were when they were fetched
	return remote, err
}

// final tells whether making the mirror anew would not help.
func final(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, ErrRefused) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrNoProgram) || errors.Is(err, ErrBlocked)
}

// clone makes the mirror beside the one that is there, if one is, and puts it in its place when it is whole.
func (m *Mirror) clone(ctx context.Context, remote Refs) error {
	fresh, err := os.MkdirTemp(m.p.temporary(), "clone-")
	if err != nil {
		return fmt.Errorf("make a folder for the git mirror: %w", err)
	}
	defer os.RemoveAll(fresh)
	if _, err := m.p.run(ctx, call{dir: fresh, within: time.Minute, args: []string{"init", "--bare", "--quiet", "--template=", "--object-format=" + remote.format()}}); err != nil {
		return err
	}
	// Nothing that a repository says of its files runs a program or depends on more than the commit.
	if err := os.MkdirAll(filepath.Join(fresh, "info"), 0o700); err != nil {
		return fmt.Errorf("make the git mirror: %w", err)
	}
	if err := os.WriteFile(filepath.Join(fresh, "info", "attributes"), []byte("* -filter -export-subst -diff\n"), 0o600); err != nil {
		return fmt.Errorf("make the git mirror: %w", err)
	}
	if err := m.fetch(ctx, fresh, remote); err != nil {
		return err
	}
	release, err := m.p.hold(ctx, m.name, true)
	if err != nil {
		return err
	}
	defer release()
	if err := os.RemoveAll(m.dir()); err != nil {
		return fmt.Errorf("remove a broken git mirror: %w", err)
	}
	if err := os.Rename(fresh, m.dir()); err != nil {
		return fmt.Errorf("keep the git mirror: %w", err)
	}
	return nil
}

// format is the repository's kind of object names.
func (r Refs) format() string {
	if len(r.All) > 0 && len(r.All[0].Object) == 64 {
		return "sha256"
	}
	return "sha1"
}

// refusedMax is how many branches and tags with names that are not taken are left out of a fetch, one by one.
const refusedMax = 100

// fetch has a mirror's folder have the branches and tags of the remote, and no others.
func (m *Mirror) fetch(ctx context.Context, dir string, remote Refs) error {
	args := []string{"fetch", "--prune", "--force", "--no-tags", "--quiet", "--no-auto-maintenance", "--no-write-fetch-head", "--no-recurse-submodules",
		"--", m.remote.URL.String(), "+" + Branches + "*:" + Branches + "*", "+" + Tags + "*:" + Tags + "*"}
	for _, name := range remote.Refused[:min(len(remote.Refused), refusedMax)] {
		args = append(args, "^"+name)
	}
	if err := unlock(dir); err != nil {
		return err
	}
	if _, err := m.p.run(ctx, call{dir: dir, remote: &m.remote, within: m.p.Limits.Fetch, args: args}); err != nil {
		return err
	}
	return m.tidy(ctx, dir)
}

// unlock removes what a child that was killed left locked. Nobody else works in the folder.
func unlock(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("read the git mirror: %w", err)
		case entry.IsDir() && entry.Name() == "pack":
			return filepath.SkipDir
		case !entry.IsDir() && strings.HasSuffix(path, ".lock"):
			return os.Remove(path)
		}
		return nil
	})
}

// filesMax is how many files of packs, some three each, a mirror may have before they are made one pack.
const filesMax = 120

// tidy keeps a mirror small and quick. What no branch or tag names any more stays: lock files may name it.
func (m *Mirror) tidy(ctx context.Context, dir string) error {
	size, err := bytesIn(dir)
	if err != nil {
		return err
	}
	if size > m.p.Limits.Mirror {
		return fmt.Errorf("%w: it has %d MiB, and %d MiB are taken", ErrTooLarge, size>>20, m.p.Limits.Mirror>>20)
	}
	if files, err := os.ReadDir(filepath.Join(dir, "objects", "pack")); err != nil || len(files) <= filesMax {
		return nil // there is none yet, or there are few
	}
	_, err = m.p.run(ctx, call{dir: dir, within: m.p.Limits.Fetch, args: []string{"repack", "-a", "-d", "-k", "-q"}})
	if err == nil {
		_, err = m.p.run(ctx, call{dir: dir, within: m.p.Limits.Fetch, args: []string{"pack-refs", "--all", "--prune"}})
	}
	return err
}

func bytesIn(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("read the git mirror: %w", err)
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
		return nil
	})
	return size, err
}

// refs are what the mirror has.
func (m *Mirror) refs(ctx context.Context) ([]Ref, error) {
	if !m.Here() {
		return nil, ErrBroken
	}
	var list bytes.Buffer
	_, err := m.p.run(ctx, call{dir: m.dir(), within: time.Minute, stdout: &atMost{&list, listMax},
		args: []string{"for-each-ref", "--format=%(objectname) %(refname)", Branches, Tags}})
	if err != nil {
		return nil, err
	}
	var all []Ref
	for line := range strings.Lines(list.String()) {
		object, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if objectName.MatchString(object) && ValidRef(name) {
			all = append(all, Ref{name, object})
		}
	}
	slices.SortFunc(all, func(a, b Ref) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// Here tells whether the mirror is on this machine.
func (m *Mirror) Here() bool {
	_, err := os.Stat(filepath.Join(m.dir(), "HEAD"))
	return err == nil
}

// Discard has the mirror be made anew when it is next needed, unless somebody reads it just now.
func (m *Mirror) Discard() {
	_ = m.p.remove(m.name) // what stays is found broken again
}

// note is what whoever reads a mirror keeps beside it, for as long as the mirror is there.
const note = "broker.json"

// Note returns what Keep kept; nil where there is nothing.
func (m *Mirror) Note() []byte {
	kept, err := os.ReadFile(filepath.Join(m.dir(), note))
	if err != nil {
		return nil
	}
	return kept
}

// Keep keeps bytes beside the mirror.
func (m *Mirror) Keep(content []byte) error {
	fresh, err := os.CreateTemp(m.p.temporary(), "note-")
	if err != nil {
		return fmt.Errorf("keep a note of the git mirror: %w", err)
	}
	_, err = fresh.Write(content)
	if err = errors.Join(err, fresh.Close()); err == nil {
		err = os.Rename(fresh.Name(), filepath.Join(m.dir(), note))
	}
	if err != nil {
		os.Remove(fresh.Name())
		return fmt.Errorf("keep a note of the git mirror: %w", err)
	}
	return nil
}

// atMost fails when more is written than is taken.
type atMost struct {
	io.Writer
	left int
}

// Write implements io.Writer.
func (a *atMost) Write(p []byte) (int, error) {
	if a.left -= len(p); a.left < 0 {
		return 0, fmt.Errorf("%w: its list of branches and tags is larger than is taken", ErrTooLarge)
	}
	return a.Writer.Write(p)
}
