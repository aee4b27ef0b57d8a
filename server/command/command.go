// Package command is the command line: what it is told, and the commands that work on what the database holds, beside a
// running server.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"broker/server/audit"
	"broker/server/cached"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/safehttp"
	"broker/server/seal"
	"broker/server/settings"
	"broker/server/tokens"
)

// Program is what the command line starts; package main makes it.
type Program struct {
	Version  string
	Settings []Setting
	// Configure reads the configuration, of which some stands on the command line, by the settings' names.
	Configure func(flags map[string]string, stderr io.Writer) (*Config, error)
	Streams   Streams
}

// Streams are the program's standard streams.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Setting is one thing to configure: BROKER_LISTEN, or --listen.
type Setting struct {
	Name     string // of the flag; the variable is BROKER_ and the name in capitals
	Fallback string
	Secret   bool // masked when shown; may be read from the file that NAME_FILE names
	Help     string
	Default  string // as people are told it, where it is no plain value
}

// Variable is the setting's environment variable.
func (s Setting) Variable() string {
	return "BROKER_" + strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))
}

// Config is what the commands need of the configuration.
type Config struct {
	DatabaseURL      string
	DefaultRateLimit int
	TokenPrefix      string
	Upstreams        safehttp.Policy
	PublicURL        *url.URL
	Agent            string // by which the program tells upstreams who it is
	Log              *slog.Logger
	Sealer           func() (*seal.Sealer, error)
	Shown            []Shown // the settings in force, secrets masked
	Serve            func(context.Context) error
}

// Shown is a setting's variable and value as people may see it.
type Shown struct{ Variable, Value string }

// Run does what a command line says, and returns what a shell gets: 0 for what was done, 2 for a command line that makes
// no sense, 1 for what failed. Both are said in a line on standard error.
func Run(ctx context.Context, p Program, args []string) int {
	err := p.run(ctx, args)
	if err == nil {
		return 0
	}
	fmt.Fprintln(p.Streams.Err, "broker:", err)
	var usage *usageError
	var invalid *fault.Invalid
	if errors.As(err, &usage) || errors.As(err, &invalid) {
		return 2
	}
	return 1
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

func (p Program) printUsage(w io.Writer) {
	fmt.Fprint(w, usageText)
	for _, s := range p.Settings {
		value := s.Fallback
		if value == "" {
			value = s.Default
		}
		fmt.Fprintf(w, "  --%-20s %s", s.Name, s.Help)
		if value != "" {
			fmt.Fprintf(w, " (default %s)", value)
		}
		fmt.Fprintln(w)
	}
}

// run does one command.
func (p Program) run(ctx context.Context, args []string) error {
	given, rest, err := p.settings(args)
	if err != nil {
		return err
	}
	command := "serve"
	if len(rest) > 0 {
		command, rest = rest[0], rest[1:]
	}
	switch command {
	case "version":
		fmt.Fprintln(p.Streams.Out, "broker", p.Version)
		return nil
	case "help":
		p.printUsage(p.Streams.Out)
		return nil
	}
	c, err := p.Configure(given, p.Streams.Err)
	if err != nil {
		return err
	}
	switch command {
	case "serve":
		return c.Serve(ctx)
	case "config":
		for _, s := range c.Shown {
			fmt.Fprintf(p.Streams.Out, "%s=%s\n", s.Variable, s.Value)
		}
		return nil
	case "migrate":
		return withDatabase(ctx, c, func(*database.DB) error { return nil })
	}
	work, known := workCommands[command]
	if !known {
		return &usageError{fmt.Sprintf("there is no command %q; broker help lists them", command)}
	}
	return withDatabase(ctx, c, func(db *database.DB) error {
		t, err := newTools(ctx, c, db, p.Streams)
		if err != nil {
			return err
		}
		return work(audit.WithActor(ctx, audit.Actor{Name: "command line"}), t, rest)
	})
}

// settings reads the settings on the command line, and returns what follows them.
func (p Program) settings(args []string) (given map[string]string, rest []string, err error) {
	flags := flag.NewFlagSet("broker", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	for _, s := range p.Settings {
		flags.String(s.Name, "", s.Help)
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			p.printUsage(p.Streams.Err)
		}
		return nil, nil, &usageError{err.Error()}
	}
	given = map[string]string{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = f.Value.String() })
	return given, flags.Args(), nil
}

// workCommands are the commands that work on what the database holds, beside a running server.
var workCommands = map[string]func(context.Context, *tools, []string) error{
	"token": tokenCommand, "repository": repositoryCommand, "user": userCommand, "settings": settingsCommand,
	"usage": usageCommand, "downloads": downloadsCommand, "audit": auditCommand,
}

// tools are what these commands work with.
type tools struct {
	Streams
	config *Config
	db     *database.DB
	events *audit.Log
	rules  *settings.Service
	access *tokens.Service
	now    time.Time
}

func newTools(ctx context.Context, c *Config, db *database.DB, s Streams) (*tools, error) {
	sealer, err := c.Sealer()
	if err != nil {
		return nil, err
	}
	events, err := audit.Open(ctx, db, sealer, time.Now)
	if err != nil {
		return nil, err
	}
	rules := settings.New(db, cached.NewMemory(db.Changes), events, c.DefaultRateLimit)
	return &tools{s, c, db, events, rules, tokens.New(db, events, rules, c.TokenPrefix, time.Now), time.Now()}, nil
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
func withDatabase(ctx context.Context, c *Config, do func(*database.DB) error) error {
	db, err := database.OpenMigrated(ctx, c.DatabaseURL, c.Log)
	if err != nil {
		return err
	}
	defer db.Close()
	return do(db)
}
