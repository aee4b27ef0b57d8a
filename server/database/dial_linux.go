package database

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// boundUnacknowledged breaks a connection whose data nobody acknowledges (tcp(7), TCP_USER_TIMEOUT).
func boundUnacknowledged(conn syscall.RawConn) error {
	var failed error
	err := conn.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(silentFor.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return failed
}
