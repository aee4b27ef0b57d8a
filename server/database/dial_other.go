//go:build !linux

package database

import "syscall"

// boundUnacknowledged leaves it to the system.
func boundUnacknowledged(syscall.RawConn) error { return nil }
