package git

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"time"
)

// Objects reads the objects of a mirror through one child. It is for one goroutine, and must be closed.
type Objects struct {
	git     *child
	in      io.WriteCloser
	out     *bufio.Reader
	release func()
	trees   map[string][]entry // by their names, as they were read
	kept    int                // entries in trees
}

// entry is one of a tree's.
type entry struct {
	name   string
	object string
	mode   string // 40000 a tree, 100644 and 100755 files, 120000 a link, 160000 a submodule
}

// The bounds of what is read.
const (
	treeMax      = 32 << 20  // bytes of a tree
	treesKept    = 1_000_000 // entries that are remembered
	commitMax    = 1 << 20   // bytes of a commit
	manifestsMax = 2_000     // files that a pattern may find in a commit
)

// Objects starts to read.
func (m *Mirror) Objects(ctx context.Context) (*Objects, error) {
	release, err := m.p.hold(ctx, m.name, false)
	if err != nil {
		return nil, err
	}
	git, err := m.p.child(ctx, call{dir: m.dir(), within: m.p.Limits.Fetch, args: []string{"cat-file", "--batch"}})
	if err != nil {
		release()
		return nil, err
	}
	o := &Objects{git: git, release: release, trees: map[string][]entry{}}
	out, errOut := git.StdoutPipe()
	in, errIn := git.StdinPipe()
	if err := errors.Join(errOut, errIn); err == nil {
		err = git.Start()
		if err == nil {
			o.in, o.out = in, bufio.NewReaderSize(out, 64<<10)
			return o, nil
		}
	}
	git.close()
	release()
	return nil, fmt.Errorf("start git: %w", errors.Join(errOut, errIn, err))
}

// Close ends the child.
func (o *Objects) Close() {
	o.in.Close()
	endGroup(o.git.Cmd) // it has nothing to finish
	_ = o.git.Wait()
	o.git.close()
	o.release()
}

// errNone says that there is no such object.
var errNone = errors.New("there is no such object")

// get reads an object by its name, or by what leads to it from another. Of one larger than most nothing is kept.
func (o *Objects) get(spec string, most int64) (object, kind string, content []byte, err error) {
	if _, err := io.WriteString(o.in, spec+"\n"); err != nil {
		return "", "", nil, o.broken(err)
	}
	header, err := o.out.ReadString('\n')
	if err != nil {
		return "", "", nil, o.broken(err)
	}
	words := strings.Fields(header)
	if len(words) != 3 || !objectName.MatchString(words[0]) { // "… missing", "… ambiguous"
		return "", "", nil, errNone
	}
	size, err := strconv.ParseInt(words[2], 10, 64)
	if err != nil {
		return "", "", nil, o.broken(err)
	}
	if size > most {
		_, err = io.CopyN(io.Discard, o.out, size+1)
		if err == nil {
			err = ErrTooLarge
		}
		return words[0], words[1], nil, err
	}
	content = make([]byte, size+1) // its end is marked with a line break
	if _, err := io.ReadFull(o.out, content); err != nil {
		return "", "", nil, o.broken(err)
	}
	return words[0], words[1], content[:size], nil
}

func (o *Objects) broken(err error) error {
	if o.git.ctx.Err() != nil {
		return o.git.ctx.Err()
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}

// Commit is what a version is made of.
type Commit struct {
	ID   string
	Tree string
	Time time.Time // when it was written, as Composer tells it
}

// Commit reads the commit that an object is, or that a tag names. False where it is none.
func (o *Objects) Commit(object string) (Commit, bool, error) {
	id, kind, content, err := o.get(object+"^{commit}", commitMax)
	if errors.Is(err, errNone) || errors.Is(err, ErrTooLarge) || err == nil && kind != "commit" {
		return Commit{}, false, nil
	}
	if err != nil {
		return Commit{}, false, err
	}
	c := Commit{ID: id}
	head, _, _ := bytes.Cut(content, []byte("\n\n"))
	for line := range strings.Lines(string(head)) {
		line = strings.TrimSuffix(line, "\n")
		if tree, ok := strings.CutPrefix(line, "tree "); ok && c.Tree == "" {
			c.Tree = tree
		}
		if author, ok := strings.CutPrefix(line, "author "); ok && c.Time.IsZero() {
			c.Time = whenOf(author)
		}
	}
	return c, objectName.MatchString(c.Tree), nil
}

// whenOf is the time at the end of "Name <mail> 1700000000 +0100"; zero where there is none.
func whenOf(author string) time.Time {
	words := strings.Fields(author[strings.LastIndexByte(author, '>')+1:])
	if len(words) == 0 {
		return time.Time{}
	}
	seconds, err := strconv.ParseInt(words[0], 10, 64)
	if err != nil || seconds <= 0 || seconds > 253402300799 { // the year 9999
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// File is a file of a commit.
type File struct {
	Path   string
	Object string
}

// Find returns the files of a tree that fit patterns such as packages/*/composer.json, sorted by their paths as they
// stand in their trees. * is any run of characters within a name; links are not followed.
func (o *Objects) Find(tree string, patterns []string) ([]File, error) {
	var found []File
	seen := map[string]bool{}
	for _, pattern := range patterns {
		err := o.find(tree, "", strings.Split(pattern, "/"), func(f File) error {
			if !seen[f.Path] {
				seen[f.Path] = true
				found = append(found, f)
			}
			if len(found) > manifestsMax {
				return fmt.Errorf("%w: its paths find more than %d files", ErrTooLarge, manifestsMax)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Quote is a pattern that finds a path alone.
func Quote(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

func (o *Objects) find(tree, at string, names []string, do func(File) error) error {
	entries, err := o.tree(tree)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if fits, err := path.Match(names[0], e.name); err != nil || !fits {
			continue
		}
		here := path.Join(at, e.name)
		switch {
		case len(names) == 1 && strings.HasPrefix(e.mode, "100"):
			err = do(File{here, e.object})
		case len(names) > 1 && e.mode == "40000":
			err = o.find(e.object, here, names[1:], do)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tree reads a tree; most are the same in many commits.
func (o *Objects) tree(object string) ([]entry, error) {
	if known, ok := o.trees[object]; ok {
		return known, nil
	}
	_, kind, content, err := o.get(object, treeMax)
	if errors.Is(err, errNone) || err == nil && kind != "tree" {
		return nil, fmt.Errorf("%w: %s is no tree of it", ErrBroken, object)
	}
	if err != nil {
		return nil, err
	}
	entries := parseTree(content, len(object)/2)
	if o.kept += len(entries); o.kept > treesKept {
		clear(o.trees)
		o.kept = len(entries)
	}
	o.trees[object] = entries
	return entries, nil
}

// parseTree cuts a tree into its entries: mode, a blank, the name, a zero, and an object's name in binary.
func parseTree(content []byte, width int) (entries []entry) {
	for len(content) > 0 {
		head, rest, ok := bytes.Cut(content, []byte{0})
		mode, name, named := strings.Cut(string(head), " ")
		if !ok || !named || len(rest) < width {
			return entries
		}
		entries = append(entries, entry{name, hex.EncodeToString(rest[:width]), mode})
		content = rest[width:]
	}
	return entries
}

// Blob reads a file. ErrTooLarge for one of more than most bytes.
func (o *Objects) Blob(object string, most int64) ([]byte, error) {
	_, kind, content, err := o.get(object, most)
	if errors.Is(err, errNone) || err == nil && kind != "blob" {
		return nil, fmt.Errorf("%w: %s is no file of it", ErrBroken, object)
	}
	return content, err
}
