// The bench measures the broker beside nginx, which serves the same bytes as files, and beside a bare net/http handler,
// and how the broker's cost grows with what it holds. It prepares its data in a folder of its own, starts bin/broker and
// the others on this machine's loopback, gives the servers one core and the load all others, and writes what it found
// into bench/latest.md. It needs Linux and nginx.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// form is how much is measured.
type form struct {
	name        string
	most        time.Duration // that the whole may take
	settle      time.Duration // of load before each measurement
	brief       time.Duration // of a measurement beside the others
	ample       time.Duration // of a measurement of growth, long enough for what the server does every few seconds
	api         time.Duration // of looking at how long single requests take
	connections []int         // of the document's rows
	tokens      []int         // in use, one after another
	packages    int           // of the source that is synced
	creations   int           // of tokens
}

var (
	shortForm = form{
		name: "short", most: 6 * time.Minute, settle: 100 * time.Millisecond, brief: 500 * time.Millisecond, ample: 3 * time.Second, api: 5 * time.Second,
		connections: []int{16, 64}, tokens: []int{10, 10_000, 100_000}, packages: 1000, creations: 20,
	}
	longForm = form{
		name: "long", most: time.Hour, settle: 500 * time.Millisecond, brief: 5 * time.Second, ample: 10 * time.Second, api: 10 * time.Second,
		connections: []int{16, 64, 256}, tokens: []int{10, 10_000, 100_000, 1_000_000}, packages: 10_000, creations: 100,
	}
)

// manyTokens is how many are in use while the API is looked at.
const manyTokens = 100_000

const rounds = 3 // of each measurement; the median counts

func main() {
	runtime.LockOSThread() // see start
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) == 4 && os.Args[1] == bareCommand {
		return serveBare(os.Args[2], os.Args[3])
	}
	if len(os.Args) > 1 {
		return errors.New("it takes no arguments; BENCH=short is the short form")
	}
	f, err := formOf(os.Getenv("BENCH"))
	if err != nil {
		return err
	}
	shared, err := shareCores()
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	ctx, end := context.WithTimeoutCause(ctx, f.most, fmt.Errorf("it has taken longer than %s, and was given up", f.most))
	defer end()
	err = measureAll(ctx, f, shared)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return errors.Join(cause, err)
	}
	return err
}

func formOf(name string) (form, error) {
	switch name {
	case "", "long":
		return longForm, nil
	case "short":
		return shortForm, nil
	}
	return form{}, fmt.Errorf("BENCH is %q: use short, or nothing for the long form", name)
}

// measureAll prepares, measures, and writes the report; whatever was started ends with it.
func measureAll(ctx context.Context, f form, shared cores) (err error) {
	program, err := filepath.Abs("bin/broker")
	if err != nil {
		return err
	}
	if _, err := os.Stat(program); err != nil {
		return errors.New("there is no bin/broker in this folder; make bench builds it first")
	}
	if _, err := findNginx(); err != nil {
		return err
	}
	dir, err := filepath.Abs("bench/tmp")
	if err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil { // one that was killed may have left it
		return err
	}
	installed := filepath.Join(dir, "broker")
	if err := install(program, installed); err != nil {
		return err
	}
	b := &bench{form: f, cores: shared, dir: dir, program: installed, begun: time.Now(), busyBefore: loadAverage()}
	defer func() { err = errors.Join(err, b.stopAll(), os.RemoveAll(dir)) }()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	err = b.measureParts(ctx)
	text := b.report.text(b)
	fmt.Print("\n", text)
	if ctx.Err() == nil { // else what was kept of the last run is worth more
		err = errors.Join(err, os.WriteFile(reportFile, []byte(text), 0o644))
	}
	return err
}

// install copies a program. One that was just linked lies in the system's cache of files in pieces of megabytes, each of
// which is mapped whole and counted as the program's memory; nobody runs it so.
func install(program, to string) (err error) {
	from, err := os.Open(program)
	if err != nil {
		return err
	}
	defer from.Close()
	file, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o700)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	_, err = io.Copy(file, from)
	return err
}

// measureParts measures one part after another. One that fails takes nothing away from the others, and is told of in the
// report.
func (b *bench) measureParts(ctx context.Context) error {
	var errs []error
	for _, part := range []struct {
		name    string
		measure func(context.Context) error
	}{{"the same work", b.rows}, {"tokens in use", b.grow}, {"packages", b.sync}} {
		if err := part.measure(ctx); err != nil {
			err = b.broker.failed(fmt.Sprintf("could not be measured, %s: %s", part.name, err))
			b.report.failures = append(b.report.failures, err.Error())
			errs = append(errs, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}
