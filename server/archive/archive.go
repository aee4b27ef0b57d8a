// Package archive keeps dist files on disk by the SHA-256 of their bytes. A file is there whole and verified, or not
// at all.
package archive

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
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
	Type string // as Composer calls it: zip, tar, gzip, xz, rar, phar, file; empty for bytes of any kind
}

// Damaged says what is the matter with a stored file, which was moved aside: it is fs.ErrNotExist from now on.
type Damaged struct {
	SHA256, Reason string
	MovedTo        string // empty where it could not be moved
}

func (d *Damaged) Error() string {
	return "the stored archive " + d.SHA256 + " is damaged: " + d.Reason
}
func (d *Damaged) Unwrap() error { return fs.ErrNotExist }

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

// Read opens a stored file. fs.ErrNotExist where there is none; *Damaged, which is one too, where what is there is no
// file of its size.
func (s *Store) Read(info Info) (*os.File, error) {
	if !validKey(info.SHA256) {
		return nil, fmt.Errorf("%q is not a SHA-256 in hex", info.SHA256)
	}
	file, err := s.open(info.SHA256)
	if err != nil {
		return nil, err
	}
	found, err := file.Stat()
	if err == nil && found.Size() != info.Size {
		err = s.aside(info.SHA256, fmt.Sprintf("it has %d bytes and should have %d", found.Size(), info.Size))
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func validKey(sha256 string) bool {
	_, err := hex.DecodeString(sha256)
	return err == nil && len(sha256) == 64
}

// open opens what stands where a file should be; *Damaged where that is none.
func (s *Store) open(sha256 string) (*os.File, error) {
	file, err := os.Open(s.path(sha256))
	if err != nil {
		return nil, err
	}
	found, err := file.Stat()
	if err == nil && !found.Mode().IsRegular() {
		err = s.aside(sha256, "it is not a file")
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// VerifyAll reads every stored file that was neither kept nor verified since an instant, at most so many bytes a second;
// 0 is as fast as it goes. found is told of each file by its key, with nil or the *Damaged of one that was moved aside.
// A file's time of change is when it was last known to be whole.
func (s *Store) VerifyAll(ctx context.Context, since time.Time, bytesPerSecond int64, found func(sha256 string, damage error)) error {
	paths, err := filepath.Glob(filepath.Join(s.dir, "[0-9a-f][0-9a-f]", "*"))
	if err != nil {
		return fmt.Errorf("read the archive store: %w", err)
	}
	for _, path := range paths {
		key := filepath.Base(path)
		if info, err := os.Lstat(path); err != nil || !validKey(key) || info.Mode().IsRegular() && info.ModTime().After(since) {
			continue // it is gone, is none of ours, or it is not its turn
		}
		err := s.verify(ctx, key, bytesPerSecond)
		damaged, isDamaged := errors.AsType[*Damaged](err)
		switch {
		case isDamaged:
			found(key, damaged)
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		default:
			found(key, nil)
		}
	}
	return nil
}

func (s *Store) verify(ctx context.Context, sha256sum string, bytesPerSecond int64) error {
	file, err := s.open(sha256sum)
	if err != nil {
		return err
	}
	defer file.Close()
	digest := sha256.New()
	for end := false; !end; {
		begun := time.Now()
		n, err := io.CopyN(digest, &cancellable{ctx, file}, verifyPiece)
		if end = errors.Is(err, io.EOF); err != nil && !end {
			return fmt.Errorf("verify the archive %s: %w", sha256sum, err)
		}
		if err := pause(ctx, n, bytesPerSecond, time.Since(begun)); err != nil {
			return err
		}
	}
	if got := hexOf(digest); got != sha256sum {
		return s.aside(sha256sum, "its bytes have the SHA-256 "+got)
	}
	now := time.Now()
	return os.Chtimes(file.Name(), now, now)
}

// verifyPiece is how many bytes are read before there may be a pause.
const verifyPiece = 1 << 20

// pause waits as long as so many bytes should have taken longer than they did.
func pause(ctx context.Context, n, bytesPerSecond int64, took time.Duration) error {
	if bytesPerSecond == 0 {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(float64(n)/float64(bytesPerSecond)*float64(time.Second)) - took):
		return nil
	}
}

// aside moves what stands where a file should be to the quarantine folder, where an operator may look at it.
func (s *Store) aside(sha256, reason string) error {
	damaged := &Damaged{SHA256: sha256, Reason: reason}
	to := filepath.Join(s.dir, "quarantine", sha256+time.Now().UTC().Format("-20060102T150405.000000000Z"))
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return errors.Join(damaged, err)
	}
	if err := os.Rename(s.path(sha256), to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(damaged, err)
	}
	damaged.MovedTo = to
	return damaged
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
	}
	return checkType(file, info.Size, expect.Type)
}

// publish gives the file its name, durably: bytes first, then the name.
func (s *Store) publish(file *os.File, sha256 string) error {
	target := s.path(sha256)
	if found, err := os.Lstat(target); err == nil && !found.Mode().IsRegular() {
		if damaged, _ := errors.AsType[*Damaged](s.aside(sha256, "it is not a file")); damaged.MovedTo == "" {
			return damaged
		}
	}
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
