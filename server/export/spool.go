package export

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"broker/server/fault"
)

// How large a file may become, and from what on it is kept on disk.
const (
	fileMax   = 1 << 30 // bytes
	memoryMax = 1 << 20 // bytes
)

// spool keeps a file until it is whole, so that the database is read as fast as it can be, however slowly the client
// takes the file. On disk it has no name: nothing is left of it when the server is killed.
type spool struct {
	dir    string
	max    int64
	memory bytes.Buffer
	disk   *os.File // nil while it fits into memory
	size   int64
}

// Write adds to the file; beyond its largest size it returns a *fault.Invalid.
func (s *spool) Write(p []byte) (int, error) {
	if s.size+int64(len(p)) > s.max {
		return 0, fault.Invalidf("", "The file would be larger than %d MiB. Narrow it down, by days or to one token.", s.max>>20)
	}
	s.size += int64(len(p))
	if s.disk != nil {
		return s.disk.Write(p)
	}
	if s.memory.Len()+len(p) > memoryMax {
		if err := s.toDisk(); err != nil {
			return 0, err
		}
		return s.disk.Write(p)
	}
	return s.memory.Write(p)
}

func (s *spool) toDisk() error {
	disk, err := os.CreateTemp(s.dir, "export-*")
	if err != nil {
		return fmt.Errorf("keep the export on disk: %w", err)
	}
	s.disk = disk
	if err := os.Remove(disk.Name()); err != nil {
		return fmt.Errorf("keep the export on disk: %w", err)
	}
	_, err = s.memory.WriteTo(disk)
	s.memory = bytes.Buffer{}
	return err
}

// reader reads the file from its beginning.
func (s *spool) reader() (io.Reader, error) {
	if s.disk == nil {
		return &s.memory, nil
	}
	_, err := s.disk.Seek(0, io.SeekStart)
	return s.disk, err
}

func (s *spool) close() {
	if s.disk != nil {
		s.disk.Close() // it was only read, and has no name
	}
}
