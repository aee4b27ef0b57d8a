// Package inspect reads zip archives that people upload, as strictly as no two programs could read one differently, and
// unpacks nothing to disk.
//
// A zip says everything twice, and programs differ in which of the two they believe: so an archive is taken only where
// both agree, no byte is outside of its files and its directory, and no name means another place on another system.
package inspect

import (
	"fmt"
	"io"
)

// The bounds of an archive.
const (
	filesMax    = 100_000   // files and folders
	unpackedMax = 2 << 30   // bytes of all files, as the archive says them
	ratioMax    = 200       // how many times larger the files may be than the archive
	ratioFrom   = 64 << 20  // bytes of all files from which the ratio counts
	verifyMax   = 128 << 20 // bytes of files that are unpacked to see whether they are whole
	listMax     = 32 << 20  // bytes of the directory
	nameMax     = 1024      // bytes of a name
	linkMax     = 4096      // bytes of a link's target
	manifestMax = 1 << 20   // bytes of composer.json
)

// Refused says why an archive is not taken. Its text is for people: it goes on after "The archive is not taken: ".
type Refused struct{ Reason string }

func (r *Refused) Error() string { return r.Reason }

func refusef(format string, args ...any) *Refused { return &Refused{fmt.Sprintf(format, args...)} }

// Archive is what an archive holds.
type Archive struct {
	Top      string // the one folder that all is in, which Composer leaves out; empty where there is none
	Manifest []byte // its composer.json; nil where it has none
	Files    int    // files and folders
	Unpacked int64  // bytes of all files
}

// Zip reads a zip of so many bytes. A *Refused is what is the matter with it; another error is of the reader.
func Zip(r io.ReaderAt, size int64) (*Archive, error) {
	z := &reader{r: r, size: size}
	for _, step := range []func() error{z.readEnd, z.readDirectory, z.readHeaders, z.placeLinks, z.verify} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	manifest, err := z.manifest()
	if err != nil {
		return nil, err
	}
	return &Archive{Top: z.tree.top(), Manifest: manifest, Files: len(z.files), Unpacked: z.unpacked}, nil
}
