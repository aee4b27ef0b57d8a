package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// cores are the machine's cores as they are shared out: one for the server that is measured, all others for the load
// and for what the server reads from.
type cores struct {
	server, load unix.CPUSet
	pinned       bool // false where there is only one core
}

// serverCore names the variable that tells this program, started anew, which core the server has.
const serverCore = "BENCH_SERVER_CORE"

// shareCores shares out the cores that this process was started on. It starts the program anew on the load's cores: only
// so all of its threads are there.
func shareCores() (cores, error) {
	var c cores
	if err := unix.SchedGetaffinity(0, &c.load); err != nil {
		return c, fmt.Errorf("ask for the cores: %w", err)
	}
	if core, err := strconv.Atoi(os.Getenv(serverCore)); err == nil {
		c.server.Set(core)
		c.pinned = true
		return c, nil
	}
	if c.load.Count() < 2 {
		c.server = c.load
		return c, nil
	}
	core := 0
	for !c.load.IsSet(core) {
		core++
	}
	c.load.Clear(core)
	program, err := os.Executable()
	if err != nil {
		return c, err
	}
	if err := unix.SchedSetaffinity(0, &c.load); err != nil {
		return c, fmt.Errorf("move to the load's cores: %w", err)
	}
	return c, syscall.Exec(program, os.Args, append(os.Environ(), serverCore+"="+strconv.Itoa(core)))
}

// process is a server that this program started and ends.
type process struct {
	name    string
	command *exec.Cmd
	log     string // file of what it prints
	exited  chan struct{}
}

// start starts a program on some cores, with nothing of this program's environment but the path. It must be called by
// the main goroutine, which has the main thread for itself: the child takes over the cores of the thread that starts
// it, and is killed when that thread ends, so that nothing is left whatever happens to this program.
func start(name, log string, on unix.CPUSet, env []string, program string, args ...string) (*process, error) {
	output, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer output.Close()
	p := &process{name: name, command: exec.Command(program, args...), log: log, exited: make(chan struct{})}
	p.command.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	p.command.Stdout, p.command.Stderr = output, output
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, fmt.Errorf("ask for the cores: %w", err)
	}
	err = unix.SchedSetaffinity(0, &on)
	if err == nil {
		err = p.command.Start()
	}
	if err = errors.Join(err, unix.SchedSetaffinity(0, &before)); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		p.command.Wait() // how it ended is in its state
		close(p.exited)
	}()
	return p, nil
}

// await waits until an address is answered by 200, for a minute at most.
func (p *process) await(ctx context.Context, url string) error {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if response, err := client.Get(url); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.exited:
			return p.failed("ended at its start")
		case <-time.After(20 * time.Millisecond):
		}
	}
	return p.failed("is not ready after a minute")
}

// failed is an error with the end of what the process printed.
func (p *process) failed(what string) error {
	text, _ := os.ReadFile(p.log) // without it the error has to do
	text = text[max(0, len(text)-2000):]
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return fmt.Errorf("%s %s", p.name, what)
	}
	return fmt.Errorf("%s %s; it printed: %s", p.name, what, text)
}

// stop ends the process, by force where it does not end in 45 seconds.
func (p *process) stop() error {
	if p == nil {
		return nil
	}
	p.command.Process.Signal(syscall.SIGTERM) // an error says that it has ended
	select {
	case <-p.exited:
	case <-time.After(45 * time.Second):
		p.command.Process.Kill()
		<-p.exited
	}
	status := p.command.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() && status.Signal() == syscall.SIGTERM || status.ExitStatus() == 0 { // the bare server does nothing about it
		return nil
	}
	return p.failed("ended with " + p.command.ProcessState.String())
}

// tick is the unit of the times in /proc, the same on all machines that Go knows.
const tick = time.Second / 100

// cpu is the time that the process has computed, user and system together.
func (p *process) cpu() (time.Duration, error) {
	text, err := os.ReadFile(p.proc("stat"))
	if err != nil {
		return 0, p.failed("has ended")
	}
	return cpuOf(string(text))
}

func (p *process) proc(file string) string {
	return filepath.Join("/proc", strconv.Itoa(p.command.Process.Pid), file)
}

// cpuOf reads /proc/PID/stat. The second field is the name of the program, which may hold blanks and brackets.
func cpuOf(stat string) (time.Duration, error) {
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("this is no /proc/PID/stat: %.200q", stat)
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick, err
}

// resident is the memory of the process in bytes.
func (p *process) resident() (int64, error) {
	text, err := os.ReadFile(p.proc("status"))
	if err != nil {
		return 0, p.failed("has ended")
	}
	return residentOf(string(text))
}

// residentOf reads /proc/PID/status.
func residentOf(status string) (int64, error) {
	for line := range strings.Lines(status) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("/proc/PID/status has no VmRSS")
}

// freeAddress is an address of this machine alone that nothing listens on.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}
