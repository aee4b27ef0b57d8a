package archive

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Grace is how long a stored file that nothing names is left alone at least: whoever stored it may be about to name it.
const Grace = 24 * time.Hour

// Clean deletes stored files that are older than a grace and that nothing names, and returns how many; and what writers
// that were killed left behind. unnamed picks from some keys, a thousand at most, those that nothing names. What lies in
// quarantine, and what is none of the store's, is left alone.
func (s *Store) Clean(ctx context.Context, grace time.Duration, unnamed func(keys []string) ([]string, error)) (deleted int, err error) {
	if _, err := Open(s.dir); err != nil {
		return 0, err
	}
	sweep := func(old []string) error {
		keys, err := unnamed(old)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if err := s.deleteOld(ctx, key, grace); err != nil {
				return err
			}
			deleted++
		}
		return ctx.Err()
	}
	if s.bucket != nil {
		err = s.bucket.eachOld(ctx, grace, sweep)
	} else {
		err = s.eachOld(grace, sweep)
	}
	return deleted, err
}

// eachOld hands on the keys of files that are older than a grace.
func (s *Store) eachOld(grace time.Duration, do func(keys []string) error) error {
	paths, err := s.files()
	if err != nil {
		return err
	}
	var old []string
	for _, path := range paths {
		if info, err := os.Lstat(path); err == nil && validKey(filepath.Base(path)) && time.Since(info.ModTime()) > grace {
			old = append(old, filepath.Base(path))
		}
	}
	for keys := range slices.Chunk(old, cleanAtATime) {
		if err := do(keys); err != nil {
			return err
		}
	}
	return nil
}

// cleanAtATime is how many files are asked about at a time.
const cleanAtATime = 1000

// deleteOld deletes a file that nothing names, unless somebody stored it again meanwhile.
func (s *Store) deleteOld(ctx context.Context, key string, grace time.Duration) error {
	if s.bucket != nil {
		return s.bucket.deleteOld(ctx, key, grace)
	}
	info, err := os.Lstat(s.path(key))
	if err == nil && time.Since(info.ModTime()) > grace {
		err = os.RemoveAll(s.path(key)) // a folder may stand there
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
