// Package organization adds the repositories of organizations of git hosts, as they come.
package organization

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"broker/ent"
	"broker/ent/organization"
	entrepository "broker/ent/repository"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/repository"
	"broker/server/seal"
	"broker/server/text"
)

// Service adds, changes and removes organizations, and looks through them.
type Service struct {
	DB           *database.DB
	Audit        *audit.Log
	Sealer       *seal.Sealer
	Repositories *repository.Service
	Log          *slog.Logger
	Now          func() time.Time
}

// Input is what people say of an organization. A nil field is not said: the default when adding, unchanged when changing.
type Input struct {
	Host             organization.Host // when adding
	URL              *string           // the same; nil: of github.com or gitlab.com
	Name             string            // when adding
	Token            *string           // empty: none
	Include, Exclude []string
	Forks, Archived  *bool
	Enabled          *bool
}

// Task is the name of the work of looking through an organization.
const Task = "look through an organization"

const secretMax = 8192

var validName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$`)

// homes are where hosts are unless somebody says otherwise.
var homes = map[organization.Host]string{organization.HostGITHUB: "https://github.com", organization.HostGITLAB: "https://gitlab.com"}

// Shown are the columns that people see something of. What was last seen of an organization is apart: it is read, and
// parsed, by whoever looks through it.
var Shown = slices.DeleteFunc(slices.Clone(organization.Columns), func(column string) bool {
	return column == organization.FieldSeen || column == organization.FieldCredential || column == organization.FieldWebhookSecret
})

// check tests what is said, and puts it in its stored form.
func (s *Service) check(in *Input) (err error) {
	if in.Include, err = checkNames("include", in.Include); err != nil {
		return err
	}
	if in.Exclude, err = checkNames("exclude", in.Exclude); err != nil {
		return err
	}
	if in.Token == nil {
		return nil
	}
	token := strings.TrimSpace(*in.Token)
	in.Token = &token
	if len(token) > secretMax || strings.ContainsAny(token, "\r\n\x00 ") {
		return fault.Invalidf("token", "A token is at most %d characters, without blanks and line breaks.", secretMax)
	}
	return nil
}

// checkPlace tests where an organization is.
func (s *Service) checkPlace(in *Input) error {
	home := homes[in.Host]
	if in.URL != nil {
		home = strings.TrimRight(strings.TrimSpace(*in.URL), "/")
	}
	if home == "" {
		return fault.Invalidf("url", "Give the address of the host, such as https://git.example.org.")
	}
	u, err := url.Parse(home)
	if err != nil || u.Host == "" || len(home) > 1024 || u.RawQuery != "" || u.Fragment != "" {
		return fault.Invalidf("url", "%q is not an address such as https://git.example.org.", text.Line(home, 200))
	}
	if u.User != nil {
		return fault.Invalidf("url", "Leave user name and password out of the address; enter a token.")
	}
	if err := s.Repositories.Policy.CheckURL(u); err != nil {
		return fault.Invalidf("url", "%s", err)
	}
	u.Host = strings.ToLower(u.Host)
	home = u.String()
	in.URL, in.Name = &home, strings.Trim(strings.TrimSpace(in.Name), "/")
	if len(in.Name) > 255 || !validName.MatchString(in.Name) || in.Host != organization.HostGITLAB && strings.Contains(in.Name, "/") {
		return fault.Invalidf("name", "%q is not the name of an organization, as it stands in its address at the host.", text.Line(in.Name, 200))
	}
	return nil
}

// Add adds an organization, which is looked through at once.
func (s *Service) Add(ctx context.Context, in Input) (*ent.Organization, error) {
	if err := s.checkPlace(&in); err != nil {
		return nil, err
	}
	if err := s.check(&in); err != nil {
		return nil, err
	}
	if s.Repositories.Git == nil {
		return nil, fault.Invalidf("host", "Git repositories cannot be read here.")
	}
	if err := s.Repositories.Git.Check(ctx); err != nil {
		return nil, fault.Invalidf("host", "Git repositories cannot be read here: %s.", strings.TrimSuffix(err.Error(), "."))
	}
	var row *ent.Organization
	err := s.DB.Tx(ctx, func(tx *database.Tx) (err error) {
		row, err = tx.Organization.Create().SetHost(in.Host).SetURL(*in.URL).SetName(in.Name).SetPlace(placeOf(in)).SetInclude(list(in.Include)).SetExclude(list(in.Exclude)).
			SetNillableForks(in.Forks).SetNillableArchived(in.Archived).SetNillableEnabled(in.Enabled).SetDueAt(s.Now().UTC()).Save(ctx)
		if err != nil {
			return err
		}
		if row, err = s.sealToken(ctx, row, in.Token); err != nil {
			return err
		}
		return s.Audit.Write(ctx, tx, audit.Event{Action: "organization.add", Target: row.ID, Details: said(in)})
	})
	if ent.IsConstraintError(err) {
		return nil, &fault.Conflict{Message: fmt.Sprintf("The organization %q of %s is added already.", in.Name, *in.URL)}
	}
	if err != nil {
		return nil, fmt.Errorf("add the organization: %w", err)
	}
	return s.asked(ctx, row)
}

// placeOf is where an organization is: of one place there is one. Hosts tell no acme from Acme.
func placeOf(in Input) string {
	return strings.ToLower(fmt.Sprintf("%s %s %s", in.Host, *in.URL, in.Name))
}

func list(s []string) []string { return append([]string{}, s...) }

// said is what the audit log tells of an input.
func said(in Input) map[string]any {
	details := map[string]any{}
	if in.Name != "" {
		details["host"], details["url"], details["name"] = in.Host, *in.URL, in.Name
	}
	for name, value := range map[string]*bool{"forks": in.Forks, "archived": in.Archived, "enabled": in.Enabled} {
		if value != nil {
			details[name] = *value
		}
	}
	for name, value := range map[string][]string{"include": in.Include, "exclude": in.Exclude} {
		if value != nil {
			details[name] = value
		}
	}
	if in.Token != nil {
		details["token"] = *in.Token != "" // whether there is one
	}
	return details
}

// sealToken stores a token, encrypted for this row alone; nil leaves what is stored.
func (s *Service) sealToken(ctx context.Context, row *ent.Organization, token *string) (*ent.Organization, error) {
	if token == nil {
		return row, nil
	}
	if *token == "" {
		return row.Update().ClearCredential().SetHasCredential(false).Save(ctx)
	}
	sealed, err := s.Sealer.Seal([]byte(*token), "organization|"+row.ID+"|credential")
	if err != nil {
		return nil, fmt.Errorf("seal the token: %w", err)
	}
	return row.Update().SetCredential(sealed).SetHasCredential(true).Save(ctx)
}

// token opens what is stored; empty where there is none.
func (s *Service) token(row *ent.Organization) (string, error) {
	if !row.HasCredential || row.Credential == nil {
		return "", nil
	}
	plain, err := s.Sealer.Open(*row.Credential, "organization|"+row.ID+"|credential")
	if err != nil {
		return "", fmt.Errorf("open the token of the organization %s: %w", row.Name, err)
	}
	return string(plain), nil
}

// Update changes what is said of an organization, which is looked through at once. Another token is given to those of
// its repositories that had the one before.
func (s *Service) Update(ctx context.Context, id string, in Input) (*ent.Organization, error) {
	if err := s.check(&in); err != nil {
		return nil, err
	}
	var row *ent.Organization
	err := s.DB.Tx(ctx, func(tx *database.Tx) (err error) {
		before, err := tx.Organization.Get(ctx, id)
		if err != nil {
			return err
		}
		update := before.Update().SetNillableForks(in.Forks).SetNillableArchived(in.Archived).SetNillableEnabled(in.Enabled).SetDueAt(s.Now().UTC()).SetSeen(looked(before))
		if in.Include != nil {
			update.SetInclude(in.Include)
		}
		if in.Exclude != nil {
			update.SetExclude(in.Exclude)
		}
		if row, err = update.Save(ctx); err != nil {
			return err
		}
		if in.Token != nil {
			if row, err = s.otherToken(ctx, tx, row, *in.Token); err != nil {
				return err
			}
		}
		details := said(in)
		details["name"] = row.Name
		return s.Audit.Write(ctx, tx, audit.Event{Action: "organization.update", Target: id, Details: details})
	})
	if err != nil {
		return nil, storeError("change the organization", id, err)
	}
	return s.asked(ctx, row)
}

// otherToken stores another token and hands it on. The host's limit of requests was that of the one before.
func (s *Service) otherToken(ctx context.Context, tx *database.Tx, before *ent.Organization, token string) (*ent.Organization, error) {
	old, err := s.token(before)
	if err != nil || old == token {
		return before, err
	}
	row, err := s.sealToken(ctx, before, &token)
	if err != nil {
		return nil, err
	}
	if row, err = row.Update().ClearWaitUntil().Save(ctx); err != nil {
		return nil, err
	}
	return row, s.handOn(ctx, tx, before, old, token)
}

// handOn gives another token to the repositories of an organization that have the one before, and are at its host: one
// that a person pointed elsewhere is not given it.
func (s *Service) handOn(ctx context.Context, tx *database.Tx, before *ent.Organization, old, token string) error {
	rows, err := tx.Repository.Query().Where(entrepository.OrganizationID(before.ID)).All(ctx)
	if err != nil {
		return fmt.Errorf("read the organization's repositories: %w", err)
	}
	for _, row := range rows {
		if row.URL == nil || !strings.HasPrefix(*row.URL, before.URL+"/") {
			continue
		}
		if err := s.Repositories.ReplaceToken(ctx, row, old, credential(before.Host, token)); err != nil {
			return err
		}
	}
	return nil
}

// credential is a token as a repository of a host takes it.
func credential(host organization.Host, token string) repository.Credential {
	if token == "" {
		return repository.Credential{Type: entrepository.CredentialTypeNONE}
	}
	return repository.Credential{Type: entrepository.CredentialType(host), Secret: token}
}

// Remove removes an organization: nothing of it is added any more. Its repositories stay, unless they are to be removed
// as well; then the names that they own stay closed. Those that a person had added before stay in any case.
func (s *Service) Remove(ctx context.Context, id string, repositories bool) error {
	for {
		left, err := s.removeOnce(ctx, id, repositories)
		if err != nil || len(left) == 0 {
			return storeError("remove the organization", id, err)
		}
		for _, repository := range left {
			err := s.Repositories.Delete(ctx, repository)
			if _, missing := errors.AsType[*fault.NotFound](err); err != nil && !missing {
				return err
			}
		}
	}
}

// removeOnce removes an organization, or returns the repositories that are to be removed before. Whoever adds one at the
// same time comes before it, and is seen, or after it, and meets a paused organization.
func (s *Service) removeOnce(ctx context.Context, id string, repositories bool) (left []string, err error) {
	err = s.DB.Tx(ctx, func(tx *database.Tx) error {
		row, err := tx.Organization.UpdateOneID(id).SetEnabled(false).Save(ctx)
		if err != nil {
			return err
		}
		if repositories {
			left, err = tx.Repository.Query().Where(entrepository.OrganizationID(id), entrepository.Adopted(false)).IDs(ctx)
			if err != nil || len(left) > 0 {
				return err
			}
		}
		if err := untold(ctx, tx, id); err != nil {
			return err
		}
		if err := tx.Organization.DeleteOne(row).Exec(ctx); err != nil {
			return err
		}
		tx.Announce(database.TopicRepository, "")
		return s.Audit.Write(ctx, tx, audit.Event{Action: "organization.remove", Target: id,
			Details: map[string]any{"name": row.Name, "url": row.URL, "repositories": repositories}})
	})
	return left, err
}

// Sync has an organization be looked through soon, as somebody asks for it.
func (s *Service) Sync(ctx context.Context, id string) (*ent.Organization, error) {
	return s.soon(ctx, id, func(tx *database.Tx, row *ent.Organization) error {
		return s.Audit.Write(ctx, tx, audit.Event{Action: "organization.sync", Target: id, Details: map[string]any{"name": row.Name}})
	})
}

// soon has an organization be looked through soon, though not before its host wants to be asked; with writes what goes with that.
func (s *Service) soon(ctx context.Context, id string, with func(*database.Tx, *ent.Organization) error) (row *ent.Organization, err error) {
	err = s.DB.Tx(ctx, func(tx *database.Tx) error {
		if row, err = tx.Organization.Get(ctx, id); err != nil {
			return err
		}
		if !row.Enabled {
			return &fault.Conflict{Message: fmt.Sprintf("The organization %q is paused. Resume it to look through it.", row.Name), ID: id}
		}
		if row, err = row.Update().SetDueAt(s.Now().UTC()).Save(ctx); err != nil || with == nil {
			return err
		}
		return with(tx, row)
	})
	if err != nil {
		return nil, storeError("have the organization looked through", id, err)
	}
	return s.asked(ctx, row)
}

// asked asks for an organization, and returns it as it is then: of no transaction.
func (s *Service) asked(ctx context.Context, row *ent.Organization) (*ent.Organization, error) {
	if err := s.ask(ctx, row.ID); err != nil {
		return nil, err
	}
	return s.read(ctx, row.ID)
}

func (s *Service) read(ctx context.Context, id string) (*ent.Organization, error) {
	row, err := s.DB.Client.Organization.Get(ctx, id)
	return row, storeError("read the organization", id, err)
}

func (s *Service) ask(ctx context.Context, id string) error {
	return s.Repositories.Syncs.Ask(ctx, Task, id)
}

// AskDue is the chore that has those organizations be looked through whose time has come.
func (s *Service) AskDue(ctx context.Context) error {
	now := s.Now().UTC()
	due, err := s.DB.Client.Organization.Query().Where(organization.Enabled(true), free(now)).IDs(ctx)
	if err != nil {
		return fmt.Errorf("read which organizations are due: %w", err)
	}
	var failed []error
	for _, id := range due {
		failed = append(failed, s.ask(ctx, id))
	}
	return errors.Join(failed...)
}

// Status tells in a word how an organization is: PENDING, SYNCING, READY, FAILED or DISABLED.
func Status(row *ent.Organization, now time.Time) entrepository.Status {
	switch {
	case !row.Enabled:
		return entrepository.StatusDISABLED
	case row.WalkedUntil != nil && now.Before(*row.WalkedUntil):
		return entrepository.StatusSYNCING
	case row.LastError != nil:
		return entrepository.StatusFAILED
	case row.LastSyncedAt == nil:
		return entrepository.StatusPENDING
	}
	return entrepository.StatusREADY
}

// storeError says in the product's words what the database refused.
func storeError(act, id string, err error) error {
	switch {
	case err == nil:
		return nil
	case ent.IsNotFound(err):
		return &fault.NotFound{What: "organization", ID: id}
	}
	return fmt.Errorf("%s: %w", act, err)
}
