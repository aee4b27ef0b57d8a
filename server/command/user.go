package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"broker/ent/user"
	"broker/server/account"
	"broker/server/cached"
)

func createUser(f *flags) work {
	email := f.String("email", "", "")
	role := f.String("role", "", "")
	return func(ctx context.Context, t *tools) error {
		wanted := user.Role(strings.ToUpper(*role))
		if err := user.RoleValidator(wanted); err != nil {
			return &usageError{"--role is owner, maintainer or viewer"}
		}
		password, err := readPassword(t.Streams)
		if err != nil {
			return err
		}
		accounts, err := account.New(ctx, t.db, cached.NewMemory(t.db.Changes), t.events, time.Now)
		if err != nil {
			return err
		}
		row, err := accounts.Create(ctx, *email, password, wanted)
		if err != nil {
			return err
		}
		fmt.Fprintf(t.Err, "User %s (%s) created.\n", row.Email, strings.ToLower(string(row.Role)))
		return nil
	}
}

// readPassword asks on a terminal, and reads all of standard input otherwise.
func readPassword(s Streams) (string, error) {
	if file, ok := s.In.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		fmt.Fprint(s.Err, "Password: ")
		password, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(s.Err)
		return string(password), err
	}
	content, err := io.ReadAll(io.LimitReader(s.In, 4096))
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}
