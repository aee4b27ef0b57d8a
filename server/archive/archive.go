// Package archive keeps dist files by the SHA-256 of their bytes, on disk or in a bucket. A file is there whole and
// verified, or not at all.
package archive

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
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
	maxBytes   = MaxBytes
	maxEntries = 100_000
)

// MaxBytes is how large a file may be.
const MaxBytes = 512 << 20

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
	// Judge looks at the whole file before it is kept; nil where nobody does. Its error is Put's.
	Judge func(file *os.File, info Info) error
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
type Mismatch struct {
	Reason   string
	TooLarge bool // and its Reason says so
}

func (m *Mismatch) Error() string { return m.Reason }

// Store is a folder of files, or a bucket of objects. Safe for concurrent use, also by several processes.
type Store struct {
	dir    string  // of a disk store all it has; of a bucket the files on their way there
	bucket *bucket // nil on disk
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

// Shared tells whether other instances see what this one stores.
func (s *Store) Shared() bool { return s.bucket != nil }

// Content is a stored file about to be handed out: its bytes, or where its bucket hands them out by itself.
type Content struct {
	Info
	Body    io.ReadCloser // an *os.File where the store is on disk; nil where there is an address
	Address string        // works for a few minutes, without credentials
}

// Close closes the body.
func (c *Content) Close() error {
	if c.Body == nil {
		return nil
	}
	return c.Body.Close()
}

// Open opens a stored file for a request of this method, GET or HEAD. fs.ErrNotExist where there is none; *Damaged,
// which is one too, where what is there is no file of its size; *Unreachable where the bucket does not answer.
func (s *Store) Open(ctx context.Context, info Info, method string) (*Content, error) {
	if !validKey(info.SHA256) {
		return nil, fmt.Errorf("%q is not a SHA-256 in hex", info.SHA256)
	}
	if s.bucket != nil {
		return s.bucket.open(ctx, info, method)
	}
	file, err := s.read(info)
	if err != nil {
		return nil, err
	}
	return &Content{Info: info, Body: file}, nil
}

func validKey(sha256 string) bool {
	_, err := hex.DecodeString(sha256)
	return err == nil && len(sha256) == 64
}

// Put keeps the bytes of a reader once they are all there and match what is expected of them; *Mismatch where they
// do not, *Unreachable where the bucket does not take them. The context ends the reading.
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
	if s.bucket != nil {
		err = s.bucket.keep(ctx, file, info)
	} else {
		err = s.publish(file, info.SHA256)
	}
	if err != nil {
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
		return Info{}, &Mismatch{fmt.Sprintf("it is larger than %d MiB", maxBytes>>20), true}
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
		return &Mismatch{Reason: "it is empty"}
	case expect.Size >= 0 && info.Size != expect.Size:
		return &Mismatch{Reason: fmt.Sprintf("%d of %d bytes arrived", info.Size, expect.Size)}
	case expect.SHA1 != "" && !strings.EqualFold(info.SHA1, expect.SHA1):
		return &Mismatch{Reason: fmt.Sprintf("its checksum is %s, not the %s that its source names", info.SHA1, expect.SHA1)}
	}
	if err := checkType(file, info.Size, expect.Type); err != nil || expect.Judge == nil {
		return err
	}
	return expect.Judge(file, info)
}

// digestOf reads a file to its end, at most so many bytes a second; 0 is as fast as it goes.
func digestOf(ctx context.Context, r io.Reader, bytesPerSecond int64) (string, error) {
	digest := sha256.New()
	for end := false; !end; {
		begun := time.Now()
		n, err := io.CopyN(digest, &cancellable{ctx, r}, verifyPiece)
		if end = err == io.EOF; err != nil && !end {
			return "", err
		}
		if err := pause(ctx, n, bytesPerSecond, time.Since(begun)); err != nil {
			return "", err
		}
	}
	return hexOf(digest), nil
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

// asideName is what a damaged file is called in quarantine.
func asideName(sha256 string) string {
	return sha256 + time.Now().UTC().Format("-20060102T150405.000000000Z")
}
