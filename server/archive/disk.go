package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

func (s *Store) path(sha256 string) string { return filepath.Join(s.dir, sha256[:2], sha256) }

// files are the paths of all that stands where files of a disk store should be.
func (s *Store) files() ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(s.dir, "[0-9a-f][0-9a-f]", "*"))
	if err != nil {
		return nil, fmt.Errorf("read the archive store: %w", err)
	}
	return paths, nil
}

// read opens a stored file of its size.
func (s *Store) read(info Info) (*os.File, error) {
	file, err := s.open(info.SHA256)
	if err != nil {
		return nil, err
	}
	found, err := file.Stat()
	if err == nil && found.Size() != info.Size {
		err = s.aside(info.SHA256, wrongSize(found.Size(), info.Size))
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func wrongSize(has, should int64) string {
	return fmt.Sprintf("it has %d bytes and should have %d", has, should)
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

// VerifyAll reads every file of a disk store that was neither kept nor verified since an instant, at most so many bytes
// a second; 0 is as fast as it goes. found is told of each file by its key, with nil or the *Damaged of one that was
// moved aside. A file's time of change is when it was last known to be whole.
func (s *Store) VerifyAll(ctx context.Context, since time.Time, bytesPerSecond int64, found func(sha256 string, damage error)) error {
	paths, err := s.files()
	if err != nil {
		return err
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

func (s *Store) verify(ctx context.Context, sha256 string, bytesPerSecond int64) error {
	file, err := s.open(sha256)
	if err != nil {
		return err
	}
	defer file.Close()
	got, err := digestOf(ctx, file, bytesPerSecond)
	if err != nil {
		return fmt.Errorf("verify the archive %s: %w", sha256, err)
	}
	if got != sha256 {
		return s.aside(sha256, wrongDigest(got))
	}
	now := time.Now()
	return os.Chtimes(file.Name(), now, now)
}

func wrongDigest(got string) string { return "its bytes have the SHA-256 " + got }

// aside moves what stands where a file should be to the quarantine folder, where an operator may look at it.
func (s *Store) aside(sha256, reason string) error {
	damaged := &Damaged{SHA256: sha256, Reason: reason}
	to := filepath.Join(s.dir, "quarantine", asideName(sha256))
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return errors.Join(damaged, err)
	}
	if err := os.Rename(s.path(sha256), to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(damaged, err)
	}
	damaged.MovedTo = to
	return damaged
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
