package source

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"broker/server/git"
	"broker/server/metadata"
	"broker/server/pattern"
	"broker/server/text"
)

// manifestMax is how large a composer.json may be, in bytes.
const manifestMax = 1 << 20

// packaged is a package of a git repository.
type packaged struct {
	name     string
	folder   string
	versions []packagedVersion
}

// packagedVersion is a version of one.
type packagedVersion struct {
	version  string
	manifest *metadata.Manifest
	commit   metadata.Commit
}

func (v *packagedVersion) json(name, address string) []byte {
	at := v.commit
	at.Source = address
	return v.manifest.At(name, v.version, at)
}

// digest tells a package from what it was and will be.
func (p *packaged) digest(address string) []byte {
	parts := make([][]byte, len(p.versions))
	for i := range p.versions {
		parts[i] = p.versions[i].json(p.name, address)
	}
	return digest(parts...)
}

// candidate is a branch or a tag that may make versions.
type candidate struct {
	name    string // main, 1.0.0
	commit  git.Commit
	files   map[string]string // the objects of composer.json files, by their folders
	version string            // of a branch
	normal  string            // of a branch, normalised
	head    bool              // the default branch
}

// survey is a repository being read: all branches and tags in one pass.
type survey struct {
	*Git
	objects   *git.Objects
	manifests map[string]read // by the file's object: most are the same in many commits
	found     map[string]*packaged
	skipped   []metadata.Skip
}

// read is what a composer.json is, or why it is none.
type read struct {
	manifest *metadata.Manifest
	reason   string
}

// readOnce reads the commits, unless they were.
func (g *Git) readOnce(ctx context.Context) error {
	g.reading.Lock()
	defer g.reading.Unlock()
	if g.found != nil {
		return nil
	}
	_, err := g.readAll(ctx)
	return err
}

// readAll reads the composer.json of every branch and tag, makes packages of them, and notes what they were.
func (g *Git) readAll(ctx context.Context) ([]metadata.Skip, error) {
	objects, err := g.mirror.Objects(ctx)
	if err != nil {
		return nil, err
	}
	defer objects.Close()
	s := &survey{Git: g, objects: objects, manifests: map[string]read{}, found: map[string]*packaged{}}
	tags, branches, err := s.candidates()
	if err != nil {
		return nil, err
	}
	folders := map[string]bool{}
	for _, c := range slices.Concat(branches, tags) {
		for folder := range c.files {
			folders[folder] = true
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		if err := s.folder(ctx, folder, tags, branches); err != nil {
			return nil, err
		}
	}
	g.held.settle()
	note := noted{State: g.stateOf(g.refs), Packages: map[string]string{}}
	for name, p := range s.found {
		note.Packages[name] = hex.EncodeToString(p.digest(g.address))
	}
	g.found, g.known = s.found, note
	content, err := json.Marshal(note)
	if err != nil {
		return nil, err
	}
	return s.skipped, g.mirror.Keep(content)
}

// skipsMost is how many branches, tags and files of a repository are told of that were left out.
const skipsMost = 1000

func (s *survey) skip(name, ref, reason string) {
	if len(s.skipped) < skipsMost {
		s.skipped = append(s.skipped, metadata.Skip{Package: name, Version: ref, Reason: reason})
	}
}

// candidates finds the commits of branches and tags, and the packages in them. The default branch is the first.
func (s *survey) candidates() (tags, branches []*candidate, err error) {
	for _, name := range s.refs.Refused {
		s.skip(s.called(), name, "its name is too long, or has characters that are not taken")
	}
	head := s.refs.Head
	if head == "" { // as Composer has it
		head = git.Branches + "master"
	}
	for _, ref := range s.refs.All {
		name, _ := git.ShortRef(ref.Name)
		c := &candidate{name: name, files: map[string]string{}, head: ref.Name == head}
		tag := strings.HasPrefix(ref.Name, git.Tags)
		if tag {
			_, _, err = metadata.TagVersion(name, "")
		} else {
			c.version, c.normal, err = metadata.BranchVersion(name)
		}
		if err != nil {
			s.skip(s.called(), name, err.Error())
			continue
		}
		usable := false
		if c.commit, usable, err = s.objects.Commit(ref.Object); err != nil {
			return nil, nil, err
		}
		if !usable {
			s.skip(s.called(), name, "it names no commit")
			continue
		}
		files, err := s.objects.Find(c.commit.Tree, s.paths)
		if err != nil {
			return nil, nil, err
		}
		if len(files) == 0 {
			s.skip(s.called(), name, "it has no composer.json")
			continue
		}
		for _, file := range files {
			c.files[folderOf(file.Path)] = file.Object
		}
		switch {
		case tag:
			tags = append(tags, c)
		case c.head:
			branches = slices.Insert(branches, 0, c)
		default:
			branches = append(branches, c)
		}
	}
	return tags, branches, nil
}

// called is what people know the repository by, where no package's name is known.
func (g *Git) called() string { return text.Line(strings.TrimSuffix(g.address, ".git"), 255) }

// folderOf is where a composer.json stands; empty for the top.
func folderOf(file string) string {
	if folder := path.Dir(file); folder != "." {
		return folder
	}
	return ""
}

// folder makes versions of what the branches and tags have in a folder, as Composer's VcsRepository does. The default
// branch names the package, so that one that was renamed keeps its old versions.
func (s *survey) folder(ctx context.Context, folder string, tags, branches []*candidate) error {
	f := &folderSurvey{survey: s, folder: folder, seen: map[string]bool{}}
	if len(branches) > 0 && branches[0].head && branches[0].files[folder] != "" {
		head, err := s.read(ctx, branches[0].files[folder])
		if err != nil {
			return err
		}
		if head.manifest != nil {
			f.name = head.manifest.Name()
		}
	}
	for _, c := range tags {
		err := f.add(ctx, c, func(m *metadata.Manifest) (string, string, error) { return metadata.TagVersion(c.name, m.Version()) })
		if err != nil {
			return err
		}
	}
	for _, c := range branches {
		err := f.add(ctx, c, func(*metadata.Manifest) (string, string, error) { return c.version, c.normal, nil })
		if err != nil {
			return err
		}
	}
	return nil
}

// folderSurvey is a folder being read.
type folderSurvey struct {
	*survey
	folder string
	name   string          // of the package, which the default branch says; empty: each version says its own
	seen   map[string]bool // normalised versions, with the package's name
}

func (f *folderSurvey) add(ctx context.Context, c *candidate, versionOf func(*metadata.Manifest) (version, normalized string, err error)) error {
	object := c.files[f.folder]
	if object == "" {
		return nil
	}
	read, err := f.read(ctx, object)
	if err != nil {
		return err
	}
	name := f.name
	if name == "" && read.manifest != nil {
		name = read.manifest.Name()
	}
	reason := read.reason
	var version, normalized string
	if reason == "" {
		if version, normalized, err = versionOf(read.manifest); err != nil {
			reason = err.Error()
		}
	}
	switch key := name + " " + normalized; {
	case reason != "":
	case !pattern.ValidName(name):
		reason = fmt.Sprintf("its composer.json has the name %q, which no package can have", text.Line(name, 200))
	case f.seen[key]:
		reason = "another branch or tag is " + normalized + " too"
	case f.found[name] != nil && f.found[name].folder != f.folder:
		reason = fmt.Sprintf("the package in %q has the same name", f.found[name].folder)
	default:
		f.seen[key] = true
		if f.found[name] == nil {
			f.found[name] = &packaged{name: name, folder: f.folder}
		}
		at := metadata.Commit{ID: c.commit.ID, Time: c.commit.Time, Folder: f.folder, Default: c.head}
		f.found[name].versions = append(f.found[name].versions, packagedVersion{version, read.manifest, at})
		return nil
	}
	if name == "" {
		name = f.called()
	}
	f.skip(name, c.name, reason)
	return nil
}

// read reads a composer.json, once for all commits that have it.
func (s *survey) read(ctx context.Context, object string) (read, error) {
	if known, ok := s.manifests[object]; ok {
		return known, nil
	}
	content, err := s.objects.Blob(object, manifestMax)
	var found read
	switch {
	case errors.Is(err, git.ErrTooLarge):
		found.reason = fmt.Sprintf("its composer.json is larger than %d KiB", manifestMax>>10)
	case err != nil:
		return read{}, err
	default:
		if err := s.held.more(ctx, int64(len(content))); err != nil {
			return read{}, err
		}
		if found.manifest, err = metadata.ReadManifest(content); err != nil {
			found.reason = err.Error()
		}
	}
	s.manifests[object] = found
	return found, nil
}
