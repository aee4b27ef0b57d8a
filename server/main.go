// Broker is a self-hosted Composer package broker: the packages of other repositories, served with access tokens.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"broker/server/fault"
)

// version is set by the build.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Environ(), streams{os.Stdin, os.Stdout, os.Stderr})
	if err != nil {
		fmt.Fprintln(os.Stderr, "broker:", err)
	}
	os.Exit(exitCode(err))
}

// exitCode is what a shell gets: 0 for what was done, 2 for a command line that makes no sense, 1 for what failed.
func exitCode(err error) int {
	var usage *usageError
	var invalid *fault.Invalid
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage), errors.As(err, &invalid):
		return 2
	}
	return 1
}
