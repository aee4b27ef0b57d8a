// Package archive keeps dist files on disk by the SHA-256 of their bytes. A file is there whole and verified, or not
// at all.
package archive

import (
	"archive/zip"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The bounds of what is kept.
const (
	maxBytes   = 512 << 20
	maxEntries = 100_000
)

// Info identifies a stored file.
type Info struct {
	SHA256 string // hex: its key
	SHA1   string // hex: what Composer calls shasum
	Size   int64  // bytes
}

// Expect is what is known of a file before it is read.
type Expect struct {
	Size int64  // bytes; negative when unknown
	SHA1 string // hex; empty when unknown
	Zip  bool   // it must be a readable zip
}

// Mismatch says why bytes were not kept: they are not what they were said to be. Its text is for people.
type Mismatch struct{ Reason string }

func (m *Mismatch) Error() string { return m.Reason }

// Store is a folder of files. Safe for concurrent use, also by several processes.
type Store struct {
	dir string
}

// abandonedAfter is the age at which a temporary file can have no writer.
const abandonedAfter = time.Hour

// Open makes or opens a store in a folder, and removes what writers that were killed left behind.
func Open(dir string) (*Store, error) {
	s := &Store{dir: dir}
	if err := os.MkdirAll(s.temporary(), 0o750); err != nil {
		return nil, fmt.Errorf("make the archive store: %w", err)
	}
	entries, err := os.ReadDir(s.temporary())
	if err != nil {
		return nil, fmt.Errorf("read the archive store: %w", err)
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > abandonedAfter {
			os.Remove(filepath.Join(s.temporary(), entry.Name()))
		}
	}
	return s, nil
}

func (s *Store) temporary() string { return filepath.Join(s.dir, "tmp") }

func (s *Store) path(sha256 string) string { return filepath.Join(s.dir, sha256[:2], sha256) }

// Read opens a stored file. fs.ErrNotExist where there is none.
func (s *Store) Read(sha256 string) (*os.File, error) {
	if len(sha256) != 64 {
		return nil, fmt.Errorf("%q is not a SHA-256 in hex", sha256)
	}
	return os.Open(s.path(sha256))
}

// Put keeps the bytes of a reader once they are all there and match what is expected of them; *Mismatch where they
// do not. The context ends the reading.
func (s *Store) Put(ctx context.Context, r io.Reader, expect Expect) (Info, error) {
	file, err := os.CreateTemp(s.temporary(), "put-*")
	if err != nil {
		return Info{}, fmt.Errorf("keep an archive: %w", err)
	}
	defer os.Remove(file.Name()) // after the rename there is nothing of that name
	defer file.Close()
	info, err := receive(ctx, file, r)
	if err != nil {
		return Info{}, err
	}
	if err := check(file, info, expect); err != nil {
		return Info{}, err
	}
	if err := s.publish(file, info.SHA256); err != nil {
		return Info{}, fmt.Errorf("keep an archive: %w", err)
	}
	return info, nil
}

// receive copies to the file while hashing.
func receive(ctx context.Context, file *os.File, r io.Reader) (Info, error) {
	long, short := sha256.New(), sha1.New()
	limited := io.LimitReader(&cancellable{ctx, r}, maxBytes+1)
	size, err := io.Copy(io.MultiWriter(file, long, short), limited)
	if err != nil {
		return Info{}, fmt.Errorf("receive an archive: %w", err)
	}
	if size > maxBytes {
		return Info{}, &Mismatch{fmt.Sprintf("it is larger than %d MiB", maxBytes>>20)}
	}
	return Info{SHA256: hexOf(long), SHA1: hexOf(short), Size: size}, nil
}

func hexOf(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// cancellable ends reading with its context.
type cancellable struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

func check(file *os.File, info Info, expect Expect) error {
	switch {
	case info.Size == 0:
		return &Mismatch{"it is empty"}
	case expect.Size >= 0 && info.Size != expect.Size:
		return &Mismatch{fmt.Sprintf("%d of %d bytes arrived", info.Size, expect.Size)}
	case expect.SHA1 != "" && !strings.EqualFold(info.SHA1, expect.SHA1):
		return &Mismatch{fmt.Sprintf("its checksum is %s, not the %s that its source names", info.SHA1, expect.SHA1)}
	case expect.Zip:
		return checkZip(file, info.Size)
	}
	return nil
}

// checkZip reads the directory of a zip, which stands at its end: an error page or a cut file has none.
func checkZip(file *os.File, size int64) error {
	reader, err := zip.NewReader(file, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return &Mismatch{"it is not a zip archive, or not a whole one"}
	}
	if n := len(reader.File); n == 0 || n > maxEntries {
		return &Mismatch{fmt.Sprintf("it is a zip archive of %d files", n)}
	}
	return nil
}

// publish gives the file its name, durably: bytes first, then the name.
func (s *Store) publish(file *os.File, sha256 string) error {
	target := s.path(sha256)
	if err := os.MkdirAll(filepath.Dir(target), 0o750); err != nil {
		return err
	}
	if err := errors.Join(file.Chmod(0o640), file.Sync()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), target); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(target))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
