package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"broker/server/git"
	"broker/server/inspect"
	"broker/server/metadata"
	"broker/server/safehttp"
	"broker/server/text"
)

// Git is a git repository. Its branches and tags are the versions of the package at its top, or of the packages below
// the paths that people gave.
type Git struct {
	mirror  *git.Mirror
	address string
	paths   []string
	budget  *Budget
	reader  *metadata.Reader

	refs git.Refs
	held *hold // of the memory of what was read

	reading sync.Mutex
	known   noted
	found   map[string]*packaged // by name; nil until the commits were read
}

var _ Source = (*Git)(nil)

// manifestName is what the file is called that makes a package.
const manifestName = "composer.json"

// NewGit returns the repository of a mirror. paths are patterns such as packages/*/composer.json; without one the package
// is at the top.
func NewGit(mirror *git.Mirror, budget *Budget, address string, paths []string) *Git {
	if len(paths) == 0 {
		paths = []string{manifestName}
	}
	return &Git{mirror: mirror, address: address, paths: paths, budget: budget, reader: metadata.NewReader()}
}

// noted is what is kept beside the mirror of what was read, so that it is not read again while nothing changes.
type noted struct {
	State    string            `json:"state"`
	Packages map[string]string `json:"packages"` // the digest of each, in hex
}

// noteForm is of what is made of the commits; changed with it, so that it is made again.
const noteForm = "1"

// stateOf differs whenever something else would be read.
func (g *Git) stateOf(refs git.Refs) string {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{noteForm, g.address, refs.State()}, g.paths...), "\n")))
	return hex.EncodeToString(sum[:])
}

// State is what the repository was at when it was read; see Look.
func (g *Git) State() string { return g.known.State }

// Look asks the repository what it is at now, which costs little. Another state means another branch, tag or commit.
func (g *Git) Look(ctx context.Context) (state string, err error) {
	refs, err := g.mirror.Look(ctx)
	if err != nil {
		return "", ofGit(err)
	}
	return g.stateOf(refs), nil
}

// Names implements Source. Where nothing changed since the commits were read, none is read again.
func (g *Git) Names(ctx context.Context) (Listing, error) {
	refs, err := g.mirror.Update(ctx)
	if err != nil {
		return Listing{}, ofGit(err)
	}
	g.refs = refs
	if g.held, err = g.budget.lists.hold(ctx); err != nil {
		return Listing{}, err
	}
	listing, err := g.list(ctx)
	if errors.Is(err, git.ErrBroken) { // it is made anew, once
		g.mirror.Discard()
		if g.refs, err = g.mirror.Update(ctx); err == nil {
			listing, err = g.list(ctx)
		}
	}
	release := g.held.settle()
	if err != nil {
		release()
		return Listing{}, ofGit(err)
	}
	listing.Release = release
	return listing, nil
}

func (g *Git) list(ctx context.Context) (Listing, error) {
	listing := Listing{Listed: true}
	var kept noted
	if err := json.Unmarshal(g.mirror.Note(), &kept); err == nil && kept.State == g.stateOf(g.refs) {
		g.known = kept
	} else if listing.Skipped, err = g.readAll(ctx); err != nil {
		return Listing{}, err
	}
	for name := range g.known.Packages {
		listing.Names = append(listing.Names, name)
	}
	slices.Sort(listing.Names)
	if len(listing.Names) == 0 {
		reason := "no valid composer.json was found in any branch or tag"
		if len(listing.Skipped) > 0 {
			reason += ", such as in " + listing.Skipped[0].Version + ": " + listing.Skipped[0].Reason
		}
		return Listing{}, fmt.Errorf("%w: %s", ErrUnusable, reason)
	}
	return listing, nil
}

// Open implements Source.
func (g *Git) Open(ctx context.Context) error {
	listing, err := g.Names(ctx)
	if err != nil {
		return err
	}
	listing.Release()
	return nil
}

// Package implements Source.
func (g *Git) Package(ctx context.Context, name string, known Known) (Package, error) {
	digest, ok := g.known.Packages[name]
	if !ok {
		return Package{}, ErrNotFound
	}
	if len(known.Digest) > 0 && hex.EncodeToString(known.Digest) == digest {
		return Package{Unchanged: true, Release: func() {}}, nil
	}
	if err := g.readOnce(ctx); err != nil {
		return Package{}, ofGit(err)
	}
	h, err := g.budget.documents.hold(ctx)
	if err != nil {
		return Package{}, err
	}
	p, err := g.pack(ctx, h, g.found[name])
	release := h.settle()
	if err != nil {
		release()
		return Package{}, err
	}
	p.Release = release
	return p, nil
}

func (g *Git) pack(ctx context.Context, h *hold, of *packaged) (Package, error) {
	if of == nil { // the repository changed while it was read
		return Package{}, fmt.Errorf("%w: it changed while it was read", ErrUnavailable)
	}
	list := make([][]byte, len(of.versions))
	for i, v := range of.versions {
		list[i] = v.json(of.name, g.address)
		if err := h.more(ctx, int64(len(list[i]))); err != nil {
			return Package{}, err
		}
	}
	versions, skipped, err := g.reader.ReadPacked(of.name, list)
	return Package{Versions: versions, Skipped: skipped, Digest: of.digest(g.address)}, unusable(err)
}

// Archive implements Source. The archive is made from the mirror while it is read.
func (g *Git) Archive(ctx context.Context, d Dist) (Blob, error) {
	of, ok := metadata.CutPacked(d.URL)
	if !ok || of.Address != "" {
		return Blob{}, fmt.Errorf("%w: it is no commit of a git repository", ErrNotFound)
	}
	at, err := g.commit(ctx, of.Commit)
	if err != nil {
		return Blob{}, err
	}
	manifest, err := manifestAt(ctx, g.mirror, at, of.Folder)
	if err != nil {
		return Blob{}, err
	}
	return zipped(ctx, g.mirror, at, of.Folder, manifest), nil
}

// Commit finds the commit that its name, or the beginning of it, stands for, and tells whether it has a package in the
// folder of another. ErrNotFound where it is not one commit of the mirror.
func (g *Git) Commit(ctx context.Context, of metadata.Packed, name string) (commit string, err error) {
	at, err := g.commit(ctx, name)
	if err != nil {
		return "", err
	}
	_, err = manifestAt(ctx, g.mirror, at, of.Folder)
	return at.ID, err
}

// commit finds a commit in the mirror, which is fetched where it is not here.
func (g *Git) commit(ctx context.Context, name string) (git.Commit, error) {
	if !g.mirror.Here() {
		if _, err := g.mirror.Update(ctx); err != nil {
			return git.Commit{}, ofGit(err)
		}
	}
	at, err := g.mirror.Resolve(ctx, name)
	return at, ofGit(err)
}

// ofGit sorts failures of git as those of a source.
func ofGit(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, git.ErrNotFound):
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case errors.Is(err, git.ErrRefused):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	case errors.Is(err, git.ErrTooLarge):
		return fmt.Errorf("%w: %w", ErrUnusable, err)
	case errors.Is(err, git.ErrNoProgram), errors.Is(err, git.ErrBlocked), errors.Is(err, safehttp.ErrBlocked), errors.Is(err, context.Canceled),
		errors.Is(err, ErrUnusable), errors.Is(err, ErrUnavailable), errors.Is(err, ErrNotFound):
		return err
	}
	return fmt.Errorf("%w: %s", ErrUnavailable, text.Line(err.Error(), 500))
}

// Readme reads the README of a commit's package out of the mirror; nil where there is none, or the mirror does not have the
// commit. Nothing is fetched. packed is the address of a dist that is made from the mirror.
func (g *Git) Readme(ctx context.Context, packed string) ([]byte, error) {
	of, ok := metadata.CutPacked(packed)
	if !ok || !g.mirror.Here() {
		return nil, nil
	}
	at, err := g.mirror.Resolve(ctx, of.Commit)
	if errors.Is(err, git.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, ofGit(err)
	}
	objects, err := g.mirror.Objects(ctx)
	if err != nil {
		return nil, ofGit(err)
	}
	defer objects.Close()
	files, err := objects.Find(at.Tree, []string{path.Join(git.Quote(of.Folder), "[Rr][Ee][Aa][Dd][Mm][Ee]*")})
	if err != nil {
		return nil, ofGit(err)
	}
	var best git.File
	rank := 0
	for _, file := range files {
		if this := inspect.ReadmeRank(path.Base(file.Path)); this > rank {
			best, rank = file, this
		}
	}
	if rank == 0 {
		return nil, nil
	}
	content, err := objects.Blob(best.Object, inspect.ReadmeMax)
	if errors.Is(err, git.ErrTooLarge) {
		return nil, nil
	}
	return content, ofGit(err)
}
