package export

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"broker/server/fault"
)

// What is written is read again, small in memory or large on disk, and leaves no file behind.
func TestSpoolKeepsAllOfIt(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 10, memoryMax, memoryMax + 1, 3 * memoryMax} {
		s := &spool{dir: t.TempDir(), max: fileMax}
		part, written := bytes.Repeat([]byte("0123456789abcdef"), 1<<10), []byte{}
		for len(written) < size {
			p := part[:min(len(part), size-len(written))]
			if _, err := s.Write(p); err != nil {
				t.Fatal(err)
			}
			written = append(written, p...)
		}
		r, err := s.reader()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, written) || s.size != int64(size) {
			t.Errorf("of %d bytes, %d come back: %v", size, len(got), err)
		}
		if names, err := os.ReadDir(s.dir); err != nil || len(names) != 0 {
			t.Errorf("on disk: %v, %v", names, err)
		}
		s.close()
	}
}

// A file that would become too large is refused, with what to do; a folder that is missing is an error.
func TestSpoolIsBounded(t *testing.T) {
	t.Parallel()
	s := &spool{dir: t.TempDir(), max: 100}
	if _, err := s.Write(make([]byte, 100)); err != nil {
		t.Error(err)
	}
	if _, err := s.Write(make([]byte, 1)); !isInvalid(err) {
		t.Errorf("beyond: %v", err)
	}
	s = &spool{dir: t.TempDir() + "/missing", max: fileMax}
	if _, err := s.Write(make([]byte, memoryMax+1)); err == nil || isInvalid(err) {
		t.Errorf("without a folder: %v", err)
	}
}

func isInvalid(err error) bool {
	_, is := errors.AsType[*fault.Invalid](err)
	return is
}
