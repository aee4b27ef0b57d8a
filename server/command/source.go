package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"broker/ent"
	entrepository "broker/ent/repository"
	"broker/server/repository"
)

// sourceFlags are what people say of a repository, when adding and when changing.
type sourceFlags struct {
	*flags
	name, url, mode                          *string
	username, passwordFile                   *string
	keyFile                                  *string
	credential, header, secretFile           *string
	packages, owns, paths, excepts, packFrom many
}

func newSourceFlags(f *flags) *sourceFlags {
	s := &sourceFlags{flags: f}
	s.name, s.url, s.mode = f.String("name", "", ""), f.String("url", "", ""), f.String("mode", "", "")
	s.username, s.passwordFile = f.String("username", "", ""), f.String("password-file", "", "")
	s.keyFile = f.String("ssh-key-file", "", "")
	s.credential, s.header, s.secretFile = f.String("credential", "", ""), f.String("header", "", ""), f.String("secret-file", "", "")
	f.Var(&s.packages, "package", "")
	f.Var(&s.owns, "owns", "")
	f.Var(&s.paths, "path", "")
	f.Var(&s.packFrom, "pack-from", "")
	f.Var(&s.excepts, "cooldown-exception", "")
	f.Int("priority", 100, "")
	f.Int("cooldown", 0, "")
	return s
}

// input is what the flags say; what is not on the command line is not said.
func (s *sourceFlags) input() (in repository.Input, err error) {
	in = repository.Input{Packages: list(s.packages), Owns: list(s.owns), Paths: list(s.paths), PackFrom: list(s.packFrom), CooldownExceptions: list(s.excepts)}
	if s.given("name") {
		in.Name = s.name
	}
	if s.given("url") {
		in.URL = s.url
	}
	if s.given("mode") {
		mode := entrepository.DistMode(strings.ToUpper(*s.mode))
		if err := entrepository.DistModeValidator(mode); err != nil {
			return in, &usageError{fmt.Sprintf("--mode is rewrite or mirror; %q is neither", *s.mode)}
		}
		in.DistMode = &mode
	}
	if in.Priority, err = s.number("priority", "a whole number; lower is asked first"); err != nil {
		return in, err
	}
	if in.CooldownDays, err = s.number("cooldown", "a number of days; 0 holds nothing back"); err != nil {
		return in, err
	}
	in.Credential, err = s.readCredential()
	return in, err
}

// list is what a flag says that may be given more than once; none alone is an empty list.
func list(said many) []string {
	if slices.Equal(said, []string{"none"}) {
		return []string{}
	}
	return said
}

// readCredential reads the credential from its file; nil where none is given.
func (s *sourceFlags) readCredential() (*repository.Credential, error) {
	c := repository.Credential{Username: *s.username, Header: *s.header}
	file := ""
	switch {
	case s.given("username") != s.given("password-file"):
		return nil, &usageError{"give --username and --password-file together"}
	case s.ways() > 1:
		return nil, &usageError{"give one credential: --username and --password-file, --ssh-key-file, or --credential"}
	case s.given("ssh-key-file"):
		c.Type, file = entrepository.CredentialTypeSSH_KEY, *s.keyFile
	case s.given("username"):
		c.Type, file = entrepository.CredentialTypeHTTP_BASIC, *s.passwordFile
	case s.given("credential"):
		c.Type, file = entrepository.CredentialType(strings.ToUpper(*s.credential)), *s.secretFile
		if err := entrepository.CredentialTypeValidator(c.Type); err != nil {
			return nil, &usageError{fmt.Sprintf("--credential is bearer, header, github, gitlab, bitbucket, gitea or none; %q is not", *s.credential)}
		}
		if c.Type == entrepository.CredentialTypeNONE {
			return &c, nil
		}
		if file == "" {
			return nil, &usageError{"give --secret-file with --credential"}
		}
	case s.given("secret-file"):
		return nil, &usageError{"give --credential with --secret-file: bearer, header, github, gitlab, bitbucket or gitea"}
	default:
		return nil, s.headerIsOfUse()
	}
	if err := s.headerIsOfUse(); err != nil {
		return nil, err
	}
	if s.given("secret-file") && !s.given("credential") {
		return nil, &usageError{"give one credential: --username and --password-file, --ssh-key-file, or --credential and --secret-file"}
	}
	secret, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the credential: %w", err)
	}
	if c.Secret = string(secret); c.Type != entrepository.CredentialTypeSSH_KEY {
		c.Secret = strings.TrimRight(c.Secret, "\r\n")
	}
	return &c, nil
}

// headerIsOfUse refuses a header's name that nothing would be sent in.
func (s *sourceFlags) headerIsOfUse() error {
	if s.given("header") && !strings.EqualFold(*s.credential, "header") {
		return &usageError{"give --credential header and --secret-file with --header"}
	}
	return nil
}

// ways counts the ways in which a credential is given.
func (s *sourceFlags) ways() (n int) {
	for _, name := range []string{"username", "ssh-key-file", "credential"} {
		if s.given(name) {
			n++
		}
	}
	return n
}

func addRepository(f *flags) work {
	own := newSourceFlags(f)
	kind, check := f.String("type", "composer", ""), f.Bool("check", false, "")
	return func(ctx context.Context, t *tools) error {
		in, err := own.input()
		if err != nil {
			return err
		}
		in.Type, in.Name = entrepository.Type(strings.ToUpper(*kind)), own.name
		in.Packages, in.Owns = append([]string{}, in.Packages...), append([]string{}, in.Owns...)
		repositories, err := t.repositories()
		if err != nil {
			return err
		}
		if *check {
			health, err := repositories.Check(ctx, "", in)
			if err == nil {
				err = t.tell(health)
			}
			if err != nil {
				return errors.Join(err, repositories.Syncs.Stop(ctx))
			}
		}
		row, err := repositories.Create(ctx, in)
		if err != nil {
			return errors.Join(err, repositories.Syncs.Stop(ctx))
		}
		next := "a running server syncs it"
		if row.Type == entrepository.TypeARTIFACT {
			next = "archives can be uploaded to it"
		}
		fmt.Fprintf(t.Err, "Repository %s (%s) is added; %s.\n", row.Name, row.ID, next)
		return repositories.Syncs.Stop(ctx)
	}
}

// tell prints how it stands with a source; its error is what is wrong with it.
func (t *tools) tell(h repository.Health) error {
	if !h.OK {
		return errors.New(strings.TrimSuffix(h.Message, "."))
	}
	fmt.Fprintln(t.Err, h.Message)
	if h.CredentialExpiresAt != nil {
		fmt.Fprintf(t.Err, "Its credential ends on %s.\n", h.CredentialExpiresAt.UTC().Format(time.DateOnly))
	}
	return nil
}

func checkRepository(f *flags) work {
	return func(ctx context.Context, t *tools) error {
		return t.withRepository(ctx, f.words[0], func(repositories *repository.Service, row *ent.Repository) error {
			health, err := repositories.CheckStored(ctx, row)
			if err != nil {
				return err
			}
			return t.tell(health)
		})
	}
}

func updateRepository(f *flags) work {
	own := newSourceFlags(f)
	forget := f.Bool("forget-host-keys", false, "")
	return func(ctx context.Context, t *tools) error {
		in, err := own.input()
		if err != nil {
			return err
		}
		in.ForgetHostKeys = *forget
		return t.change(ctx, f.words[0], in, "is changed.")
	}
}

// enabled is a command that pauses a repository, or resumes it.
func enabled(yes bool, said string) func(*flags) work {
	return func(f *flags) work {
		return func(ctx context.Context, t *tools) error {
			return t.change(ctx, f.words[0], repository.Input{Enabled: &yes}, said)
		}
	}
}

func (t *tools) change(ctx context.Context, word string, in repository.Input, said string) error {
	return t.withRepository(ctx, word, func(repositories *repository.Service, row *ent.Repository) error {
		changed, err := repositories.Update(ctx, row.ID, in)
		if err != nil {
			return err
		}
		fmt.Fprintf(t.Err, "Repository %s %s\n", changed.Name, said)
		return nil
	})
}
