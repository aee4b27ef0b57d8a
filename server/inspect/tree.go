package inspect

import (
	"crypto/sha256"
	"path"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// tree is the names of an archive as a disk would have them: also one that does not tell upper from lower case.
type tree struct {
	places map[hash]place // by the folded path
	tops   []string       // the first two names at the top
}

// place is a file or a folder.
type place struct {
	folder, listed bool // a folder need not be listed
	spelled        hash // of the path as it is written
}

// hash stands for a path in memory, however long it is.
type hash [16]byte

func hashOf(s string) hash {
	sum := sha256.Sum256([]byte(s))
	return hash(sum[:16])
}

func newTree() *tree { return &tree{places: map[hash]place{}} }

// folded is what all paths have in common that a disk may take for the same.
func folded(p string) string {
	for i := range len(p) {
		if p[i] >= 0x80 {
			return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(p)))
		}
	}
	return strings.ToLower(p)
}

// add gives a clean path its place, and its folders theirs.
func (t *tree) add(name string, folder bool) error {
	if name == "." { // the folder of all
		return nil
	}
	k, spelled := hashOf(folded(name)), hashOf(name)
	was, taken := t.places[k]
	if taken && (was.listed || !folder || was.spelled != spelled) {
		return refusef("it holds %q twice, or under two names that are one on some systems", shown(name))
	}
	t.places[k] = place{folder, true, spelled}
	if !taken {
		if err := t.addFolders(name); err != nil {
			return err
		}
	}
	if len(t.places) > 2*filesMax {
		return refusef("it holds more than %d files and folders", filesMax)
	}
	return nil
}

func (t *tree) addFolders(name string) error {
	for at := name; ; {
		parent := path.Dir(at)
		if parent == "." {
			if len(t.tops) < 2 {
				t.tops = append(t.tops, at)
			}
			return nil
		}
		k, spelled := hashOf(folded(parent)), hashOf(parent)
		was, known := t.places[k]
		switch {
		case known && !was.folder:
			return refusef("%q is in what is no folder", shown(name))
		case known && was.spelled != spelled:
			return refusef("it holds the folder of %q under two names that are one on some systems", shown(name))
		case known:
			return nil
		}
		t.places[k] = place{folder: true, spelled: spelled}
		at = parent
	}
}

// top is the one folder that all is in; empty where there is none.
func (t *tree) top() string {
	if len(t.tops) == 1 && t.places[hashOf(folded(t.tops[0]))].folder {
		return t.tops[0]
	}
	return ""
}
