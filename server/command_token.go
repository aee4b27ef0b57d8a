package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"broker/ent"
	"broker/ent/token"
	"broker/ent/user"
	"broker/server/access"
	"broker/server/account"
	"broker/server/database"
)

// many is a flag that may be given more than once.
type many []string

func (m *many) String() string     { return strings.Join(*m, ",") }
func (m *many) Set(s string) error { *m = append(*m, s); return nil }

func newFlags(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return flags
}

func tokenCommand(ctx context.Context, c *config, db *database.DB, args []string, s streams) error {
	service := access.New(db, c.tokenPrefix, time.Now)
	if len(args) == 0 {
		return &usageError{"say what to do: token create, token list or token revoke"}
	}
	switch args[0] {
	case "create":
		return createToken(ctx, service, args[1:], s)
	case "list":
		return listTokens(ctx, db, args[1:], s)
	case "revoke":
		return revokeTokens(ctx, service, args[1:], s)
	}
	return &usageError{fmt.Sprintf("there is no command token %s", args[0])}
}

func createToken(ctx context.Context, service *access.Service, args []string, s streams) error {
	flags := newFlags("token create")
	description := flags.String("description", "", "")
	permission := flags.String("permission", "read-only", "")
	expires := flags.String("expires", "", "")
	limit := flags.String("rate-limit", "", "")
	var packages many
	flags.Var(&packages, "package", "")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return &usageError{fmt.Sprintf("token create: %v", first(err, "unexpected "+flags.Arg(0)))}
	}
	in := access.NewToken{Description: *description, Packages: packages}
	switch *permission {
	case "read-only":
		in.Permission = token.PermissionREAD_ONLY
	case "write":
		in.Permission = token.PermissionWRITE
	default:
		return &usageError{"--permission is read-only or write"}
	}
	var err error
	if in.ExpiresAt, err = parseExpiry(*expires, time.Now()); err != nil {
		return err
	}
	if *limit != "" {
		n, err := strconv.Atoi(*limit)
		if err != nil {
			return &usageError{"--rate-limit is a number of requests an hour"}
		}
		in.RateLimit = &n
	}
	row, secret, err := service.Create(ctx, "command line", in)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "Token %s created. Its secret is shown this once:\n", row.ID)
	fmt.Fprintln(s.out, secret.Reveal())
	return nil
}

func first(err error, otherwise string) string {
	if err != nil {
		return err.Error()
	}
	return otherwise
}

// parseExpiry reads 90d, or a day in UTC at whose end the token expires.
func parseExpiry(text string, now time.Time) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n < 100_000 {
			at := now.AddDate(0, 0, n)
			return &at, nil
		}
	}
	day, err := time.Parse("2006-01-02", text)
	if err != nil {
		return nil, &usageError{fmt.Sprintf("--expires %q is neither days, such as 90d, nor a date, such as 2027-01-31", text)}
	}
	at := day.Add(24*time.Hour - time.Second)
	return &at, nil
}

// listed is a token as token list shows it.
type listed struct {
	ID          string     `json:"id"`
	Description string     `json:"description"`
	Permission  string     `json:"permission"`
	Status      string     `json:"status"`
	CreatedAt   time.Time  `json:"createdAt"`
	LastUsedAt  *time.Time `json:"lastUsedAt"`
	ExpiresAt   *time.Time `json:"expiresAt"`
}

func listTokens(ctx context.Context, db *database.DB, args []string, s streams) error {
	flags := newFlags("token list")
	asJSON := flags.Bool("json", false, "")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return &usageError{fmt.Sprintf("token list: %v", first(err, "unexpected "+flags.Arg(0)))}
	}
	rows, err := db.Client.Token.Query().Order(ent.Asc(token.FieldCreatedAt)).All(ctx)
	if err != nil {
		return fmt.Errorf("read tokens: %w", err)
	}
	all := make([]listed, len(rows))
	for i, row := range rows {
		all[i] = listed{row.ID, row.Description, string(row.Permission), string(access.StatusOf(row, time.Now())), row.CreatedAt, row.LastUsedAt, row.ExpiresAt}
	}
	if *asJSON {
		return json.NewEncoder(s.out).Encode(all)
	}
	table := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tDESCRIPTION\tPERMISSION\tSTATUS\tLAST USED\tEXPIRES")
	for _, t := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, t.Description, t.Permission, t.Status, date(t.LastUsedAt, "never"), date(t.ExpiresAt, "never"))
	}
	return table.Flush()
}

func date(at *time.Time, otherwise string) string {
	if at == nil {
		return otherwise
	}
	return at.UTC().Format("2006-01-02 15:04")
}

func revokeTokens(ctx context.Context, service *access.Service, ids []string, s streams) error {
	if len(ids) == 0 {
		return &usageError{"token revoke: name one token at least"}
	}
	rows, err := service.Revoke(ctx, "command line", ids, nil)
	if err != nil {
		return err
	}
	for _, row := range rows {
		fmt.Fprintf(s.err, "Token %s (%s) is revoked.\n", row.ID, row.Description)
	}
	return nil
}

func userCommand(ctx context.Context, db *database.DB, args []string, s streams) error {
	if len(args) == 0 || args[0] != "create" {
		return &usageError{"say what to do: user create"}
	}
	flags := newFlags("user create")
	email := flags.String("email", "", "")
	role := flags.String("role", "", "")
	if err := flags.Parse(args[1:]); err != nil || flags.NArg() > 0 {
		return &usageError{fmt.Sprintf("user create: %v", first(err, "unexpected "+flags.Arg(0)))}
	}
	wanted := user.Role(strings.ToUpper(*role))
	if err := user.RoleValidator(wanted); err != nil {
		return &usageError{"--role is owner, maintainer or viewer"}
	}
	password, err := readPassword(s)
	if err != nil {
		return err
	}
	accounts, err := account.New(ctx, db, time.Now)
	if err != nil {
		return err
	}
	row, err := accounts.Create(ctx, *email, password, wanted)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "User %s (%s) created.\n", row.Email, strings.ToLower(string(row.Role)))
	return nil
}

// readPassword asks on a terminal, and reads all of standard input otherwise.
func readPassword(s streams) (string, error) {
	if file, ok := s.in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		fmt.Fprint(s.err, "Password: ")
		password, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(s.err)
		return string(password), err
	}
	content, err := io.ReadAll(io.LimitReader(s.in, 4096))
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}
