package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"broker/ent"
	"broker/ent/user"
	"broker/server/account"
	"broker/server/cached"
	"broker/server/fault"
)

func (t *tools) accounts() *account.Service {
	return account.New(t.db, cached.NewMemory(t.db.Changes), t.events, time.Now)
}

// person is the one that the command's word names, by id or e-mail address.
func (t *tools) person(ctx context.Context, f *flags) (*account.Service, *ent.User, error) {
	accounts := t.accounts()
	row, err := accounts.Named(ctx, f.words[0])
	return accounts, row, err
}

func createUser(f *flags) work {
	email, role := f.String("email", "", ""), f.String("role", "", "")
	return func(ctx context.Context, t *tools) error {
		wanted, err := roleOf(*role)
		if err != nil {
			return err
		}
		password, err := readPassword(t.Streams)
		if err != nil {
			return err
		}
		row, err := t.accounts().Create(ctx, *email, password, wanted)
		if err != nil {
			return err
		}
		fmt.Fprintf(t.Err, "User %s (%s) created.\n", row.Email, strings.ToLower(string(row.Role)))
		return nil
	}
}

func inviteUser(f *flags) work {
	email, role := f.String("email", "", ""), f.String("role", "", "")
	return func(ctx context.Context, t *tools) error {
		wanted, err := roleOf(*role)
		if err != nil {
			return err
		}
		row, code, err := t.accounts().Invite(ctx, *email, wanted)
		if err != nil {
			return err
		}
		return t.printLink(ctx, row, code)
	}
}

func reinviteUser(f *flags) work {
	return func(ctx context.Context, t *tools) error {
		accounts, row, err := t.person(ctx, f)
		if err != nil {
			return err
		}
		row, code, err := accounts.RenewInvitation(ctx, row.ID)
		if err != nil {
			return err
		}
		return t.printLink(ctx, row, code)
	}
}

// printLink prints the link alone on standard output.
func (t *tools) printLink(ctx context.Context, row *ent.User, code string) error {
	link := account.InvitationLink(t.config.PublicURL.String(), code)
	if t.config.Mail != nil {
		t.mailInvitation(ctx, row, link)
	}
	fmt.Fprintf(t.Err, "%s (%s) is invited. The link works once, until %s UTC:\n", row.Email, strings.ToLower(string(row.Role)), date(row.InvitationEndsAt, ""))
	_, err := fmt.Fprintln(t.Out, link)
	return err
}

// mailInvitation sends the link as well. That it cannot be is said, and is no failure: the link is printed.
func (t *tools) mailInvitation(ctx context.Context, row *ent.User, link string) {
	notices, err := t.noticesOf()
	if err == nil {
		err = notices.MailInvitation(ctx, row, link, "The operator of the server")
	}
	if err != nil {
		fmt.Fprintf(t.Err, "The link could not be sent to %s by mail: %v\n", row.Email, err)
		return
	}
	fmt.Fprintf(t.Err, "The link was sent to %s by mail.\n", row.Email)
}

// listedUser is a person in JSON, with the names of the GraphQL API.
type listedUser struct {
	ID           string         `json:"id"`
	Email        string         `json:"email"`
	Name         *string        `json:"name"`
	Role         user.Role      `json:"role"`
	Status       account.Status `json:"status"`
	TotpEnabled  bool           `json:"totpEnabled"`
	SecondFactor bool           `json:"secondFactor"`
	LastSignInAt *time.Time     `json:"lastSignInAt"`
	CreatedAt    time.Time      `json:"createdAt"`
}

func listUsers(f *flags) work {
	asJSON := f.Bool("json", false, "")
	return func(ctx context.Context, t *tools) error {
		accounts := t.accounts()
		rows, err := accounts.All(ctx)
		if err != nil {
			return err
		}
		all := make([]listedUser, len(rows))
		for i, row := range rows {
			factor, err := accounts.HasSecondFactor(ctx, row)
			if err != nil {
				return err
			}
			all[i] = listedUser{row.ID, row.Email, row.Name, row.Role, accounts.Status(row), row.TotpEnabledAt != nil, factor, row.LastSignInAt, row.CreatedAt}
		}
		if *asJSON {
			return printJSON(t.Out, all)
		}
		table := t.table(0)
		fmt.Fprintln(table, "EMAIL\tROLE\tSTATUS\tSECOND FACTOR\tLAST SIGN-IN\tNAME\tID")
		for _, row := range all {
			factor, name := "no", ""
			if row.SecondFactor {
				factor = "yes"
			}
			if row.Name != nil {
				name = *row.Name
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.Email, row.Role, row.Status, factor, date(row.LastSignInAt, "never"), name, row.ID)
		}
		return table.Flush()
	}
}

func updateUser(f *flags) work {
	name, role := f.String("name", "", "what they are called"), f.String("role", "", "")
	return func(ctx context.Context, t *tools) error {
		var changes account.Changes
		if f.given("name") {
			changes.Name = name
		}
		if f.given("role") {
			wanted, err := roleOf(*role)
			if err != nil {
				return err
			}
			changes.Role = &wanted
		}
		if changes == (account.Changes{}) {
			return &usageError{"say what is to be another: --name or --role"}
		}
		accounts, row, err := t.person(ctx, f)
		if err != nil {
			return err
		}
		_, err = accounts.Update(ctx, row.ID, changes)
		return err
	}
}

func removeUser(f *flags) work {
	return func(ctx context.Context, t *tools) error {
		accounts, row, err := t.person(ctx, f)
		if err != nil {
			return err
		}
		made, err := accounts.TokensOf(ctx, row)
		if err != nil {
			return err
		}
		if err := accounts.Remove(ctx, row.ID); err != nil {
			return err
		}
		fmt.Fprintf(t.Err, "User %s removed. Tokens they made, which go on working: %d.\n", row.Email, made)
		return nil
	}
}

func setUserPassword(f *flags) work {
	return func(ctx context.Context, t *tools) error {
		accounts, row, err := t.person(ctx, f)
		if err != nil {
			return err
		}
		password, err := readPassword(t.Streams)
		if err != nil {
			return err
		}
		if err := accounts.SetPassword(ctx, row, password); err != nil {
			return err
		}
		fmt.Fprintf(t.Err, "User %s has the new password, no second factor and no passkeys, and is signed out everywhere.\n", row.Email)
		return nil
	}
}

func endUserSessions(f *flags) work {
	return func(ctx context.Context, t *tools) error {
		accounts, row, err := t.person(ctx, f)
		if err != nil {
			return err
		}
		ended, err := accounts.EndSessions(ctx, row.ID, "")
		if err != nil {
			return err
		}
		fmt.Fprintf(t.Err, "Sessions of %s that ended: %d.\n", row.Email, ended)
		return nil
	}
}

func roleOf(name string) (user.Role, error) {
	role := user.Role(strings.ToUpper(name))
	if user.RoleValidator(role) != nil {
		return "", &usageError{"--role is owner, maintainer or viewer"}
	}
	return role, nil
}

// passwordLongest is more bytes than a password has.
const passwordLongest = 4096

// readPassword asks on a terminal, and reads all of standard input otherwise.
func readPassword(s Streams) (string, error) {
	if file, ok := s.In.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		fmt.Fprint(s.Err, "Password: ")
		password, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(s.Err)
		return string(password), err
	}
	content, err := io.ReadAll(io.LimitReader(s.In, passwordLongest+1))
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	if len(content) > passwordLongest { // not a part of it
		return "", fault.Invalidf("password", "The password on standard input is longer than any may be.")
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}
