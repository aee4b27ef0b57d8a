package organization

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"broker/ent"
	"broker/ent/organization"
	"broker/ent/predicate"
	entrepository "broker/ent/repository"
	"broker/ent/schema"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/jobs"
	"broker/server/repository"
	"broker/server/safehttp"
	"broker/server/text"
)

// How often an organization is looked through, and what of it is looked at again.
const (
	walkEvery  = time.Hour
	failedWait = 10 * time.Minute // where the host could not be asked
	leaseFor   = jobs.TaskFor + time.Minute
	lookAgain  = 24 * time.Hour // at what had no composer.json, although the host says that it did not change
	tellsLate  = 2 * time.Hour  // a host may say only then that something changed: GitLab does once an hour
	atATime    = 8              // repositories looked at
	brokenMost = 10             // repositories in a row that cannot be looked at: the host is broken
)

// walk is one look through an organization.
type walk struct {
	*Service
	row    *ent.Organization
	client *client
	token  string
	here   map[string]*ent.Repository // of the organization, by their ids at the host
	seen   schema.Seen
	now    time.Time

	mu       sync.Mutex
	failed   map[string]string // why repositories could not be added, by their names
	broken   int               // in a row
	gone     []string          // what the host has no more, by its name here
	archived []string
	own      []string // what moved and is a person's to mend
}

// Walk looks through an organization that is due, and again where that is asked for meanwhile. Nobody else does at once.
func (s *Service) Walk(ctx context.Context, id string) error {
	for ctx.Err() == nil {
		row, err := s.lease(ctx, id)
		if err != nil || row == nil {
			return err
		}
		w := &walk{Service: s, row: row, now: s.Now(), failed: map[string]string{}}
		err = w.look(audit.WithActor(ctx, audit.Actor{ID: row.ID, Name: "organization " + row.Name}))
		if err := s.settle(context.WithoutCancel(ctx), w, err); err != nil {
			return err
		}
	}
	return nil
}

// lease makes an organization this process's to look through; nil where it is not due, or another process's.
func (s *Service) lease(ctx context.Context, id string) (*ent.Organization, error) {
	now := s.Now().UTC().Truncate(time.Microsecond)
	n, err := s.DB.Client.Organization.Update().
		Where(organization.ID(id), organization.Enabled(true), free(now)).
		SetWalkedUntil(now.Add(leaseFor)).SetDueAt(now.Add(walkEvery)).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin to look through an organization: %w", err)
	}
	if n == 0 {
		return nil, nil
	}
	row, err := s.DB.Client.Organization.Get(ctx, id)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	return row, err
}

// free tells which organizations are to be looked through: those that are due, and those whose look never ended because
// its process did; of both those whose host may be asked.
func free(now time.Time) predicate.Organization {
	return organization.And(
		organization.Or(organization.WaitUntilIsNil(), organization.WaitUntilLTE(now)),
		organization.Or(organization.WalkedUntilLT(now), organization.And(organization.WalkedUntilIsNil(), organization.DueAtLTE(now))))
}

// settle writes what came of a look, and when the next one is due.
func (s *Service) settle(ctx context.Context, w *walk, cause error) error {
	update := s.DB.Client.Organization.Update().Where(organization.ID(w.row.ID), organization.WalkedUntil(*w.row.WalkedUntil)).
		ClearWalkedUntil().SetSeen(schema.Seen{Repositories: w.seen.Repositories})
	now := s.Now().UTC()
	var limit *limited
	switch {
	case cause == nil:
		update.SetLastSyncedAt(now).ClearLastError()
	case errors.Is(cause, repository.ErrEnded): // what a person said is all there is to say
	case errors.As(cause, &limit):
		update.SetDueAt(limit.until.UTC()).SetWaitUntil(limit.until.UTC()).SetLastError(text.Line(fmt.Sprintf("Not all was looked at: %s, and it goes on then.", cause), 1000))
	case ctx.Err() != nil || errors.Is(cause, context.DeadlineExceeded) || errors.Is(cause, context.Canceled):
		update.SetDueAt(now.Add(time.Minute)).SetLastError("Not all was looked at yet; it goes on in a minute.")
	default:
		update.SetDueAt(now.Add(failedWait)).SetLastError(text.Line(jobs.Told(cause), 1000))
		s.Log.Warn("an organization could not be looked through", "organization", w.row.Name, "error", cause)
	}
	if notice := w.notice(); notice != "" {
		update.SetNotice(notice)
	} else {
		update.ClearNotice()
	}
	if _, err := update.Save(ctx); err != nil {
		return fmt.Errorf("write what came of a look through the organization %s: %w", w.row.Name, err)
	}
	if err := s.handOnLate(ctx, w); err != nil {
		return err
	}
	if len(w.seen.Tags) == 0 {
		return nil
	}
	// The list need not be read again unless somebody changed the organization meanwhile, which made it due.
	err := s.DB.Client.Organization.Update().Where(organization.ID(w.row.ID), organization.WalkedUntilIsNil(), organization.DueAt(w.row.DueAt)).
		SetSeen(w.seen).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write what the host said of the list of the organization %s: %w", w.row.Name, err)
	}
	return nil
}

// handOnLate gives the token that the organization got while it was looked through to the repositories that were added
// with the one before.
func (s *Service) handOnLate(ctx context.Context, w *walk) error {
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		row, err := tx.Organization.Get(ctx, w.row.ID)
		if ent.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		token, err := s.token(row)
		if err != nil || token == w.token {
			return err
		}
		return s.handOn(ctx, tx, w.row, w.token, token)
	})
	if err != nil {
		return fmt.Errorf("hand on the token of the organization %s: %w", w.row.Name, err)
	}
	return nil
}

// look lists the organization's repositories and adds those that are new.
func (w *walk) look(ctx context.Context) error {
	w.seen = schema.Seen{Repositories: maps.Clone(w.row.Seen.Repositories)}
	if w.seen.Repositories == nil {
		w.seen.Repositories = map[string]schema.SeenRepository{}
	}
	if err := w.open(ctx); err != nil {
		return err
	}
	tags := w.row.Seen.Tags
	if !w.settled() || !w.complete() {
		tags = nil
	}
	all, tags, same, err := w.client.list(ctx, tags)
	if err != nil {
		return err
	}
	if same {
		w.seen.Tags, w.failed = tags, nil
		return nil
	}
	fresh, err := w.sort(ctx, all)
	if err != nil {
		return err
	}
	if err := w.add(ctx, fresh); err != nil {
		return err
	}
	if len(w.failed) == 0 && w.settled() {
		w.seen.Tags = tags
	}
	return nil
}

// open reads what is here, and prepares to ask the host.
func (w *walk) open(ctx context.Context) (err error) {
	if w.token, err = w.Service.token(w.row); err != nil {
		return err
	}
	api, err := apiOf(w.row)
	if err != nil {
		return err
	}
	w.client = &client{http: w.Repositories.Client, kind: w.row.Host, api: api, name: w.row.Name, token: w.token, asker: w.row.ID, now: w.Now}
	rows, err := w.DB.Client.Repository.Query().Where(entrepository.OrganizationID(w.row.ID), entrepository.UpstreamIDNotNil()).All(ctx)
	if err != nil {
		return fmt.Errorf("read the repositories of the organization %s: %w", w.row.Name, err)
	}
	w.here = make(map[string]*ent.Repository, len(rows))
	for _, row := range rows {
		w.here[*row.UpstreamID] = row
	}
	return nil
}

// apiOf is where an organization's host is asked.
func apiOf(row *ent.Organization) (*url.URL, error) {
	u, err := url.Parse(row.URL)
	if err != nil {
		return nil, fmt.Errorf("read the address of the host: %w", err)
	}
	switch {
	case row.Host == organization.HostGITHUB && u.Host == "github.com":
		return url.Parse("https://api.github.com")
	case row.Host == organization.HostGITHUB: // GitHub Enterprise Server
		return u.JoinPath("api", "v3"), nil
	case row.Host == organization.HostGITLAB:
		return u.JoinPath("api", "v4"), nil
	}
	return u.JoinPath("api", "v1"), nil
}

// looked is what was seen of an organization, of which the list is read again.
func looked(row *ent.Organization) schema.Seen {
	return schema.Seen{Repositories: row.Seen.Repositories}
}

// settled tells whether what has no composer.json need not be looked at again: the host would have said that it changed.
func (w *walk) settled() bool {
	for _, one := range w.seen.Repositories {
		if !one.Package && (one.Failed != "" || !w.isFresh(one)) {
			return false
		}
	}
	return true
}

// complete tells whether nothing that was added is to be told of.
func (w *walk) complete() bool { return w.row.Notice == nil && w.row.LastError == nil }

// isFresh tells whether what was seen of a repository still holds, while the host says that it did not change.
func (w *walk) isFresh(one schema.SeenRepository) bool {
	checked := time.Unix(one.Checked, 0)
	if w.now.Sub(checked) > lookAgain {
		return false
	}
	changed, err := time.Parse(time.RFC3339, one.Changed)
	return err != nil || changed.Before(checked.Add(-tellsLate))
}

// sort tells what is new among what the host lists, follows what was renamed, and finds what is gone.
func (w *walk) sort(ctx context.Context, all []listed) (fresh []listed, err error) {
	there := make(map[string]bool, len(all))
	for _, one := range all {
		if there[one.id] { // it moved to another page meanwhile
			continue
		}
		there[one.id] = true
		seen, known := w.seen.Repositories[one.id]
		if row := w.here[one.id]; row != nil {
			if one.archived && !w.row.Archived {
				w.archived = append(w.archived, row.Name)
			}
			path, err := w.follow(ctx, row, one, seen.Path)
			if err != nil {
				return nil, err
			}
			w.seen.Repositories[one.id] = schema.SeenRepository{Changed: one.changed, Checked: w.now.Unix(), Package: true, Added: true, Path: path}
			continue
		}
		wanted := (len(w.row.Include) == 0 || matches(w.row.Include, one.name)) && !matches(w.row.Exclude, one.name) &&
			(!one.fork || w.row.Forks) && (!one.archived || w.row.Archived) && !one.empty
		switch {
		case known && seen.Added, !wanted: // a person removed it, or does not want it
		case known && seen.Failed == "" && !seen.Package && seen.Changed == one.changed && w.isFresh(seen):
		default:
			fresh = append(fresh, one)
		}
	}
	for id, row := range w.here {
		if !there[id] {
			w.gone = append(w.gone, row.Name)
		}
	}
	for id := range w.seen.Repositories {
		if !there[id] && w.here[id] == nil {
			delete(w.seen.Repositories, id)
		}
	}
	return fresh, nil
}

// address is where a repository is cloned from. It is made of the organization's own address: what the host says of
// others is not sent the token.
func (w *walk) address(path string) string { return w.row.URL + "/" + path + ".git" }

// follow changes the address of a repository that has another name at the host than before, unless a person gave it an
// address of its own. Its credential stays, also one that a person gave it. It returns the name that the address has.
func (w *walk) follow(ctx context.Context, row *ent.Repository, one listed, before string) (path string, err error) {
	address := w.address(one.path)
	if row.URL == nil || repository.SameAddress(*row.URL, address) {
		return one.path, nil
	}
	ours := repository.SameAddress(*row.URL, w.address(before))
	if before == "" { // it was not noted
		ours = strings.HasPrefix(*row.URL, w.row.URL+"/") && row.CredentialType == credential(w.row.Host, w.token).Type
	}
	if !ours {
		w.own = append(w.own, row.Name)
		return before, nil
	}
	if err := w.goes(ctx); err != nil {
		return before, err
	}
	_, err = w.Repositories.Update(ctx, row.ID, repository.Input{URL: &address, Renamed: true})
	if err != nil && ctx.Err() == nil { // one bad repository holds up no other
		w.failed[one.name] = jobs.Told(err)
		return before, nil
	}
	return one.path, err
}

// goes is repository.ErrEnded where the organization was paused or removed meanwhile.
func (w *walk) goes(ctx context.Context) error {
	goes, err := w.DB.Client.Organization.Query().Where(organization.ID(w.row.ID), organization.Enabled(true)).Exist(ctx)
	if err == nil && !goes {
		err = repository.ErrEnded
	}
	return err
}

// add adds those of some repositories that have a composer.json.
func (w *walk) add(ctx context.Context, fresh []listed) error {
	group, all := errgroup.WithContext(ctx)
	group.SetLimit(atATime)
	for _, one := range fresh {
		if all.Err() != nil {
			break
		}
		group.Go(func() error { return w.one(all, one) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// one adds a repository if it has a composer.json. Only what concerns all of them is an error.
func (w *walk) one(ctx context.Context, one listed) error {
	if err := w.goes(ctx); err != nil {
		return err
	}
	ours := false
	has, err := w.client.hasPackage(ctx, one)
	if err == nil && has {
		ours, err = w.create(ctx, one)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var limit *limited
	if errors.As(err, &limit) || errors.Is(err, repository.ErrEnded) || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	seen := schema.SeenRepository{Changed: one.changed, Checked: w.now.Unix(), Package: has, Added: ours}
	if ours {
		seen.Path = one.path
	}
	if err == nil {
		w.broken = 0
		w.seen.Repositories[one.id] = seen
		return nil
	}
	seen.Failed = text.Line(jobs.Told(err), 200)
	w.seen.Repositories[one.id] = seen
	w.failed[one.name] = seen.Failed
	w.broken++
	if _, down := errors.AsType[*safehttp.OutOfReach](err); down || w.broken >= brokenMost {
		return err
	}
	return nil
}

// create adds a repository under the first name that nothing else has. One that is here already, by its address, becomes
// one of the organization; ours is false where it is one of another.
func (w *walk) create(ctx context.Context, one listed) (ours bool, err error) {
	address, with := w.address(one.path), credential(w.row.Host, w.token)
	here, ours, err := w.Repositories.Adopt(ctx, address, repository.Upstream{OrganizationID: w.row.ID, ID: one.id})
	if here || err != nil {
		return ours, err
	}
	for _, name := range namesOf(w.row.Name, one.name) {
		taken, err := w.DB.Client.Repository.Query().Where(entrepository.Or(entrepository.Name(name),
			entrepository.And(entrepository.OrganizationID(w.row.ID), entrepository.UpstreamID(one.id)))).All(ctx)
		if err != nil {
			return false, fmt.Errorf("look for a name: %w", err)
		}
		if slices.ContainsFunc(taken, func(r *ent.Repository) bool {
			return r.OrganizationID != nil && r.UpstreamID != nil && *r.OrganizationID == w.row.ID && *r.UpstreamID == one.id
		}) {
			return true, nil // another process was first
		}
		if len(taken) > 0 {
			continue
		}
		_, err = w.Repositories.Create(ctx, repository.Input{
			Name: &name, Type: entrepository.TypeVCS, URL: &address, Credential: &with, Packages: []string{}, Owns: []string{}, CooldownExceptions: []string{},
			Upstream: &repository.Upstream{OrganizationID: w.row.ID, ID: one.id},
		})
		if _, conflict := errors.AsType[*fault.Conflict](err); !conflict {
			return err == nil, err
		}
	}
	return false, errors.New("all names for it are taken")
}

// noticeMax is how many names a notice tells.
const noticeMax = 10

// notice is what a person should know.
func (w *walk) notice() string {
	var all []string
	tell := func(names []string, one, many string) {
		if len(names) == 0 {
			return
		}
		slices.Sort(names)
		shown := names[:min(len(names), noticeMax)]
		list := strings.Join(shown, ", ")
		if more := len(names) - len(shown); more > 0 {
			list += fmt.Sprintf(" and %d more", more)
		}
		if len(names) == 1 {
			all = append(all, fmt.Sprintf(one, list))
			return
		}
		all = append(all, fmt.Sprintf(many, len(names), list))
	}
	tell(w.gone, "%s is not in the organization any more, or the token may not see it. It stays here until you remove it.",
		"%d repositories are not in the organization any more, or the token may not see them: %s. They stay here until you remove them.")
	tell(w.archived, "%s is archived at the host, and stays here.", "%d repositories are archived at the host, and stay here: %s.")
	tell(w.own, "%s has another address at the host than here: change it, or its credential.", "%d repositories have other addresses at the host than here: %s.")
	var failed []string
	for name, reason := range w.failed {
		failed = append(failed, name+" ("+strings.TrimSuffix(reason, ".")+")")
	}
	tell(failed, "One could not be added, and is tried again: %s.", "%d could not be added, and are tried again: %s.")
	return text.Line(strings.Join(all, " "), 2000)
}
