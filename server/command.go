package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"broker/server/database"
)

// streams are the program's standard streams.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// usageError is a command line that makes no sense.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

const usageText = `Usage: broker [settings] [command]

Commands:
  serve                 migrate the database, then serve everything on one port (the default)
  migrate               apply pending migrations and stop
  token create --description D [--permission read-only|write] [--package PATTERN]…
               [--expires 90d|2027-01-31] [--rate-limit N]
  token list [--json]
  token revoke ID…
  user create --email E --role owner|maintainer|viewer
  config                show the effective configuration, secrets masked
  version

Settings, each also an environment variable (--listen is BROKER_LISTEN):
`

func printUsage(w io.Writer) {
	fmt.Fprint(w, usageText)
	for _, s := range settings {
		value := s.fallback
		if value == "" {
			value = s.defaultShown
		}
		fmt.Fprintf(w, "  --%-20s %s", s.name, s.help)
		if value != "" {
			fmt.Fprintf(w, " (default %s)", value)
		}
		fmt.Fprintln(w)
	}
}

// run does one command.
func run(ctx context.Context, args, environ []string, s streams) error {
	values, rest, err := values(args, environ, s.err)
	if err != nil {
		return err
	}
	command := "serve"
	if len(rest) > 0 {
		command, rest = rest[0], rest[1:]
	}
	switch command {
	case "version":
		fmt.Fprintln(s.out, "broker", version)
		return nil
	case "help":
		printUsage(s.out)
		return nil
	}
	c, err := parse(values, s.err)
	if err != nil {
		return err
	}
	switch command {
	case "serve":
		return serve(ctx, c)
	case "config":
		printConfig(values, s.out)
		return nil
	case "migrate":
		return withDatabase(ctx, c, func(*database.DB) error { return nil })
	case "token":
		return withDatabase(ctx, c, func(db *database.DB) error { return tokenCommand(ctx, c, db, rest, s) })
	case "user":
		return withDatabase(ctx, c, func(db *database.DB) error { return userCommand(ctx, db, rest, s) })
	}
	return &usageError{fmt.Sprintf("there is no command %q; broker help lists them", command)}
}

// withDatabase opens and migrates the database of the configuration for a command.
func withDatabase(ctx context.Context, c *config, do func(*database.DB) error) error {
	db, err := openDatabase(ctx, c)
	if err != nil {
		return err
	}
	defer db.Close()
	return do(db)
}

func openDatabase(ctx context.Context, c *config) (*database.DB, error) {
	db, err := database.Open(ctx, c.databaseURL, c.log)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	if err := db.Migrate(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}
