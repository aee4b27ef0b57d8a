package inspect

import (
	"bufio"
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/flate"
)

const manifestName = "composer.json"

// linksMax is how many symbolic links there may be: each is read.
const linksMax = 1000

// unpacker unpacks one file after the other.
type unpacker struct {
	from    *bufio.Reader
	inflate io.ReadCloser
	piece   []byte
}

// unpack reads a file that must be whole, and be all that stands at its place.
func (z *reader) unpack(u *unpacker, e *entry, to io.Writer) error {
	name, err := z.nameOf(e)
	if err != nil {
		return err
	}
	section := io.NewSectionReader(z.r, e.begins, e.packed)
	u.from.Reset(section)
	content := io.Reader(u.from)
	if e.method == deflated {
		if u.inflate == nil {
			u.inflate = flate.NewReader(u.from)
		} else if err := u.inflate.(flate.Resetter).Reset(u.from, nil); err != nil {
			return err
		}
		content = u.inflate
	}
	sum := crc32.NewIEEE()
	n, err := io.CopyBuffer(io.MultiWriter(sum, to), struct{ io.Reader }{io.LimitReader(content, e.unpacked+1)}, u.piece)
	if err != nil && !isDamage(err) {
		return err
	}
	if _, more := u.from.ReadByte(); err != nil || n != e.unpacked || sum.Sum32() != e.crc || more == nil {
		return refusef("its file %q is damaged, or not as large as it says", shown(name))
	}
	return nil
}

// isDamage tells what is the matter with an archive from what is the matter with the disk.
func isDamage(err error) bool {
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	return corrupt || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

func newUnpacker() *unpacker {
	return &unpacker{from: bufio.NewReaderSize(nil, 32<<10), piece: make([]byte, 32<<10)}
}

// verify unpacks files, to nowhere, as far as that takes no long time.
func (z *reader) verify() error {
	u, left := newUnpacker(), int64(verifyMax)
	for i := range z.files {
		e := &z.files[i]
		if left -= e.unpacked; left < 0 {
			return nil
		}
		if err := z.unpack(u, e, io.Discard); err != nil {
			return err
		}
	}
	return nil
}

// placeLinks refuses links that lead out of the package: a relative path that climbs no higher than the top. What climbs
// after it went down could climb through another link.
func (z *reader) placeLinks() error {
	u, links, top := newUnpacker(), 0, z.tree.top()
	for i := range z.files {
		e := &z.files[i]
		if !e.link {
			continue
		}
		if links++; links > linksMax {
			return refusef("it holds more than %d symbolic links", linksMax)
		}
		var target bytes.Buffer
		if err := z.unpack(u, e, &target); err != nil {
			return err
		}
		if !inside(strings.TrimPrefix(e.path, top+"/"), target.String()) {
			return refusef("the symbolic link %q leads out of the archive, to %q", shown(e.path), shown(target.String()))
		}
	}
	return nil
}

// inside tells whether a link at a path, seen from the top, leads to a place below the top.
func inside(at, target string) bool {
	if target == "" || strings.HasPrefix(target, "/") || strings.ContainsAny(target, "\\:\x00") {
		return false
	}
	up, down := 0, false
	for part := range strings.SplitSeq(target, "/") {
		switch part {
		case "..":
			if down {
				return false
			}
			up++
		case "", ".":
		default:
			down = true
		}
	}
	depth := 0
	if folder := path.Dir(at); folder != "." {
		depth = 1 + strings.Count(folder, "/")
	}
	return up <= depth
}

// manifest reads the package's composer.json: at the top, or else in the one folder that all is in. Composer looks for
// it there as well (composer/src/Composer/Util/Zip.php).
func (z *reader) manifest() ([]byte, error) {
	var found *entry
	for i := range z.files {
		e := &z.files[i]
		switch top := z.tree.top(); {
		case e.path == manifestName, top != "" && e.path == top+"/"+manifestName:
			found = e
		}
	}
	if found == nil {
		return nil, nil
	}
	if found.link {
		return nil, refusef("its composer.json is a symbolic link")
	}
	if found.unpacked > manifestMax {
		return nil, refusef("its composer.json is larger than %d MiB", manifestMax>>20)
	}
	var content bytes.Buffer
	if err := z.unpack(newUnpacker(), found, &content); err != nil {
		return nil, err
	}
	return content.Bytes(), nil
}
