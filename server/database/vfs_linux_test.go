package database

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What can be flushed is, whatever else is flushed at the time; what cannot is told.
func TestFilesAreFlushed(t *testing.T) {
	t.Parallel()
	v := &vfs{}
	flushed := make(chan error)
	for range 10 {
		go func() {
			file, err := os.CreateTemp(t.TempDir(), "")
			if err == nil {
				_, err = file.WriteString("something")
				err = errors.Join(err, v.flush(int32(file.Fd())), v.flush(int32(file.Fd())), file.Close())
			}
			flushed <- err
		}()
	}
	for range 10 {
		if err := <-flushed; err != nil {
			t.Error(err)
		}
	}
	if n := len(v.idle); n == 0 || n > 10 {
		t.Errorf("%d are kept to flush with", n)
	}
	for _, f := range v.idle {
		if err := f.flush(-1); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("no file: %v", err)
		}
	}
	before := len(v.idle)
	if err := v.idle[before-1].done.SetReadDeadline(time.Unix(1, 0)); err != nil { // so that its answer is not waited for
		t.Fatal(err)
	}
	if err := v.flush(int32(file(t).Fd())); err == nil || errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("an answer that does not come: %v", err)
	}
	if len(v.idle) != before-1 {
		t.Error("what has something under way is kept to flush with")
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer writer.Close()
	if err := v.flush(int32(writer.Fd())); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a pipe, which the kernel cannot flush: %v", err)
	}
}

// file is an empty one that ends with the test.
func file(t *testing.T) *os.File {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// While SQLite writes and flushes thousands of pages, what came from the network is read, also where there is one
// processor. The test measures what the process computes and runs itself, as the number of processors is of the whole process.
func TestCheckpointsLetTheNetworkBeRead(t *testing.T) {
	t.Parallel()
	if os.Getenv("GOMAXPROCS") != "1" {
		command := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
		command.Env = append(os.Environ(), "GOMAXPROCS=1")
		if output, err := command.CombinedOutput(); err != nil || !bytes.Contains(output, []byte("it was measured")) {
			t.Errorf("%v\n%s", err, output)
		}
		return
	}
	db, err := openSQLite(filepath.Join(t.TempDir(), "a.db"), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		"PRAGMA wal_autocheckpoint = 0", "CREATE TABLE t (content BLOB)",
		"INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) SELECT randomblob(2000) FROM n",
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	// A checkpoint that holds them up does so each time; one that another process delayed does not.
	longest, held := echo(t), []time.Duration(nil)
	for len(held) == 0 || len(held) < 10 && slices.Min(held) > 10*time.Millisecond {
		longest.Store(0)
		var busy, pages, copied int
		if err := db.QueryRowContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &copied); err != nil || busy != 0 {
			t.Fatal(busy, err)
		}
		held = append(held, time.Duration(longest.Load()))
		if _, err := db.ExecContext(t.Context(), "UPDATE t SET content = randomblob(2000)"); err != nil {
			t.Fatal(err)
		}
	}
	if slices.Min(held) > 10*time.Millisecond {
		t.Errorf("%s were computed before an answer", held)
	}
	if len(considerate.vfs.idle) == 0 {
		t.Error("nothing was flushed beside what Go runs")
	}
	var integrity string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&integrity); err != nil || integrity != "ok" {
		t.Error(integrity, err)
	}
	t.Log("it was measured:", held)
}

// echo has a byte go to and fro between the ends of a connection, and keeps the longest that the process computed between
// one answer and the next, in nanoseconds.
func echo(t *testing.T) (longest *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "echo")) // it does not wait for the kernel's own threads, as TCP does
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("unix", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	go io.Copy(server, server)
	longest = new(atomic.Int64)
	go func() {
		before := computed()
		for b := make([]byte, 1); ; {
			_, err := client.Write(b)
			if err == nil {
				_, err = client.Read(b)
			}
			if err != nil {
				return
			}
			now := computed()
			longest.Store(max(longest.Load(), now-before))
			before = now
		}
	}()
	return longest
}

// computed is what the process has computed, in nanoseconds.
func computed() int64 {
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return used.Utime.Nano() + used.Stime.Nano()
}
