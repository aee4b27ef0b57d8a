//go:build !unix

package git

import (
	"context"
	"os"
	"os/exec"
)

// limited is git without bounds that this system could set.
func (p *Program) limited(ctx context.Context, args []string) *exec.Cmd {
	return exec.CommandContext(ctx, "git", args...)
}

func inGroup(*exec.Cmd) {}

func endGroup(*exec.Cmd) {}

func tooLarge(*os.ProcessState) bool { return false }
