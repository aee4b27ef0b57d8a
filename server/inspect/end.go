package inspect

import (
	"bytes"
	"encoding/binary"
	"io"
)

// The records of a zip, and their sizes in bytes (PKWARE's APPNOTE.TXT, sections 4.3.6 to 4.3.16).
const (
	endSize       = 22
	locatorSize   = 20
	end64Size     = 56
	commentMax    = 1<<16 - 1
	endMark       = "PK\x05\x06"
	locatorMark   = "PK\x06\x07"
	end64Mark     = "PK\x06\x06"
	directoryMark = "PK\x01\x02"
	headerMark    = "PK\x03\x04"
	dataMark      = "PK\x07\x08"
)

var le = binary.LittleEndian

// reader is an archive being read.
type reader struct {
	r    io.ReaderAt
	size int64

	count    uint64 // files, as the end record says
	listAt   int64  // where the directory begins
	listSize int64
	files    []entry // as the directory lists them, later in the order of their places
	tree     *tree
	unpacked int64 // bytes of all files, as they are said
}

func (z *reader) at(offset, n int64) ([]byte, error) {
	b := make([]byte, n)
	if offset < 0 || n < 0 || offset+n > z.size {
		return nil, refusef("it is cut off, or says that something is beyond its end")
	}
	_, err := io.ReadFull(io.NewSectionReader(z.r, offset, n), b)
	return b, err
}

// readEnd finds the one record that ends the archive, and with it the directory, which must stand right before.
func (z *reader) readEnd() error {
	if z.size == 0 {
		return refusef("it is empty")
	}
	head, err := z.at(0, min(z.size, 4))
	if err != nil {
		return err
	}
	if string(head) != headerMark {
		return refusef("it is not a zip archive, or begins with something else than its first file; pack it with zip, git archive --format=zip or composer archive --format=zip")
	}
	from := max(0, z.size-endSize-commentMax)
	tail, err := z.at(from, z.size-from)
	if err != nil {
		return err
	}
	last := bytes.LastIndex(tail, []byte(endMark))
	if last < 0 || len(tail)-last < endSize {
		return refusef("it has no end record: it is cut off, or is no zip archive")
	}
	end := tail[last:]
	if said := endSize + int(le.Uint16(end[20:])); said < len(end) {
		return refusef("%d bytes follow its end", len(end)-said)
	} else if said > len(end) {
		return refusef("its end record is cut off, or there are several of them")
	}
	endAt := from + int64(last)
	disk, listDisk, here := le.Uint16(end[4:]), le.Uint16(end[6:]), le.Uint16(end[8:])
	count, size, at := le.Uint16(end[10:]), le.Uint32(end[12:]), le.Uint32(end[16:])
	if disk != 0 || listDisk != 0 || here != count {
		return refusef("it is one part of an archive in several")
	}
	z.count, z.listSize, z.listAt = uint64(count), int64(size), int64(at)
	listEnd := endAt
	if listEnd, err = z.readEnd64(endAt, count, size, at); err != nil {
		return err
	}
	switch {
	case z.count == 0:
		return refusef("it holds no files")
	case z.count > filesMax:
		return refusef("it holds %d files, and %d are the most", z.count, filesMax)
	case z.listSize > listMax:
		return refusef("the list of its files is larger than %d MiB", listMax>>20)
	case z.listAt < 0 || z.listSize < 0 || z.listAt > listEnd || z.listAt+z.listSize != listEnd:
		return refusef("the list of its files does not end where its end record stands: there are several end records, or bytes of nothing between")
	}
	return nil
}

// readEnd64 reads the records of an archive that is too large for the usual one. They must say the same wherever the
// usual one says something.
func (z *reader) readEnd64(endAt int64, count uint16, size, at uint32) (listEnd int64, err error) {
	needed := count == 1<<16-1 || size == 1<<32-1 || at == 1<<32-1
	if endAt < locatorSize {
		return endAt, nil
	}
	locator, err := z.at(endAt-locatorSize, locatorSize)
	if err != nil || string(locator[:4]) != locatorMark {
		if err == nil && needed && (size == 1<<32-1 || at == 1<<32-1) {
			err = refusef("its end record names a larger one, which is not there")
		}
		return endAt, err
	}
	recordAt := endAt - locatorSize - end64Size
	if le.Uint32(locator[4:]) != 0 || le.Uint32(locator[16:]) != 1 || recordAt < 0 || le.Uint64(locator[8:]) != uint64(recordAt) {
		return 0, refusef("its zip64 records are not where they are said to be")
	}
	record, err := z.at(recordAt, end64Size)
	if err != nil {
		return 0, err
	}
	here, all, listSize, listAt := le.Uint64(record[24:]), le.Uint64(record[32:]), le.Uint64(record[40:]), le.Uint64(record[48:])
	agree := (count == 1<<16-1 || uint64(count) == all) && (size == 1<<32-1 || uint64(size) == listSize) && (at == 1<<32-1 || uint64(at) == listAt)
	if string(record[:4]) != end64Mark || le.Uint64(record[4:]) != end64Size-12 || le.Uint32(record[16:]) != 0 || le.Uint32(record[20:]) != 0 ||
		here != all || !agree || listSize > uint64(z.size) || listAt > uint64(z.size) {
		return 0, refusef("its end records contradict each other")
	}
	z.count, z.listSize, z.listAt = all, int64(listSize), int64(listAt)
	return recordAt, nil
}
