package git

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The bounds of an archive.
const (
	unpackedMax = 1 << 30 // bytes of its files
	entriesMax  = 100_000
	nameMax     = 4096 // bytes of a file's name in it
	archiveFor  = 10 * time.Minute
	excludeFor  = 20 * time.Second // of asking exclude: rules can be made to take long
)

// Refusal says why no archive is made of a commit. It is a sentence for people.
type Refusal struct{ Reason string }

func (r *Refusal) Error() string { return r.Reason }

// Resolve finds the commit that a name of one, whole or its first seven or more digits, stands for. ErrNotFound where the
// mirror has none, or several.
func (m *Mirror) Resolve(ctx context.Context, name string) (Commit, error) {
	if len(name) < 7 || len(name) > 64 || strings.Trim(name, "0123456789abcdef") != "" {
		return Commit{}, fmt.Errorf("%w: %q is no name of a commit", ErrNotFound, name)
	}
	objects, err := m.Objects(ctx)
	if err != nil {
		return Commit{}, err
	}
	defer objects.Close()
	c, ok, err := objects.Commit(name)
	if err == nil && (!ok || !strings.HasPrefix(c.ID, name)) { // a branch may be called like a commit
		err = fmt.Errorf("%w: there is no commit %s", ErrNotFound, name)
	}
	return c, err
}

// Zip writes the archive of a commit, or of a folder of it, as a zip with one folder at its top. The same commit makes the
// same bytes: files stand in the order of the tree, with the time of the commit. What .gitattributes says to leave out
// (export-ignore) is left out, as is what exclude tells of paths that begin with a slash below the folder. Submodules are
// empty in git's archives, and are left out. A *Refusal where the files are not ones to be installed.
func (m *Mirror) Zip(ctx context.Context, w io.Writer, commit, folder, top string, exclude func(path string) bool) error {
	if !objectName.MatchString(commit) || strings.HasPrefix(folder, "-") {
		return fmt.Errorf("%w: %q is no commit", ErrNotFound, commit)
	}
	release, err := m.p.hold(ctx, m.name, false)
	if err != nil {
		return err
	}
	defer release()
	args := []string{"archive", "--format=tar", commit}
	if folder != "" {
		args = append(args, "--", folder)
	}
	git, err := m.p.child(ctx, call{dir: m.dir(), within: archiveFor, args: args})
	if err != nil {
		return err
	}
	defer git.close()
	out, err := git.StdoutPipe()
	if err == nil {
		err = git.Start()
	}
	if err != nil {
		return fmt.Errorf("start git: %w", err)
	}
	p := packing{zip: zip.NewWriter(w), folder: folder, top: top, exclude: exclude, names: map[string]bool{}}
	packed := p.all(tar.NewReader(out))
	if packed != nil && !errors.Is(packed, errCut) {
		endGroup(git.Cmd)
		_ = git.wait()
		return packed
	}
	_, _ = io.Copy(io.Discard, out) // what pads a tar
	if err := errors.Join(git.wait(), packed); err != nil {
		if errors.Is(err, ErrBroken) {
			git.close()
			release()
			m.Discard()
		}
		return err
	}
	if len(p.names) == 0 {
		return &Refusal{"no file of it is left: its .gitattributes and archive.exclude leave all of them out"}
	}
	return p.zip.Close()
}

// packing is an archive that is being written.
type packing struct {
	zip     *zip.Writer
	folder  string
	top     string
	exclude func(path string) bool
	names   map[string]bool // written so far
	links   []string
	bytes   int64

	excluding time.Duration // what exclude took so far
}

func (p *packing) all(from *tar.Reader) error {
	for {
		header, err := from.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return fmt.Errorf("%w: %w", errCut, err)
		}
		if header.Typeflag != tar.TypeReg && header.Typeflag != tar.TypeSymlink {
			continue // folders come with their files
		}
		if err := p.one(header, from); err != nil {
			return err
		}
	}
}

// errCut says that git ended before its archive did; it says why.
var errCut = errors.New("what git packed cannot be read")

func (p *packing) one(header *tar.Header, content io.Reader) error {
	name := header.Name
	if p.folder != "" {
		below, ok := strings.CutPrefix(name, p.folder+"/")
		if !ok {
			return nil
		}
		name = below
	}
	if !safeName(name) {
		return &Refusal{fmt.Sprintf("it has a file called %q, which not every system can hold", short(name))}
	}
	began := time.Now()
	excluded := p.exclude("/" + name)
	if p.excluding += time.Since(began); p.excluding > excludeFor {
		return &Refusal{fmt.Sprintf("its archive.exclude takes longer than %s to go by", excludeFor)}
	}
	if excluded {
		return nil
	}
	if header.Typeflag == tar.TypeSymlink && !staysInside(name, header.Linkname) {
		return nil // as Composer leaves it out
	}
	for _, link := range p.links {
		if strings.HasPrefix(name, link+"/") {
			return &Refusal{fmt.Sprintf("it has a file below the link %q", short(link))}
		}
	}
	if p.names[name] {
		return &Refusal{fmt.Sprintf("it has two files called %q", short(name))}
	}
	p.names[name] = true
	if p.bytes += header.Size; p.bytes > unpackedMax || len(p.names) > entriesMax {
		return &Refusal{fmt.Sprintf("its files are more than %d, or larger than %d MiB together", entriesMax, unpackedMax>>20)}
	}
	entry := &zip.FileHeader{Name: p.top + "/" + name, Method: zip.Deflate, Modified: modified(header.ModTime)}
	if !utf8.ValidString(name) {
		entry.NonUTF8 = true
	}
	if header.Typeflag == tar.TypeSymlink {
		p.links = append(p.links, name)
		entry.SetMode(fs.ModeSymlink | 0o777)
		content = strings.NewReader(header.Linkname)
	} else {
		entry.SetMode(0o644)
		if header.Mode&0o100 != 0 {
			entry.SetMode(0o755)
		}
	}
	return p.write(entry, name, content)
}

func (p *packing) write(entry *zip.FileHeader, name string, content io.Reader) error {
	start := make([]byte, len(pointer))
	n, err := io.ReadFull(content, start)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %w", errCut, err)
	}
	if string(start[:n]) == pointer {
		return &Refusal{fmt.Sprintf("%s is kept in Git LFS, which archives do not hold: commit the file itself, or leave it out by export-ignore in .gitattributes", short(name))}
	}
	to, err := p.zip.CreateHeader(entry)
	if err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	if _, err := io.Copy(to, io.MultiReader(bytes.NewReader(start[:n]), content)); err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	return nil
}

// pointer is what a file begins with whose content is elsewhere (git-lfs, docs/spec.md).
const pointer = "version https://git-lfs.github.com/spec/v1\n"

func short(s string) string { return s[:min(len(s), 100)] }

// modified is a time that every zip can hold.
func modified(at time.Time) time.Time {
	earliest := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	latest := time.Date(2107, 12, 31, 0, 0, 0, 0, time.UTC)
	switch at = at.UTC(); {
	case at.Before(earliest):
		return earliest
	case at.After(latest):
		return latest
	}
	return at
}

// safeName tells whether a file may be called so in an archive: it stays below the top, on every system, and is none of
// git's own.
func safeName(name string) bool {
	if name == "" || len(name) > nameMax || strings.ContainsAny(name, "\\\x00") || path.Clean(name) != name || path.IsAbs(name) {
		return false
	}
	return !slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool {
		return part == ".." || part == "." || strings.EqualFold(part, ".git") || strings.EqualFold(part, "git~1")
	})
}

// staysInside tells whether a link leads to a place below the top, whatever other links are on its way: it goes up first,
// and then down only.
func staysInside(name, target string) bool {
	if target == "" || len(target) > nameMax || path.IsAbs(target) || strings.ContainsAny(target, "\\\x00") {
		return false
	}
	up, down := 0, false
	for part := range strings.SplitSeq(target, "/") {
		switch {
		case part == ".." && down:
			return false
		case part == "..":
			up++
		case part != "" && part != ".":
			down = true
		}
	}
	return up <= strings.Count(name, "/")
}
