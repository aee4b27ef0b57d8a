//go:build unix

package git

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// limited is git with bounds on what it may take, which the shell sets: the size of files, in blocks of 512 bytes, of
// memory, in KiB, and seconds of processors. What it is told stands in arguments of its own, which no shell reads.
func (p *Program) limited(ctx context.Context, args []string) *exec.Cmd {
	script := fmt.Sprintf(`ulimit -c 0; ulimit -f %d; ulimit -v %d; ulimit -t %d; exec git "$@"`,
		p.Limits.File/512, p.Limits.Memory/1024, int64(p.Limits.CPU/time.Second))
	return exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", script, "git"}, args...)...)
}

// inGroup has a child and all that it starts end together.
func inGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// endGroup ends what a child left running.
func endGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}

// tooLarge tells whether a child was ended because it wrote too large a file.
func tooLarge(state *os.ProcessState) bool {
	status, ok := state.Sys().(syscall.WaitStatus)
	return ok && (status.Signaled() && status.Signal() == syscall.SIGXFSZ || status.Exited() && status.ExitStatus() == 128+int(syscall.SIGXFSZ))
}
