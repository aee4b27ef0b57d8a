package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"
	"sync"

	"broker/server/archive"
	"broker/server/git"
	"broker/server/metadata"
	"broker/server/pattern"
	"broker/server/safehttp"
	"broker/server/text"
)

// Packing is how archives are made here of versions of which a Composer repository only names the git repository.
type Packing struct {
	Git    *git.Program
	ID     string   // of the repository; its mirrors are apart from those of others, which may reach other hosts
	Hosts  []string // that may be packed from beside the source's own, such as github.com or *.example.org
	Header string   // "Name: value" for git repositories at the source's own origin; empty for none
}

// Pack has archives be made of what versions only name.
func (c *Composer) Pack(p Packing) {
	c.packing = &p
	check := sync.OnceValue(func() error { return p.Git.Check(context.Background()) })
	c.reader.Packs = func(address string) error {
		if _, err := c.packable(address); err != nil {
			return err
		}
		return check()
	}
}

// packable tells whether the git repository at an address may be packed here.
func (c *Composer) packable(address string) (*url.URL, error) {
	if c.packing == nil {
		return nil, errors.New("nothing is packed of this repository")
	}
	u, err := git.ParseURL(address, c.packing.Git.HTTP)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q cannot be asked: %w", text.Line(address, 200), err)
	case u.Scheme == "ssh":
		return nil, fmt.Errorf("%q is an address of ssh, and only those of https are packed", text.Line(address, 200))
	case !strings.EqualFold(u.Hostname(), c.root.Hostname()) && !hostOf(c.packing.Hosts, u.Hostname()):
		return nil, fmt.Errorf("this repository packs nothing from %s: add that host to its packFrom", text.Line(u.Hostname(), 200))
	}
	return u, nil
}

// hostOf tells whether a host is one of some, of which *.example.org stands for all below it.
func hostOf(hosts []string, host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, one := range hosts {
		if below, any := strings.CutPrefix(one, "*"); one == host || any && strings.HasSuffix(host, below) {
			return true
		}
	}
	return false
}

// mirrorOf is the mirror of a git repository that versions name.
func (c *Composer) mirrorOf(address string) (*git.Mirror, error) {
	u, err := c.packable(address)
	if err != nil {
		return nil, &archive.Mismatch{Reason: "it is packed here no more: " + err.Error()}
	}
	remote := git.Remote{URL: u, Route: c.route}
	if git.Origin(u) == safehttp.Origin(c.root) {
		remote.Header = c.packing.Header
	}
	return c.packing.Git.Borrow(c.packing.ID, safehttp.Origin(c.root), remote), nil
}

// route finds how a host is reached that the source leads to: as for its archives, at a private address only where the
// source itself is at one.
func (c *Composer) route(ctx context.Context, u *url.URL) (r git.Route, err error) {
	r.Addresses, r.Proxy, err = c.client.Route(ctx, u, false)
	if errors.Is(err, safehttp.ErrBlocked) && c.inside(ctx) {
		r.Addresses, r.Proxy, err = c.client.Route(ctx, u, true)
	}
	return r, err
}

// pack makes an archive of the commit of a git repository that a version names.
func (c *Composer) pack(ctx context.Context, of metadata.Packed) (Blob, error) {
	mirror, err := c.mirrorOf(of.Address)
	if err != nil {
		return Blob{}, err
	}
	at, err := mirror.Bring(ctx, of.Commit)
	if err != nil {
		return Blob{}, ofGit(err)
	}
	manifest, err := manifestAt(ctx, mirror, at, "")
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrUnusable) { // what the source says of the version is enough
		manifest, err = &metadata.Manifest{}, nil
	}
	if err != nil {
		return Blob{}, err
	}
	return zipped(ctx, mirror, at, "", manifest), nil
}

// Commit finds the commit of a git repository that versions name, by its name or the beginning of it. ErrNotFound where
// it is not one commit there.
func (c *Composer) Commit(ctx context.Context, of metadata.Packed, name string) (commit string, err error) {
	mirror, err := c.mirrorOf(of.Address)
	if err != nil {
		return "", err
	}
	at, err := mirror.Bring(ctx, name)
	return at.ID, ofGit(err)
}

// zipped makes the archive of a commit's folder while it is read.
func zipped(ctx context.Context, mirror *git.Mirror, at git.Commit, folder string, manifest *metadata.Manifest) Blob {
	top := strings.NewReplacer("/", "-").Replace(manifest.Name()) + "-" + at.ID[:12]
	if !pattern.ValidName(manifest.Name()) { // as of an old commit
		top = "package-" + at.ID[:12]
	}
	r, w := io.Pipe()
	go func() {
		err := mirror.Zip(ctx, w, at.ID, folder, top, git.Excluder(manifest.Excludes()))
		if refusal, ok := errors.AsType[*git.Refusal](err); ok {
			err = &archive.Mismatch{Reason: refusal.Reason}
		}
		w.CloseWithError(err) // nil ends it
	}()
	return Blob{ReadCloser: r, Size: -1}
}

// manifestAt reads the composer.json of a commit's folder.
func manifestAt(ctx context.Context, mirror *git.Mirror, at git.Commit, folder string) (*metadata.Manifest, error) {
	objects, err := mirror.Objects(ctx)
	if err != nil {
		return nil, ofGit(err)
	}
	defer objects.Close()
	files, err := objects.Find(at.Tree, []string{git.Quote(path.Join(folder, manifestName))})
	if err != nil {
		return nil, ofGit(err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%w: the commit %s has no composer.json there", ErrNotFound, at.ID)
	}
	content, err := objects.Blob(files[0].Object, manifestMax)
	if err != nil {
		return nil, ofGit(err)
	}
	manifest, err := metadata.ReadManifest(content)
	return manifest, unusable(err)
}
