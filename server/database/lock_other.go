//go:build !unix

package database

import "os"

// lockFile leaves it to the operator that one server runs on a database.
func lockFile(*os.File) (free bool, err error) { return true, nil }
