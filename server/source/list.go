package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"broker/server/metadata"
	"broker/server/pattern"
	"broker/server/safehttp"
	"broker/server/text"
)

// includesMax is how many files a root may include, nested ones among them.
const includesMax = 200

// list is what a repository says of where its packages are.
type list struct {
	template string            // address of a package's document, with %package% and, for hashes, %hash%; empty without any
	lazy     string            // the same of packages without a hash: one document has releases and branches
	changes  string            // address that tells what changed; empty without one
	advised  bool              // documents have the advisories of their package
	filters  []string          // filter lists that documents have entries of, sorted
	advise   string            // address that is asked for advisories; empty without one
	some     *some             // nil: any name may be there
	inline   metadata.Packages // packages that packages.json holds itself, or the files it includes (Satis)
	hashes   map[string]string // SHA-256 of each package's document (protocol of Composer 1)
}

// Names implements Source.
func (c *Composer) Names(ctx context.Context) (Listing, error) {
	h, err := c.budget.lists.hold(ctx)
	if err != nil {
		return Listing{}, err
	}
	l, err := c.names(ctx, h, true)
	l.Release = h.settle()
	if err != nil {
		l.Release()
	}
	return l, err
}

// Open implements Source.
func (c *Composer) Open(ctx context.Context) error {
	h, err := c.budget.lists.hold(ctx)
	if err != nil {
		return err
	}
	_, err = c.names(ctx, h, false)
	h.settle()()
	return err
}

// names reads packages.json; all tells whether also a list of names that it only tells the address of.
func (c *Composer) names(ctx context.Context, h *hold, all bool) (Listing, error) {
	// What a sync begins with is asked for whatever became of the last requests.
	body, err := c.file(ctx, h, c.root, all)
	if err != nil {
		return Listing{}, fmt.Errorf("read packages.json: %w", err)
	}
	root, err := metadata.ReadRoot(body)
	if err != nil {
		return Listing{}, fmt.Errorf("read packages.json: it is not that of a Composer repository: %w", err)
	}
	c.reader.Mirror = ""
	if u, err := c.filledLater(root.Mirror); err == nil && root.Mirror != "" {
		c.reader.Mirror = u
	}
	switch {
	case root.MetadataURL != "":
		return c.byMetadataURL(ctx, h, root, all)
	case root.ProvidersURL != "" || root.LazyURL != "":
		return c.byProviders(ctx, h, root)
	}
	if err := c.include(ctx, h, root); err != nil {
		return Listing{}, err
	}
	c.list = list{inline: root.Packages}
	return listing(slices.Collect(maps.Keys(root.Packages)), root.HasPackages || len(root.Includes) > 0, root.Skipped), nil
}

// byMetadataURL is protocol 2. Packages that the root holds itself are taken from there.
func (c *Composer) byMetadataURL(ctx context.Context, h *hold, root *metadata.Root, all bool) (Listing, error) {
	template, err := c.template(root.MetadataURL, "metadata-url")
	if err != nil {
		return Listing{}, err
	}
	c.list = list{template: template, inline: root.Packages, some: someOf(root)}
	if root.AdvisoriesURL != "" {
		if u, err := c.root.Parse(root.AdvisoriesURL); err == nil {
			c.list.advise = u.String()
		}
	}
	c.list.advised = root.Advised && c.list.advise == ""
	c.list.filters = root.Filters
	if root.ChangesURL != "" {
		if u, err := c.root.Parse(root.ChangesURL); err == nil {
			c.list.changes = u.String()
		}
	}
	names := root.Available
	if (len(names) == 0 || len(root.Patterns) > 0) && root.List != "" && all {
		if names, err = c.readList(ctx, h, root.List); err != nil {
			return Listing{}, err
		}
	}
	listed := len(root.Available) > 0 && len(root.Patterns) == 0 || root.List != ""
	if listed {
		names = slices.AppendSeq(names, maps.Keys(root.Packages))
	}
	return listing(names, listed, root.Skipped), nil
}

// byProviders is the protocol of Composer 1: files list the digest of each package's document.
func (c *Composer) byProviders(ctx context.Context, h *hold, root *metadata.Root) (Listing, error) {
	var template, lazy string
	var err error
	if root.ProvidersURL != "" {
		template, err = c.template(root.ProvidersURL, "providers-url")
	}
	if err == nil && root.LazyURL != "" {
		lazy, err = c.template(root.LazyURL, "providers-lazy-url")
	}
	if err != nil {
		return Listing{}, err
	}
	hashes := map[string]string{}
	maps.Copy(hashes, root.Providers)
	if len(root.ProviderIncludes) > includesMax {
		return Listing{}, fmt.Errorf("read packages.json: it includes more than %d files", includesMax)
	}
	for _, include := range root.ProviderIncludes {
		more, err := c.included(ctx, h, metadata.Include{Path: strings.ReplaceAll(include.Path, "%hash%", include.SHA256), SHA256: include.SHA256})
		if err != nil {
			return Listing{}, err
		}
		maps.Copy(hashes, more.Providers)
	}
	c.list = list{template: template, lazy: lazy, inline: root.Packages, hashes: hashes}
	names := slices.AppendSeq(slices.Collect(maps.Keys(hashes)), maps.Keys(root.Packages))
	return listing(names, lazy == "", root.Skipped), nil
}

// some are the names that a repository says it has: no others are asked for.
type some struct {
	names    map[string]bool
	patterns []string // in lower case, with * for any characters
}

// someOf is what a root says of its names; nil where it says nothing, or in another file.
func someOf(root *metadata.Root) *some {
	if len(root.Available) == 0 && len(root.Patterns) == 0 {
		return nil
	}
	s := &some{names: map[string]bool{}}
	for _, name := range root.Available {
		s.names[strings.ToLower(name)] = true
	}
	for _, one := range root.Patterns {
		s.patterns = append(s.patterns, strings.ToLower(one))
	}
	return s
}

// has tells whether a name is among them.
func (s *some) has(name string) bool {
	return s == nil || s.names[name] || slices.ContainsFunc(s.patterns, func(one string) bool { return fits(one, name) })
}

// fits tells whether a name fits a pattern as Composer has it: * stands for any characters, / among them.
func fits(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return name == pattern
	}
	rest, ok := strings.CutPrefix(name, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		if _, rest, ok = strings.Cut(rest, part); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// template resolves an address with a placeholder as Composer does: what begins with a slash belongs to the host.
func (c *Composer) template(template, key string) (string, error) {
	if !strings.Contains(template, "%package%") {
		return "", fmt.Errorf("read packages.json: its %s has no %%package%%", key)
	}
	u, err := c.filledLater(template)
	if err != nil {
		return "", fmt.Errorf("read packages.json: its %s is not an address", key)
	}
	return u, nil
}

// filledLater resolves an address with placeholders.
func (c *Composer) filledLater(address string) (string, error) {
	// % begins an escape in a URL, so that the placeholders are kept as words while resolving.
	var words, back []string
	for _, name := range []string{"package", "hash", "version", "reference", "type", "prettyVersion"} {
		words = append(words, "%"+name+"%", "-"+name+"-placeholder-")
		back = append(back, "-"+name+"-placeholder-", "%"+name+"%")
	}
	u, err := c.root.Parse(strings.NewReplacer(words...).Replace(address))
	if err != nil {
		return "", err
	}
	return strings.NewReplacer(back...).Replace(u.String()), nil
}

func (c *Composer) readList(ctx context.Context, h *hold, address string) ([]string, error) {
	u, err := c.root.Parse(address)
	if err != nil {
		return nil, errors.New("read packages.json: its list is not an address")
	}
	body, err := c.file(ctx, h, u, false)
	if err != nil {
		return nil, fmt.Errorf("read the list of packages: %w", err)
	}
	names, ok := metadata.ReadNames(body)
	if !ok {
		return nil, errors.New("read the list of packages: it has no packageNames")
	}
	return names, nil
}

func listing(names []string, listed bool, skipped []metadata.Skip) Listing {
	l := Listing{Listed: listed, Skipped: skipped}
	for _, name := range names {
		name = strings.ToLower(name)
		if pattern.ValidName(name) {
			l.Names = append(l.Names, name)
			continue
		}
		l.Skipped = append(l.Skipped, metadata.Skip{Package: text.Line(name, 100), Reason: "no package can have this name"})
	}
	slices.Sort(l.Names)
	l.Names = slices.Compact(l.Names)
	return l
}

// include reads the files that a root includes, and those that they include, into the root. A package that several hold
// has the versions of all. As Composer does, a file is taken whatever SHA-1 the root names for it.
func (c *Composer) include(ctx context.Context, h *hold, root *metadata.Root) error {
	seen := map[string]bool{}
	for waiting := root.Includes; len(waiting) > 0; waiting = waiting[1:] {
		next := waiting[0]
		if seen[next.Path] {
			continue
		}
		if seen[next.Path] = true; len(seen) > includesMax {
			return fmt.Errorf("read packages.json: it includes more than %d files", includesMax)
		}
		more, err := c.included(ctx, h, metadata.Include{Path: next.Path})
		if err != nil {
			return err
		}
		for name, versions := range more.Packages {
			root.Packages[name] = append(root.Packages[name], versions...)
		}
		root.Skipped = append(root.Skipped, more.Skipped...)
		waiting = append(waiting, more.Includes...)
	}
	return nil
}

// included reads a file that packages.json names; one with a digest must have it.
func (c *Composer) included(ctx context.Context, h *hold, include metadata.Include) (*metadata.Root, error) {
	name := text.Line(include.Path, 200)
	u, err := c.root.Parse(include.Path)
	if err != nil || u.Host != c.root.Host {
		return nil, fmt.Errorf("read packages.json: it includes %q, which is not a file of the source", name)
	}
	body, err := c.file(ctx, h, u, false)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if sum := sha256.Sum256(body); include.SHA256 != "" && hex.EncodeToString(sum[:]) != include.SHA256 {
		return nil, fmt.Errorf("read %s: %w: it is not the file that packages.json names", name, ErrUnavailable)
	}
	root, err := metadata.ReadRoot(body)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return root, nil
}

func (c *Composer) file(ctx context.Context, h *hold, u *url.URL, probe bool) ([]byte, error) {
	a, err := h.get(ctx, func() (*safehttp.Response, error) {
		return c.get(ctx, u.String(), safehttp.Options{MaxBytes: rootMax, Probe: probe})
	})
	return a.body, err
}
