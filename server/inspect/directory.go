package inspect

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// entry is one file as the directory says it. Names are read again where they are needed: a hundred thousand of them
// would take much memory.
type entry struct {
	listedAt int64 // where the directory says it
	at       int64 // where its header stands
	packed   int64 // bytes in the archive
	unpacked int64 // bytes
	begins   int64 // where its bytes begin
	crc      uint32
	method   uint16
	flags    uint16
	name     uint16 // bytes of its name
	link     bool
	path     string // of a link, and of what may be the package's composer.json; else empty
}

// The methods that PHP unpacks wherever it is, and the bits of flags.
const (
	stored, deflated = 0, 8

	flagEncrypted = 1<<0 | 1<<6 | 1<<13
	flagAfter     = 1 << 3 // sizes and checksum stand behind the bytes
	flagUTF8      = 1 << 11
)

const directorySize = 46

// readDirectory reads what the archive says of its files.
func (z *reader) readDirectory() error {
	list := bufio.NewReaderSize(io.NewSectionReader(z.r, z.listAt, z.listSize), 64<<10)
	z.files, z.tree = make([]entry, 0, z.count), newTree()
	head := make([]byte, directorySize)
	for at := z.listAt; at < z.listAt+z.listSize; {
		if uint64(len(z.files)) == z.count {
			return refusef("its end record says that it holds %d files, and it holds more", z.count)
		}
		if err := whole(list, head); err != nil {
			return err
		}
		if string(head[:4]) != directoryMark {
			return refusef("the list of its files is damaged")
		}
		n := int(le.Uint16(head[28:]))
		extra, comment := int(le.Uint16(head[30:])), int(le.Uint16(head[32:]))
		rest := make([]byte, n+extra)
		if err := whole(list, rest); err != nil {
			return err
		}
		if _, err := list.Discard(comment); err != nil {
			return refusef("the list of its files is cut off")
		}
		e := entry{listedAt: at, flags: le.Uint16(head[8:]), method: le.Uint16(head[10:]), crc: le.Uint32(head[16:]),
			packed: int64(le.Uint32(head[20:])), unpacked: int64(le.Uint32(head[24:])), at: int64(le.Uint32(head[42:])), name: uint16(n)}
		if err := z.add(e, string(rest[:n]), rest[n:], head); err != nil {
			return err
		}
		at += int64(directorySize + n + extra + comment)
	}
	if uint64(len(z.files)) != z.count {
		return refusef("its end record says that it holds %d files, and it holds %d", z.count, len(z.files))
	}
	return z.plausible()
}

func whole(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refusef("the list of its files is cut off")
	}
	return err
}

// add judges one file by what the directory says of it.
func (z *reader) add(e entry, name string, extra, head []byte) error {
	if err := checkName(name); err != nil {
		return err
	}
	wide, err := readExtra(name, extra)
	if err != nil {
		return err
	}
	for _, value := range []*int64{&e.unpacked, &e.packed, &e.at} { // in this order (APPNOTE.TXT 4.5.3)
		if *value == 1<<32-1 {
			if len(wide) < 8 || le.Uint64(wide) > 1<<62 {
				return refusef("it does not say how large %q is", shown(name))
			}
			*value, wide = int64(le.Uint64(wide)), wide[8:]
		}
	}
	folder := strings.HasSuffix(name, "/")
	mode := le.Uint32(head[38:]) >> 16
	if system := head[5]; system != 3 && system != 19 { // Unix, macOS: others have no such modes
		mode = 0
	}
	switch kind := mode & 0o170000; {
	case le.Uint16(head[34:]) != 0:
		return refusef("it is one part of an archive in several")
	case e.flags&flagEncrypted != 0:
		return refusef("its file %q is encrypted", shown(name))
	case e.method != stored && e.method != deflated:
		return refusef("its file %q is packed by a method (%d) that not every PHP unpacks: use deflate, which is the usual one", shown(name), e.method)
	case e.method == stored && e.packed != e.unpacked:
		return refusef("it says two sizes of its file %q, which is not packed", shown(name))
	case folder && e.unpacked != 0:
		return refusef("its folder %q has bytes of its own", shown(name))
	case kind == 0o120000 && !folder:
		e.link = true
	case kind != 0 && kind != 0o100000 && kind != 0o040000, kind == 0o040000 && !folder, kind == 0o100000 && folder:
		return refusef("%q is neither a file nor a folder", shown(name))
	}
	if e.link && e.unpacked > linkMax {
		return refusef("the link %q leads to a place of more than %d characters", shown(name), linkMax)
	}
	if z.unpacked += e.unpacked; z.unpacked > unpackedMax || z.unpacked < 0 {
		return refusef("its files are larger than %d GiB when unpacked", unpackedMax>>30)
	}
	clean := path.Clean(name)
	if e.link || !folder && path.Base(clean) == manifestName && strings.Count(clean, "/") <= 1 {
		e.path = clean
	}
	z.files = append(z.files, e)
	return z.tree.add(clean, folder)
}

// plausible refuses what is packed to unpack to far more than anybody expects.
func (z *reader) plausible() error {
	if z.unpacked > ratioFrom && z.unpacked/ratioMax > z.size {
		return refusef("its %d MiB unpack to %d MiB, more than %d times as much", z.size>>20, z.unpacked>>20, ratioMax)
	}
	return nil
}

// readExtra reads what stands beside a name: the sizes of large files. A second name would be another's name.
func readExtra(name string, extra []byte) (wide []byte, err error) {
	for len(extra) >= 4 {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if n > len(extra)-4 {
			return nil, refusef("what it says beside the name %q is damaged", shown(name))
		}
		field := extra[4 : 4+n]
		switch {
		case id == 1 && wide != nil:
			return nil, refusef("it says the size of %q twice", shown(name))
		case id == 1:
			wide = field
		case id == 0x7075 && (n < 5 || string(field[5:]) != name): // Info-ZIP's Unicode path
			return nil, refusef("its file %q has a second name", shown(name))
		}
		extra = extra[4+n:]
	}
	return wide, nil
}

// checkName tells whether a name means the same place on every system.
func checkName(name string) error {
	switch {
	case name == "":
		return refusef("one of its files has no name")
	case len(name) > nameMax:
		return refusef("the name %q is longer than %d characters", shown(name), nameMax)
	case !utf8.ValidString(name):
		return refusef("the name %q is not UTF-8", shown(name))
	case strings.Contains(name, `\`):
		return refusef("the name %q has a backslash, which is a folder on one system and not on another", shown(name))
	case strings.HasPrefix(name, "/"):
		return refusef("the name %q is absolute", shown(name))
	case len(name) > 1 && name[1] == ':':
		return refusef("the name %q begins with a drive", shown(name))
	case strings.ContainsFunc(name, unicode.IsControl):
		return refusef("the name %q has characters that cannot be seen", shown(name))
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(name, "/"), "/") {
		if part == ".." || part == "" {
			return refusef("the name %q leads out of the archive, or is none", shown(name))
		}
	}
	return nil
}

// readHeaders compares what stands before each file's bytes with the directory, and that files follow each other without
// a gap: what is in between, or shared, one program would see and another not.
func (z *reader) readHeaders() error {
	slices.SortFunc(z.files, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	next := int64(0)
	for i := range z.files {
		e := &z.files[i]
		if e.at != next {
			return refusef("its files overlap, or there are bytes between them that belong to none")
		}
		end := z.listAt
		if i+1 < len(z.files) {
			end = z.files[i+1].at
		}
		if err := z.readHeader(e, end); err != nil {
			return err
		}
		next = end
	}
	return nil
}

const headerSize = 30

func (z *reader) readHeader(e *entry, end int64) error {
	name, err := z.nameOf(e)
	if err != nil {
		return err
	}
	differs := refusef("what it says of the file %q in its list and before the file is not the same", shown(name))
	head, err := z.at(e.at, headerSize)
	if err != nil {
		return err
	}
	n, extra := int64(le.Uint16(head[26:])), int64(le.Uint16(head[28:]))
	if string(head[:4]) != headerMark || n != int64(e.name) || le.Uint16(head[6:]) != e.flags || le.Uint16(head[8:]) != e.method {
		return differs
	}
	rest, err := z.at(e.at+headerSize, n+extra)
	if err != nil {
		return err
	}
	if string(rest[:n]) != name {
		return differs
	}
	wide, err := readExtra(name, rest[n:])
	if err != nil {
		return err
	}
	crc, packed, unpacked := le.Uint32(head[14:]), int64(le.Uint32(head[18:])), int64(le.Uint32(head[22:]))
	for _, value := range []*int64{&unpacked, &packed} {
		if *value == 1<<32-1 && len(wide) >= 8 {
			*value, wide = int64(le.Uint64(wide)), wide[8:]
		}
	}
	later := e.flags&flagAfter != 0 && crc == 0 && packed == 0 && unpacked == 0
	if !later && (crc != e.crc || packed != e.packed || unpacked != e.unpacked) {
		return differs
	}
	e.begins = e.at + headerSize + n + extra
	return z.readAfter(e, name, end)
}

// readAfter reads what stands behind a file's bytes up to the next one: nothing, or its sizes and checksum.
func (z *reader) readAfter(e *entry, name string, end int64) error {
	left := end - e.begins - e.packed
	if left == 0 && (e.flags&flagAfter == 0 || e.packed == 0 && e.unpacked == 0) {
		return nil
	}
	if left < 12 || left > 24 || e.flags&flagAfter == 0 {
		return refusef("the file %q does not end where the next one begins", shown(name))
	}
	after, err := z.at(e.begins+e.packed, left)
	if err != nil {
		return err
	}
	if left == 16 || left == 24 { // 12 and 20 are without the mark
		if string(after[:4]) != dataMark {
			left = 0
		}
		after = after[4:]
	}
	same := false
	switch left {
	case 12, 16:
		same = le.Uint32(after) == e.crc && int64(le.Uint32(after[4:])) == e.packed && int64(le.Uint32(after[8:])) == e.unpacked
	case 20, 24:
		same = le.Uint32(after) == e.crc && le.Uint64(after[4:]) == uint64(e.packed) && le.Uint64(after[12:]) == uint64(e.unpacked)
	}
	if !same {
		return refusef("what it says of the file %q in its list and behind the file is not the same", shown(name))
	}
	return nil
}

// nameOf reads the name of a file again.
func (z *reader) nameOf(e *entry) (string, error) {
	b, err := z.at(e.listedAt+directorySize, int64(e.name))
	return string(b), err
}

// shown is a name as a sentence quotes it.
func shown(name string) string {
	if len(name) > 200 {
		name = name[:200] + "…"
	}
	return strings.ToValidUTF8(name, "\ufffd")
}
