// Broker is a self-hosted Composer package broker: the packages of other repositories, served with access tokens.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"broker/server/command"
	"broker/server/git"
	"broker/server/safehttp"
)

// version is set by the build.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(command.Run(ctx, program(os.Environ(), command.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}), os.Args[1:]))
}

// program is this program for the command line.
func program(environ []string, streams command.Streams) command.Program {
	return command.Program{
		Version: version, Settings: settings, Streams: streams,
		Configure: func(flags map[string]string, stderr io.Writer) (*command.Config, error) {
			values, err := values(flags, environ)
			if err != nil {
				return nil, err
			}
			c, err := parse(values, stderr)
			if err != nil {
				return nil, err
			}
			return &command.Config{
				DatabaseURL: c.databaseURL, DefaultRateLimit: c.defaultRateLimit, TokenPrefix: c.tokenPrefix, Upstreams: c.upstreams,
				PublicURL: c.publicURL, Store: c.openStore, Agent: agent(), Git: func(outbound *safehttp.Client) *git.Program { return gitOf(outbound, c.upstreams, c.dataDir) },
				Log: c.log, Sealer: c.sealer, Shown: shown(values), Mail: c.mail,
				Serve: func(ctx context.Context) error { return serve(ctx, c) },
			}, nil
		},
	}
}

// agent is how the program tells upstreams who it is.
func agent() string { return "package-broker/" + version }
