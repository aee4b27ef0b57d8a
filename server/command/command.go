// Package command is the command line: what it is told, and the commands that work on what the database holds, beside a
// running server.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"broker/server/archive"
	"broker/server/audit"
	"broker/server/cached"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/git"
	"broker/server/mail"
	"broker/server/safehttp"
	"broker/server/seal"
	"broker/server/settings"
	"broker/server/text"
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
	Mail             *mail.Sender                                  // nil: none is sent
	Store            func(context.Context) (*archive.Store, error) // where archives are kept
	Git              func(*safehttp.Client) *git.Program
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
	root := p.tree()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(printer{p.Streams.Err}, "broker:", err)
	var usage *usageError
	var invalid *fault.Invalid
	if errors.As(err, &usage) || errors.As(err, &invalid) {
		return 2
	}
	return 1
}

// printer prints for people what may have words of others: those move no cursor. What it is given ends with whole
// characters.
type printer struct{ io.Writer }

// Write implements io.Writer.
func (p printer) Write(printed []byte) (int, error) {
	if _, err := p.Writer.Write(text.Lines(printed)); err != nil {
		return 0, err
	}
	return len(printed), nil
}

// table begins a table for people.
func (s Streams) table(flags uint) *tabwriter.Writer {
	return tabwriter.NewWriter(printer{s.Out}, 0, 4, 2, ' ', flags)
}

// usageError is a command line that makes no sense.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

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
