package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
)

// checkType tells whether a file is of the type that its source says. Bytes that the type's unpacker would take are of
// it: Composer gives tar to PharData, which reads zip as well.
func checkType(file *os.File, size int64, kind string) error {
	is := func(ok bool) error {
		if ok {
			return nil
		}
		return &Mismatch{Reason: "it is not a " + kind + " archive, or not a whole one"}
	}
	switch kind {
	case "zip":
		return checkZip(file, size)
	case "tar":
		if begins(file, "PK") {
			return checkZip(file, size)
		}
		return is(isTar(file, size))
	case "gzip":
		return is(isGzip(file))
	case "xz":
		return is(isXZ(file, size))
	case "rar":
		return is(begins(file, "Rar!\x1a\x07"))
	case "phar":
		return is(holds(file, "__HALT_COMPILER();") || isTar(file, size) || checkZip(file, size) == nil)
	}
	return nil
}

// checkZip reads the directory of a zip, which stands at its end: an error page or a cut file has none.
func checkZip(file *os.File, size int64) error {
	reader, err := zip.NewReader(file, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return &Mismatch{Reason: "it is not a zip archive, or not a whole one"}
	}
	if n := len(reader.File); n == 0 || n > maxEntries {
		return &Mismatch{Reason: fmt.Sprintf("it is a zip archive of %d files", n)}
	}
	return nil
}

// isTar tells a tar, plain or packed. A plain one is read to its end; of a packed one the beginning must unpack to one.
func isTar(file *os.File, size int64) bool {
	switch {
	case begins(file, "\x1f\x8b"):
		unpacked, err := gzip.NewReader(io.NewSectionReader(file, 0, size))
		return err == nil && hasEntry(tar.NewReader(unpacked))
	case begins(file, "BZh"):
		return hasEntry(tar.NewReader(bzip2.NewReader(io.NewSectionReader(file, 0, size))))
	case begins(file, xzMagic):
		return isXZ(file, size)
	}
	r := tar.NewReader(io.NewSectionReader(file, 0, size))
	for n := 0; n <= maxEntries; n++ {
		if _, err := r.Next(); err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return n > 0 && errors.Is(err, io.EOF)
		}
	}
	return false
}

func hasEntry(r *tar.Reader) bool {
	_, err := r.Next()
	return err == nil || errors.Is(err, tar.ErrInsecurePath)
}

// isGzip reads the beginning.
func isGzip(file *os.File) bool {
	unpacked, err := gzip.NewReader(io.NewSectionReader(file, 0, maxBytes))
	if err != nil {
		return false
	}
	_, err = io.CopyN(io.Discard, unpacked, 64<<10)
	return err == nil || errors.Is(err, io.EOF)
}

const xzMagic = "\xfd7zXZ\x00"

// isXZ looks at both ends: the header and the footer of the format (xz-file-format section 2.1).
func isXZ(file *os.File, size int64) bool {
	footer := make([]byte, 2)
	_, err := file.ReadAt(footer, size-2)
	return err == nil && begins(file, xzMagic) && size%4 == 0 && string(footer) == "YZ"
}

func begins(file *os.File, magic string) bool {
	head := make([]byte, len(magic))
	_, err := file.ReadAt(head, 0)
	return err == nil && string(head) == magic
}

// holds tells whether a word is anywhere in a file.
func holds(file *os.File, word string) bool {
	buffer, kept := make([]byte, 64<<10), 0
	for at := int64(0); ; {
		n, err := file.ReadAt(buffer[kept:], at)
		if bytes.Contains(buffer[:kept+n], []byte(word)) {
			return true
		}
		if err != nil {
			return false
		}
		at += int64(n)
		kept = copy(buffer, buffer[max(0, kept+n-len(word)):kept+n])
	}
}
