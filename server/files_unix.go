//go:build unix

package main

import "syscall"

// openFiles is how many files, connections among them, the system lets this program have open.
func openFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1024
	}
	return int(min(uint64(limit.Cur), connectionsMost))
}
