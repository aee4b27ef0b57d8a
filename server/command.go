package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"broker/server/audit"
	"broker/server/cached"
	"broker/server/database"
	policy "broker/server/settings"
	"broker/server/tokens"
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

  token create --description D [--permission read-only|write] [--package PATTERN]… [--network CIDR]…
               [--expires 90d|2027-01-31|never] [--rate-limit N] [--external-id ID] [--label NAME=VALUE]…
  token list [FILTER]… [--json]
  token show ID [--json]
  token update ID [--description D] [--package PATTERN]… [--network CIDR]… [--expires 90d|2027-01-31|never]
               [--rate-limit N] [--label NAME=VALUE]…
  token rotate ID [--grace 24h]      a new secret; the old one works for the grace period
  token end-rotation ID              only the new secret works, now
  token cancel-rotation ID           only the old secret works: for a new one that was lost
  token disable ID… [--reason R], token enable ID…, token release ID…
  token revoke ID… [--reason R]
  token revoke FILTER… [--reason R] [--yes]   shows what it would end; --yes does it
    FILTER: --status active|expired|disabled|revoked, --search TEXT, --external-id ID, --label NAME=VALUE,
            --unused-for 90d, --never-used, --expires-within 14d, --parent ID, --leaked

  repository add --name N --url U [--type composer] [--package PATTERN]… [--username U --password-file F]
  repository list [--json], repository sync NAME [--wait], repository remove NAME

  usage [--range hour|day|week|month|quarter|year] [--token ID] [--repository ID] [--package P] [--json]
  downloads [--package P] [--version V] [--token ID] [--address A] [--from DAY] [--to DAY] [--json]
                        who downloaded a version, and what a token downloaded
  settings list [--json], settings set NAME=VALUE…
  audit list [--actor A] [--action A] [--target ID] [--search TEXT] [--after DAY] [--before DAY] [--json]
  audit verify          whether events were changed, removed or moved
  user create --email E --role owner|maintainer|viewer

  config                show the effective configuration, secrets masked
  version

A command ends with 0 when it is done, 2 when the command line makes no sense, 1 when it failed.

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
	}
	work, known := workCommands[command]
	if !known {
		return &usageError{fmt.Sprintf("there is no command %q; broker help lists them", command)}
	}
	return withDatabase(ctx, c, func(db *database.DB) error {
		t, err := newTools(ctx, c, db, s)
		if err != nil {
			return err
		}
		return work(audit.WithActor(ctx, audit.Actor{Name: "command line"}), t, rest)
	})
}

// workCommands are the commands that work on what the database holds, beside a running server.
var workCommands = map[string]func(context.Context, *tools, []string) error{
	"token": tokenCommand, "repository": repositoryCommand, "user": userCommand, "settings": settingsCommand,
	"usage": usageCommand, "downloads": downloadsCommand, "audit": auditCommand,
}

// tools are what these commands work with.
type tools struct {
	streams
	config *config
	db     *database.DB
	events *audit.Log
	rules  *policy.Service
	access *tokens.Service
	now    time.Time
}

func newTools(ctx context.Context, c *config, db *database.DB, s streams) (*tools, error) {
	sealer, err := c.sealer()
	if err != nil {
		return nil, err
	}
	events, err := c.auditLog(ctx, db, sealer)
	if err != nil {
		return nil, err
	}
	rules := policy.New(db, cached.NewMemory(db.Changes), events, c.defaultRateLimit)
	return &tools{s, c, db, events, rules, tokens.New(db, events, rules, c.tokenPrefix, time.Now), time.Now()}, nil
}

// subcommand picks what to do of a kind of things.
func subcommand(kind string, args []string, known map[string]func(context.Context, *tools, []string) error) (func(context.Context, *tools, []string) error, []string, error) {
	names := slices.Sorted(maps.Keys(known))
	if len(args) == 0 {
		return nil, nil, &usageError{fmt.Sprintf("say what to do: %s %s", kind, strings.Join(names, ", "+kind+" "))}
	}
	if do, ok := known[args[0]]; ok {
		return do, args[1:], nil
	}
	return nil, nil, &usageError{fmt.Sprintf("there is no command %s %s; there are %s", kind, args[0], strings.Join(names, ", "))}
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
