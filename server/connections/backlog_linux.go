package connections

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// Drain has the system begin no further connection, while those that it has begun are accepted as before. A listener
// that is closed without has the connections reset that nobody has accepted yet, their requests with them; who comes
// after Drain hears nothing, tries again, and finds the port closed.
func (l *Listener) Drain() error {
	listener, ok := l.Listener.(*net.TCPListener)
	if !ok {
		return nil
	}
	raw, err := listener.SyscallConn()
	if err != nil {
		return err
	}
	// Dropped is what has SYN and not ACK among the flags, the 14th byte of TCP's header.
	const flags, syn, ack = 13, 0x02, 0x10
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: flags},
		{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: syn | ack},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: syn, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0xffff},
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("have the system begin no connection: %w", err)
	}
	return nil
}
