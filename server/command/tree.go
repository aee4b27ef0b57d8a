package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"broker/server/audit"
	"broker/server/catalog"
	"broker/server/database"
)

// work is what a command does once its line was read.
type work func(ctx context.Context, t *tools) error

// leaf is a command that works on what the database holds.
type leaf struct {
	use         string // its name and words, such as "revoke [ID…]"
	short       string
	example     string
	least, most int                   // words beside the flags
	make        func(own *flags) work // defines its flags
}

// group is a kind of things with what can be done to them.
type group struct {
	use, short string
	leaves     []leaf
}

const idsExample = "tok_01jd0example0000000000000000"

// groups are the commands by the kind of things they work on.
var groups = []group{
	{"token", "Make, find, change and end access tokens", []leaf{
		{"create", "Make a token; prints its secret, or with --claim a link to it, alone on standard output, this once", "broker token create --description CI --package 'acme/*' --expires 90d", 0, 0, createToken},
		{"list", "List tokens, all or those of a filter", "broker token list --status active --unused-for 90d --json", 0, 0, listTokens},
		{"show ID", "Show a token", "broker token show " + idsExample, 1, 1, showToken},
		{"explain ID PACKAGE VERSION", "Say what a token gets of a version of a package, and why", "broker token explain " + idsExample + " acme/lib 1.2.0", 3, 3, explainToken},
		{"update ID", "Change what a token says or may do", "broker token update " + idsExample + " --expires 2028-01-31", 1, 1, updateToken},
		{"claim-link ID", "Make a new claim link for a token that nobody claimed; prints it alone on standard output. The one before no longer works", "broker token claim-link " + idsExample + " --claim-days 14", 1, 1, renewClaim},
		{"rotate ID", "Give a token a new secret; the old one works for the grace period", "broker token rotate " + idsExample + " --grace 24h", 1, 1, rotateToken},
		{"end-rotation ID", "Have only the new secret work, now", "", 1, 1, endRotation},
		{"cancel-rotation ID", "Have only the old secret work: for a new one that was lost", "", 1, 1, cancelRotation},
		{"disable ID…", "Disable tokens; they can be enabled again", "", 1, idsMax, disableTokens},
		{"enable ID…", "Enable tokens that were disabled", "", 1, idsMax, enableTokens},
		{"release ID…", "Have tokens outlive the one that made them", "", 1, idsMax, releaseTokens},
		{"revoke [ID…]", "Revoke tokens for good: by their ids, or those of a filter, which are shown first", "broker token revoke --unused-for 180d --yes", 0, idsMax, revokeTokens},
	}},
	{"repository", "Add, sync and remove repositories", []leaf{
		{"add", "Add a repository; a running server syncs it", "broker repository add --name main --url https://packages.example.org --username u --password-file /run/secret", 0, 0, addRepository},
		{"list", "List the repositories", "", 0, 0, listRepositories},
		{"update NAME", "Change what is said of a repository; a list that is none is emptied", "broker repository update main --cooldown 7 --cooldown-exception 'acme/*'", 1, 1, updateRepository},
		{"check NAME", "Ask the source of a repository whether it can be used, and what it has", "broker repository check main", 1, 1, checkRepository},
		{"pause NAME", "Have a repository be synced no more; what is stored of it goes on being served", "", 1, 1, enabled(false, "is paused.")},
		{"resume NAME", "Have a paused repository be synced again", "", 1, 1, enabled(true, "is resumed.")},
		{"sync NAME", "Have a running server sync a repository", "broker repository sync main --wait", 1, 1, syncRepository},
		{"confirm-removals NAME", "Have a repository believe that what its source lost is gone", "", 1, 1, confirmRemovals},
		{"webhook NAME", "Make the secret of a repository's webhook; prints it alone on standard output, this once", "broker repository webhook lib", 1, 1, webhookSecret},
		{"remove NAME", "Remove a repository and its packages; names that it owns stay closed", "", 1, 1, removeRepository},
	}},
	{"organization", "Add whole organizations of GitHub, GitLab, Gitea or Forgejo, with the repositories that come later", []leaf{
		{"add NAME", "Add an organization; a running server adds its repositories that have a composer.json", "broker organization add acme --host github --token-file token.txt --exclude 'test-*'", 1, 1, addOrganization},
		{"list", "List the organizations", "", 0, 0, listOrganizations},
		{"sync NAME", "Have a running server look for new repositories", "", 1, 1, syncOrganization},
		{"webhook NAME", "Make the secret of an organization's webhook; prints it alone on standard output, this once", "", 1, 1, organizationWebhook},
		{"remove NAME", "Remove an organization; its repositories stay", "broker organization remove acme --repositories", 1, 1, removeOrganization},
	}},
	{"claim", "List who owns which names, and release those that nobody owns any more", []leaf{
		{"list", "List the claims: by repositories, and of those that were removed", "", 0, 0, listClaims},
		{"release PATTERN", "Release the names of a closed claim: any repository may answer for them then", "broker claim release 'acme/*'", 1, 1, releaseClaim},
	}},
	{"change", "Decide of versions whose source says something else of them than when they were first seen", []leaf{
		{"list", "List the versions that somebody has to decide of", "", 0, 0, listChanges},
		{"accept ID", "Accept the change of a version, by its id: what the source offers now is served", "", 1, 1, decided((*catalog.Catalog).AcceptChange, "is accepted: it is served as its source has it now.")},
		{"reject ID", "Reject the change of a version, by its id: it stays what it was, and the very same change is not told of again", "", 1, 1, decided((*catalog.Catalog).RejectChange, "is rejected: it stays what it was.")},
	}},
	{"hold", "List the versions that a cooldown holds back, and release them", []leaf{
		{"list", "List what is held back", "", 0, 0, listHeld},
		{"release ID", "Release a version, by its id: it is offered at once", "", 1, 1, decided((*catalog.Catalog).ReleaseVersion, "is released: it is offered from now on.")},
	}},
	{"block", "Block versions, with a reason that Composer prints, and unblock them", []leaf{
		{"add PACKAGE", "Block versions of a package or of a pattern", "broker block add acme/lib --versions '1.2.3 || ^2.0' --reason 'steals keys'", 1, 1, addBlock},
		{"list", "List what is blocked", "", 0, 0, listBlocks},
		{"remove ID", "Unblock versions, by the id of their block", "", 1, 1, decided((*catalog.Catalog).Unblock, "is removed: its versions are unblocked.")},
	}},
	{"advisory", "Write advisories of your own, which composer audit tells of", []leaf{
		{"add PACKAGE", "Write an advisory of some versions of a package", "broker advisory add acme/lib --versions '<1.2.3' --title 'Keys are logged' --severity high", 1, 1, addAdvisory},
		{"list", "List the advisories that were written here", "", 0, 0, listAdvisories},
		{"remove ID", "Remove an advisory that was written here", "", 1, 1, decided((*catalog.Catalog).RemoveAdvisory, "is removed.")},
	}},
	{"webhook", "Have notices be sent to other systems, signed; the webhooks of git hosts are of broker repository", []leaf{
		{"add", "Add an endpoint; prints its secret alone on standard output, this once", "broker webhook add --url https://example.org/hook --kind token.leaked --kind source.failing", 0, 0, addEndpoint},
		{"list", "List the endpoints", "", 0, 0, listEndpoints},
		{"test ID", "Have a running server send a test", "", 1, 1, testEndpoint},
		{"deliveries ID", "List what was sent to an endpoint, and what came of it, the newest first", "", 1, 1, listDeliveries},
		{"resend ID", "Have a running server send a delivery again, by its id", "", 1, 1, resendDelivery},
		{"rotate ID", "Give an endpoint a new secret; for a day the one before fits as well", "", 1, 1, rotateEndpoint},
		{"disable ID", "Have an endpoint be sent nothing more", "", 1, 1, endpointEnabled(false, "is disabled.")},
		{"enable ID", "Have an endpoint be sent what happens from now on", "", 1, 1, endpointEnabled(true, "is enabled.")},
		{"remove ID", "Remove an endpoint, and what is kept of its deliveries", "", 1, 1, removeEndpoint},
	}},
	{"settings", "Show and change what the owner decides for everybody", []leaf{
		{"list", "List the settings in force", "", 0, 0, listSettings},
		{"set NAME=VALUE…", "Change settings", "broker settings set defaultRateLimit=2000", 1, 20, setSettings},
	}},
	{"audit", "Read and check the audit log", []leaf{
		{"list", "List events", "broker audit list --action token.revoke --after 2027-01-01", 0, 0, listEvents},
		{"verify", "Tell whether events were changed, removed or moved", "", 0, 0, verifyAudit},
	}},
	{"storage", "Check and clean the stored archives", []leaf{
		{"clean", "Delete archives that no package names any more and that are older than a day, as the server does daily", "", 0, 0, cleanStorage},
		{"verify", "Read every stored archive again; what is damaged is moved aside and fetched again", "", 0, 0, verifyStorage},
	}},
	{"user", "Make, list, change and remove people who sign in to the dashboard, by their e-mail addresses or ids", []leaf{
		{"create", "Make a user; asks for the password, or reads it from standard input", "broker user create --email anna@example.org --role maintainer", 0, 0, createUser},
		{"invite", "Invite somebody; prints a link alone on standard output, which works once, for 7 days", "broker user invite --email anna@example.org --role maintainer", 0, 0, inviteUser},
		{"reinvite USER", "Make a new link for somebody who was invited; the one before no longer works", "", 1, 1, reinviteUser},
		{"list", "List the users", "", 0, 0, listUsers},
		{"update USER", "Change a user's name or role", "broker user update anna@example.org --role viewer", 1, 1, updateUser},
		{"remove USER", "Remove a user or an invitation; their sessions end, their tokens stay", "", 1, 1, removeUser},
		{"password USER", "Give a user another password, and take away their second factor; asks for it, or reads it from standard input", "", 1, 1, setUserPassword},
		{"sign-out USER", "End all sessions of a user", "", 1, 1, endUserSessions},
	}},
}

// alone are the commands that belong to no group.
var alone = []leaf{
	{"usage", "Show what was requested and downloaded", "broker usage --range week --package acme/lib", 0, 0, usageCommand},
	{"upload REPOSITORY FILE", "Publish a zip archive as a version; prints the address of it on standard output", "broker upload ours plugin.zip --name acme/plugin --version 1.2.0 --type wordpress-plugin", 2, 2, uploadArchive},
	{"downloads", "Show who downloaded a version, or what a token downloaded", "broker downloads --package acme/lib --version 1.2.0.0", 0, 0, downloadsCommand},
}

// tree is the whole command line.
func (p Program) tree() *cobra.Command {
	root := &cobra.Command{
		Use: "broker", Short: "A self-hosted broker for Composer packages", Version: p.Version,
		Long: "A self-hosted broker for Composer packages. Without a command it serves.\n\n" +
			"Every setting is a flag and an environment variable: --listen is BROKER_LISTEN. A secret may be read from a file:\n" +
			"BROKER_SECRET_KEY_FILE names the one with BROKER_SECRET_KEY. A command ends with 0 when it is done, 2 when the command\n" +
			"line makes no sense, 1 when it failed.",
		SilenceUsage: true, SilenceErrors: true, Args: known, RunE: p.configured(func(ctx context.Context, c *Config) error { return c.Serve(ctx) }),
	}
	root.SetOut(p.Streams.Out)
	root.SetErr(p.Streams.Err)
	root.SetIn(p.Streams.In)
	root.SetVersionTemplate("broker {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{fmt.Sprintf("%s: %s; %s --help shows what there is", path(cmd), wrongFlag(err), cmd.CommandPath())}
	})
	root.CompletionOptions.HiddenDefaultCmd = false
	for _, s := range p.Settings {
		help := s.Help
		if s.Default != "" {
			help += " (default " + s.Default + ")"
		}
		root.PersistentFlags().String(s.Name, s.Fallback, help)
	}
	root.AddCommand(
		&cobra.Command{Use: "serve", Short: "Migrate the database, then serve everything on one port (the default)", Args: none, RunE: root.RunE},
		&cobra.Command{Use: "migrate", Short: "Apply pending migrations and stop", Args: none, RunE: p.configured(migrate)},
		p.showConfig(),
		p.preflight(),
		&cobra.Command{Use: "version", Short: "Show the version", Args: none, RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "broker", p.Version)
			return err
		}},
		&cobra.Command{Use: "man FOLDER", Short: "Write manual pages to a folder", Hidden: true, Args: between(1, 1), RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			root.DisableAutoGenTag = true
			return doc.GenManTree(root, &doc.GenManHeader{Title: "BROKER", Section: "1", Source: "broker " + p.Version}, args[0])
		}},
	)
	for _, l := range alone {
		root.AddCommand(p.command(l))
	}
	for _, g := range groups {
		parent := &cobra.Command{Use: g.use, Short: g.short, Args: known, RunE: func(cmd *cobra.Command, _ []string) error {
			return &usageError{fmt.Sprintf("say what to do: %s", strings.Join(paths(cmd), ", "))}
		}}
		for _, l := range g.leaves {
			parent.AddCommand(p.command(l))
		}
		root.AddCommand(parent)
	}
	// A command's own help shows its own flags; the settings stand in broker --help.
	local := strings.Replace(root.UsageTemplate(), "{{if .HasAvailableInheritedFlags}}", "{{if and .HasAvailableInheritedFlags false}}", 1)
	for _, cmd := range root.Commands() {
		cmd.SetUsageTemplate(local + "\nThe settings, such as --data-dir, stand in broker --help.\n")
	}
	return root
}

// command is a leaf as cobra has it.
func (p Program) command(l leaf) *cobra.Command {
	cmd := &cobra.Command{Use: l.use, Short: l.short, Args: between(l.least, l.most), DisableFlagsInUseLine: false}
	if l.example != "" {
		cmd.Example = "  " + l.example
	}
	own := &flags{FlagSet: cmd.Flags()}
	do := l.make(own)
	own.explain()
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		own.words = args
		if name := own.empty(); name != "" {
			return &usageError{fmt.Sprintf("%s: --%s is empty: give it a value, or leave it out", path(cmd), name)}
		}
		return p.configured(func(ctx context.Context, c *Config) error {
			db, err := database.OpenExisting(ctx, c.DatabaseURL, c.Log)
			if err != nil {
				return explained(err)
			}
			defer db.Close()
			t, err := newTools(ctx, c, db, p.Streams)
			if err != nil {
				return err
			}
			return do(audit.WithActor(ctx, audit.Actor{Name: "command line"}), t)
		})(cmd, args)
	}
	return cmd
}

// explained says what to do about a database that a command cannot work on.
func explained(err error) error {
	switch {
	case errors.Is(err, database.ErrMissing):
		return fmt.Errorf("%w; broker serve makes one, --data-dir or --database-url names another", err)
	case errors.Is(err, database.ErrOlder):
		return fmt.Errorf("%w: run broker migrate, or start the server of this version", err)
	}
	return err
}

// configured reads the configuration before something is done with it.
func (p Program) configured(do func(context.Context, *Config) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		given := map[string]string{}
		for _, s := range p.Settings {
			if f := cmd.Root().PersistentFlags().Lookup(s.Name); f.Changed {
				given[s.Name] = f.Value.String()
			}
		}
		c, err := p.Configure(given, p.Streams.Err)
		if err != nil {
			return err
		}
		return do(cmd.Context(), c)
	}
}

func migrate(ctx context.Context, c *Config) error {
	db, err := database.OpenMigrated(ctx, c.DatabaseURL, c.Log)
	if err != nil {
		return err
	}
	return db.Close()
}

func (p Program) showConfig() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Show the effective configuration, secrets masked", Args: none}
	asJSON := cmd.Flags().Bool("json", false, flagHelp["json"])
	cmd.RunE = p.configured(func(_ context.Context, c *Config) error {
		if *asJSON {
			all := map[string]string{}
			for _, s := range c.Shown {
				all[s.Variable] = s.Value
			}
			return printJSON(p.Streams.Out, all)
		}
		for _, s := range c.Shown {
			fmt.Fprintf(p.Streams.Out, "%s=%s\n", s.Variable, s.Value)
		}
		return nil
	})
	return cmd
}

func none(cmd *cobra.Command, args []string) error { return between(0, 0)(cmd, args) }

// between checks how many words a command has.
func between(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) > most:
			return &usageError{fmt.Sprintf("%s: unexpected %s", path(cmd), args[most])}
		case len(args) < least:
			return &usageError{fmt.Sprintf("%s: say which; %s --help shows how", path(cmd), cmd.CommandPath())}
		}
		return nil
	}
}

// known refuses a command that there is not, and suggests what may have been meant.
func known(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	message := fmt.Sprintf("there is no command %q", strings.TrimPrefix(cmd.CommandPath()+" "+args[0], "broker "))
	if meant := cmd.SuggestionsFor(args[0]); len(meant) > 0 {
		for i := range meant {
			meant[i] = cmd.CommandPath() + " " + meant[i]
		}
		return &usageError{message + "; did you mean " + strings.Join(meant, " or ") + "?"}
	}
	return &usageError{fmt.Sprintf("%s; there are %s", message, strings.Join(paths(cmd), ", "))}
}

// path is a command's name without the program's.
func path(cmd *cobra.Command) string { return strings.TrimPrefix(cmd.CommandPath(), "broker ") }

// paths are the names of what stands below a command.
func paths(cmd *cobra.Command) []string {
	var all []string
	for _, one := range cmd.Commands() {
		if one.IsAvailableCommand() {
			all = append(all, path(one))
		}
	}
	slices.Sort(all)
	return all
}
