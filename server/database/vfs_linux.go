package database

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
	"modernc.org/libc"
	sqlite "modernc.org/sqlite/lib"

	"broker/server/background"
)

const vfsName = "considerate"

// considerate is SQLite's own access to files (https://sqlite.org/vfs.html), but that requests are answered meanwhile
// where there is one processor: SQLite writes thousands of pages in a row at a checkpoint, and Go's processor stays
// with one who waits in fsync for up to 10 ms (runtime.sysmon). It is one for the process, as SQLite's list of them is.
var considerate struct {
	once sync.Once
	vfs  *vfs
	err  error
}

// sqliteVFS is the name of the access to files that SQLite is to use; empty for its own.
func sqliteVFS() (string, error) {
	considerate.once.Do(func() { considerate.vfs, considerate.err = registerVFS() })
	return vfsName, considerate.err
}

func registerVFS() (*vfs, error) {
	tls := libc.NewTLS()
	defer tls.Close()
	given := sqlite.Xsqlite3_vfs_find(tls, 0)
	if given == 0 {
		return nil, errors.New("SQLite has no access to files")
	}
	v := &vfs{given: *at[sqlite.Tsqlite3_vfs](given), methods: map[uintptr]uintptr{}, pauses: background.New()}
	name, err := libc.CString(vfsName)
	if err != nil {
		return nil, fmt.Errorf("name SQLite's access to files: %w", err)
	}
	own := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(v.given))) // which SQLite keeps for good
	if own == 0 {
		return nil, errors.New("no memory for SQLite's access to files")
	}
	ours := at[sqlite.Tsqlite3_vfs](own)
	*ours = v.given
	ours.FpNext, ours.FzName, ours.FxOpen = 0, name, pointer(vfsOpen)
	if code := sqlite.Xsqlite3_vfs_register(tls, own, 0); code != sqlite.SQLITE_OK {
		return nil, fmt.Errorf("register access to files with SQLite: code %d", code)
	}
	return v, nil
}

// vfs is what is done instead of SQLite's own.
type vfs struct {
	given  sqlite.Tsqlite3_vfs
	pauses *background.Places

	mu      sync.Mutex
	methods map[uintptr]uintptr // ours, by those of SQLite's that they were made from; it has a few, for kinds of locks
	idle    []*flusher
}

// methods are those of an open file as SQLite knows them, and after them those that are called by ours.
type methods struct {
	sqlite.Tsqlite3_io_methods
	write, sync uintptr
}

// vfsOpen is xOpen: it opens a file as SQLite does, and puts our methods in place of its.
func vfsOpen(tls *libc.TLS, own, name, file uintptr, flags int32, outFlags uintptr) int32 {
	v := considerate.vfs
	open := function[func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32](v.given.FxOpen)
	code := open(tls, own, name, file, flags, outFlags)
	if opened := at[sqlite.Tsqlite3_file](file); opened.FpMethods != 0 {
		if ours := v.instead(tls, opened.FpMethods); ours != 0 {
			opened.FpMethods = ours
		}
	}
	return code
}

// instead returns our methods for SQLite's; 0 where there is no memory for them.
func (v *vfs) instead(tls *libc.TLS, theirs uintptr) uintptr {
	v.mu.Lock()
	defer v.mu.Unlock()
	if ours, made := v.methods[theirs]; made {
		return ours
	}
	ours := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(methods{})))
	if ours == 0 {
		return 0
	}
	m := at[methods](ours)
	m.Tsqlite3_io_methods = *at[sqlite.Tsqlite3_io_methods](theirs)
	m.write, m.sync = m.FxWrite, m.FxSync
	m.FxWrite, m.FxSync = pointer(vfsWrite), pointer(vfsSync)
	v.methods[theirs] = ours
	return ours
}

// vfsWrite is xWrite: it lets requests be answered before each of the pages that SQLite writes in a row.
func vfsWrite(tls *libc.TLS, file, from uintptr, amount int32, offset sqlite.Tsqlite3_int64) int32 {
	considerate.vfs.pauses.Pause()
	write := function[func(*libc.TLS, uintptr, uintptr, int32, sqlite.Tsqlite3_int64) int32](at[methods](at[sqlite.Tsqlite3_file](file).FpMethods).write)
	return write(tls, file, from, amount, offset)
}

// vfsSync is xSync: it has the kernel flush the file beside what Go runs. What the kernel cannot do so, and a new file's
// folder, is flushed as SQLite does.
func vfsSync(tls *libc.TLS, file uintptr, flags int32) int32 {
	opened := at[sqlite.TunixFile](file)
	switch err := considerate.vfs.flush(opened.Fh); {
	case err == nil && opened.FctrlFlags&sqlite.UNIXFILE_DIRSYNC == 0:
		return sqlite.SQLITE_OK
	case err != nil && !errors.Is(err, errors.ErrUnsupported):
		// The kernel tells of each error once: SQLite's own would be told that all is well.
		return sqlite.SQLITE_IOERR_FSYNC
	}
	sync := function[func(*libc.TLS, uintptr, int32) int32](at[methods](opened.FpMethod).sync)
	return sync(tls, file, flags)
}

// flush flushes a file; errors.ErrUnsupported where nothing was tried.
func (v *vfs) flush(fd int32) error {
	v.mu.Lock()
	var f *flusher
	if n := len(v.idle); n > 0 {
		f, v.idle = v.idle[n-1], v.idle[:n-1]
	}
	v.mu.Unlock()
	if f == nil {
		var err error
		if f, err = newFlusher(); err != nil {
			return fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
		}
	}
	err := f.flush(fd)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		f.close() // what it still has under way would be taken for the answer to the next
		return err
	}
	v.mu.Lock()
	v.idle = append(v.idle, f)
	v.mu.Unlock()
	return err
}

// flusher has the kernel flush one file at a time (io_submit(2), IOCB_CMD_FSYNC, of Linux 4.18).
type flusher struct {
	queue uintptr  // aio_context_t
	done  *os.File // on which Go waits as for the network
	fd    int      // of done, an eventfd(2)
}

func newFlusher() (*flusher, error) {
	f := &flusher{}
	if _, _, errno := unix.Syscall(unix.SYS_IO_SETUP, 1, uintptr(unsafe.Pointer(&f.queue)), 0); errno != 0 {
		return nil, os.NewSyscallError("io_setup", errno)
	}
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		unix.Syscall(unix.SYS_IO_DESTROY, f.queue, 0, 0)
		return nil, os.NewSyscallError("eventfd", err)
	}
	f.done, f.fd = os.NewFile(uintptr(fd), "eventfd"), fd
	if err := f.done.SetReadDeadline(time.Time{}); err != nil { // Go cannot wait for it
		f.close()
		return nil, err
	}
	return f, nil
}

// close waits for what is under way.
func (f *flusher) close() {
	unix.Syscall(unix.SYS_IO_DESTROY, f.queue, 0, 0)
	f.done.Close()
}

// iocb and ioEvent are those of linux/aio_abi.h, as far as they are used.
type iocb struct {
	_       uint64
	_, _    uint32
	opcode  uint16
	_       uint16
	fd      uint32
	_       [4]uint64
	flags   uint32
	eventfd uint32
}

type ioEvent struct {
	_, _   uint64
	result int64
	_      int64
}

const (
	iocbFsync   = 2      // IOCB_CMD_FSYNC
	iocbEventfd = 1 << 0 // IOCB_FLAG_RESFD
)

func (f *flusher) flush(fd int32) error {
	request := &iocb{opcode: iocbFsync, fd: uint32(fd), flags: iocbEventfd, eventfd: uint32(f.fd)}
	if n, _, errno := unix.Syscall(unix.SYS_IO_SUBMIT, f.queue, 1, uintptr(unsafe.Pointer(&request))); errno != 0 || n != 1 {
		return fmt.Errorf("%w: %w", errors.ErrUnsupported, os.NewSyscallError("io_submit", errno))
	}
	var count [8]byte
	if _, err := f.done.Read(count[:]); err != nil || binary.NativeEndian.Uint64(count[:]) != 1 {
		return fmt.Errorf("wait for a file to be flushed: %w", err)
	}
	var event ioEvent
	n, _, errno := unix.Syscall6(unix.SYS_IO_GETEVENTS, f.queue, 1, 1, uintptr(unsafe.Pointer(&event)), 0, 0)
	switch {
	case errno != 0:
		return os.NewSyscallError("io_getevents", errno)
	case n != 1:
		return errors.New("io_getevents: no event")
	case event.result != 0:
		return os.NewSyscallError("fsync", unix.Errno(-event.result))
	}
	return nil
}

// at is what an address of SQLite's memory points to, which Go's collector knows nothing of.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// function is a function of SQLite's by the pointer to it.
func function[T any](pointer uintptr) T { return *(*T)(unsafe.Pointer(&pointer)) }

// pointer is what SQLite calls a function by, which must be none that holds variables.
func pointer(function any) uintptr {
	type words [2]uintptr
	return (*words)(unsafe.Pointer(&function))[1]
}
