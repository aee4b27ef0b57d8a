package database

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrServed is a SQLite database on which another server runs.
var ErrServed = errors.New("another server runs on this database")

// Lock keeps a SQLite database for one server: counters and caches of two would not agree. The lock is on a file beside
// the database, wherever its name leads by symbolic links, and holds the server's process id. The system takes it away
// with the process, however that ends. It tells nothing of a server on another machine that shares the folder by NFS.
// PostgreSQL is made for many servers: there the lock is nil, which may be closed as well.
func Lock(rawURL string) (*os.File, error) {
	path, ok := sqliteFile(rawURL)
	if !ok {
		return nil, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the database's folder: %w", err)
	}
	name := resolved(path) + ".lock"
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	taken := err != nil && unwritable(err) // what there was before; without it, two could only read
	if taken {
		if file, err = os.Open(name); err != nil {
			return nil, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("lock the database: %w", err)
	}
	free, err := lockFile(file)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the database %s: %w", path, err), file.Close())
	}
	if !free {
		return nil, errors.Join(fmt.Errorf("%w: process %s has %s", ErrServed, holder(file), path), file.Close())
	}
	if err := write(file, strconv.Itoa(os.Getpid())); err != nil && !taken && !unwritable(err) {
		return nil, errors.Join(fmt.Errorf("lock the database %s: %w", path, err), file.Close())
	}
	return file, nil
}

// write replaces what a file holds.
func write(file *os.File, text string) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(text+"\n"), 0)
	return err
}

// resolved is where a path leads; the file need not be there yet.
func resolved(path string) string {
	if file, err := filepath.EvalSymlinks(path); err == nil {
		return file
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(dir, filepath.Base(path))
	}
	return path
}

// holder is the process id in a lock.
func holder(file *os.File) string {
	text, err := io.ReadAll(io.NewSectionReader(file, 0, 20))
	if id := strings.TrimSpace(string(text)); err == nil && id != "" {
		return id
	}
	return "unknown"
}
