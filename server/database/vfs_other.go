//go:build !linux

package database

// sqliteVFS is the name of the access to files that SQLite is to use; empty for its own.
func sqliteVFS() (string, error) { return "", nil }
