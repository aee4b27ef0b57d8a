package repository

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"

	"broker/ent"
	"broker/ent/repository"
	"broker/ent/syncrun"
	"broker/server/fault"
	"broker/server/git"
	"broker/server/pattern"
	"broker/server/safehttp"
	"broker/server/source"
	"broker/server/text"
)

// CheckWithin is how long a check may take; less where whoever asks has less time.
const CheckWithin = 15 * time.Second

// Health is how it stands with a source.
type Health struct {
	OK                  bool
	CheckedAt           *time.Time // nil where it was never asked
	Message             string     // sentences for people; empty where there is nothing to say
	CredentialExpiresAt *time.Time // nil where the host does not tell
}

// Check asks a source as it is described, and stores nothing of it. id names the repository that is to be changed, or is
// empty: its stored credential is sent where none is given, but to its own address only. What is wrong with the input
// is an error; what is wrong with the source is told in the answer.
func (s *Service) Check(ctx context.Context, id string, in Input) (Health, error) {
	d, err := s.describe(ctx, id, in)
	if err != nil {
		return Health{}, err
	}
	ctx, cancel := checkTime(ctx)
	defer cancel()
	health, err := s.look(ctx, d.row)
	if err != nil {
		return health, err
	}
	health.Message = strings.TrimSpace(d.note + " " + health.Message)
	if d.lender == nil {
		return health, nil
	}
	return health, s.noteExpiry(ctx, d.lender, health.CredentialExpiresAt)
}

// CheckStored asks the source of a repository as it is stored, and keeps when its credential ends.
func (s *Service) CheckStored(ctx context.Context, row *ent.Repository) (Health, error) {
	ctx, cancel := checkTime(ctx)
	defer cancel()
	health, err := s.look(ctx, row)
	if err != nil {
		return health, err
	}
	return health, s.noteExpiry(ctx, row, health.CredentialExpiresAt)
}

// checkTime is the time of a check: less where whoever asks has less, so that what was found out is told.
func checkTime(ctx context.Context) (context.Context, context.CancelFunc) {
	within := CheckWithin
	if end, ends := ctx.Deadline(); ends {
		within = min(within, time.Until(end)-500*time.Millisecond)
	}
	return context.WithTimeout(ctx, within)
}

// described is a source as the input describes it.
type described struct {
	row    *ent.Repository // is not stored
	note   string          // to be said of it first; empty where there is nothing
	lender *ent.Repository // whose stored credential is sent; nil where none is
}

func (s *Service) describe(ctx context.Context, id string, in Input) (d described, err error) {
	var stored *ent.Repository
	if id != "" {
		if stored, err = s.read(ctx, id); err != nil {
			return d, err
		}
		in.Type = stored.Type
		if in.URL == nil {
			in.URL = stored.URL
		}
		if in.Type == repository.TypeARTIFACT && in.URL == nil {
			return described{row: stored}, nil
		}
	}
	if err := s.check(&in, in.Type); err != nil {
		return d, err
	}
	if err := s.checkType(ctx, in); err != nil {
		return d, err
	}
	// The id is of no row, so that nothing of a repository's is touched: neither its mirror nor its pinned keys.
	row := &ent.Repository{ID: "check", Name: "check", Type: in.Type, URL: in.URL, Packages: in.Packages, Paths: in.Paths, CredentialType: repository.CredentialTypeNONE}
	d.row = row
	same := stored != nil && stored.URL != nil && row.URL != nil && *stored.URL == *row.URL
	if same && !in.ForgetHostKeys {
		row.KnownHosts = stored.KnownHosts
	}
	switch {
	case in.Credential != nil:
		return d, s.lend(row, *in.Credential)
	case stored == nil || stored.CredentialType == repository.CredentialTypeNONE:
		return d, nil
	case !same:
		d.note = fmt.Sprintf("The stored credential is for %s only and was not sent: enter the credential of the new address.", *stored.URL)
		return d, nil
	}
	c, err := s.stored(stored)
	if err != nil {
		return d, err
	}
	d.lender = stored
	return d, s.lend(row, c)
}

// lend seals a credential for a row that is not stored.
func (s *Service) lend(row *ent.Repository, c Credential) error {
	row.CredentialType = c.Type
	if c.Type == repository.CredentialTypeNONE {
		return nil
	}
	sealed, err := s.sealed(row.ID, c)
	row.Credential = &sealed
	return err
}

// look asks the source of a row.
func (s *Service) look(ctx context.Context, row *ent.Repository) (Health, error) {
	now := time.Now().UTC()
	health := Health{CheckedAt: &now}
	if row.Type == repository.TypeARTIFACT {
		health.OK, health.Message = true, "Archives are uploaded to it; there is nothing to reach."
		return health, nil
	}
	src, err := s.Source(row)
	if err != nil {
		return health, err
	}
	var found source.Finding
	switch of := src.(type) {
	case *source.Composer:
		wanted, parsed := pattern.Parse(row.Packages)
		if parsed != nil {
			return health, parsed
		}
		found, err = of.Check(ctx, wanted)
	case *source.Git:
		of.Unpinned()
		found, err = of.Check(ctx)
	}
	if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) { // whoever asked has gone
		return health, ctx.Err()
	}
	health.OK, health.CredentialExpiresAt = err == nil, found.CredentialExpiresAt
	if err != nil {
		found.Says = append(found.Says, whatFailed(ctx, err))
	} else if health.CredentialExpiresAt == nil {
		health.CredentialExpiresAt = s.expiry(ctx, row)
	}
	health.Message = text.Line(strings.Join(found.Says, " "), 2000)
	return health, nil
}

// whatFailed says why a source cannot be used, and what to do. Of an address that the server may not reach it tells
// nothing but that: neither what it is called there nor what may answer.
func whatFailed(ctx context.Context, err error) string {
	var name *net.DNSError
	var status *safehttp.StatusError
	switch {
	case safehttp.IsPrivate(err):
		return "Its host leads to a private address, which this server does not reach. Whoever runs the server can allow it: BROKER_ALLOWED_UPSTREAMS."
	case errors.Is(err, safehttp.ErrBlocked), errors.Is(err, git.ErrBlocked), errors.Is(err, git.ErrNoProgram):
		return closed(err)
	case errors.Is(err, source.ErrPage):
		return "A web page came instead of a document. Is this the address of the repository's packages.json?"
	case ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded), errors.Is(err, safehttp.ErrSlow):
		return "It did not answer in time. Try again; a sync has more time."
	case errors.As(err, &name):
		return fmt.Sprintf("The host %s is not known (DNS). Check the address.", text.Line(name.Name, 200))
	case errors.Is(err, syscall.ECONNREFUSED):
		return "Its host refuses connections at this port."
	case errors.As(err, &status) && errors.Is(err, source.ErrNotFound):
		said := fmt.Sprintf("There is no packages.json at this address: %s.", status)
		if status.RedirectedFrom != "" {
			said += fmt.Sprintf(" %s redirects there.", status.RedirectedFrom)
		}
		return said
	}
	return closed(err)
}

// closed is an error as a sentence of its own, which ends with one period.
func closed(err error) string { return strings.TrimRight(sentence(err), ". ") + "." }

// expiryWithin is how long a host is asked when a credential ends.
const expiryWithin = 4 * time.Second

// expiry asks the host of a git repository when the token ends that it is read with; nil where it does not tell.
func (s *Service) expiry(ctx context.Context, row *ent.Repository) *time.Time {
	api, credential := s.tellsExpiry(row)
	if credential == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, expiryWithin)
	defer cancel()
	return source.Expiry(ctx, s.Client, api, credential)
}

// tellsExpiry is where the host of a git repository tells when the token ends that it is read with: at its own origin, and
// GitHub at the one of its API. No credential where no host tells.
func (s *Service) tellsExpiry(row *ent.Repository) (api string, credential *safehttp.Credential) {
	if row.CredentialType != repository.CredentialTypeGITHUB && row.CredentialType != repository.CredentialTypeGITLAB {
		return "", nil
	}
	c, err := s.stored(row)
	if err != nil {
		return "", nil
	}
	u, err := url.Parse(*row.URL)
	if err != nil || u.Scheme == "ssh" {
		return "", nil
	}
	api = u.Scheme + "://" + u.Host
	switch {
	case row.CredentialType == repository.CredentialTypeGITLAB:
		api += "/api/v4/personal_access_tokens/self"
	case u.Host == "github.com":
		api = "https://api.github.com/rate_limit" // which costs nothing of it
	default:
		api += "/api/v3/rate_limit"
	}
	at, err := url.Parse(api)
	if err != nil {
		return "", nil
	}
	return api, &safehttp.Credential{Origin: safehttp.Origin(at), Type: safehttp.Bearer, Secret: c.Secret}
}

// noteExpiry keeps when the credential of a repository ends, unless it was replaced meanwhile.
func (s *Service) noteExpiry(ctx context.Context, row *ent.Repository, at *time.Time) error {
	if at == nil || row.CredentialExpiresAt != nil && row.CredentialExpiresAt.Equal(*at) || row.Credential == nil {
		return nil
	}
	err := s.DB.Client.Repository.Update().Where(repository.ID(row.ID), repository.Credential(*row.Credential)).SetCredentialExpiresAt(*at).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note when the credential of %s ends: %w", row.Name, err)
	}
	return nil
}

// expiriesWithin is how long the hosts are asked in all, now and then, when tokens end.
const expiriesWithin = time.Minute

// LookAtCredentials asks the hosts of git repositories when the tokens end that these are read with: once for a token,
// however many repositories have it, and no further host once a minute is over.
func (s *Service) LookAtCredentials(ctx context.Context) error {
	rows, err := s.DB.Client.Repository.Query().
		Where(repository.Enabled(true), repository.CredentialTypeIn(repository.CredentialTypeGITHUB, repository.CredentialTypeGITLAB)).All(ctx)
	if err != nil {
		return fmt.Errorf("read which repositories have a token: %w", err)
	}
	type token struct{ api, secret string }
	ends := map[token]*time.Time{}
	asking, cancel := context.WithTimeout(ctx, expiriesWithin)
	defer cancel()
	for _, row := range rows {
		api, credential := s.tellsExpiry(row)
		if credential == nil {
			continue
		}
		of := token{api, credential.Secret}
		at, asked := ends[of]
		if !asked {
			at = s.expiry(asking, row)
			ends[of] = at
		}
		if err := s.noteExpiry(ctx, row, at); err != nil {
			return err
		}
	}
	return nil
}

// HealthOf is how it stood with a repository when it was last synced. Nothing is asked of its source.
func HealthOf(ctx context.Context, client *ent.Client, row *ent.Repository) (Health, error) {
	health := Health{OK: true, CredentialExpiresAt: row.CredentialExpiresAt}
	if row.Type == repository.TypeARTIFACT {
		return health, nil
	}
	last, err := client.SyncRun.Query().Where(syncrun.RepositoryID(row.ID), syncrun.FinishedAtNotNil(), syncrun.StatusIn(syncrun.StatusSUCCEEDED, syncrun.StatusFAILED)).
		Order(ent.Desc(syncrun.FieldCreatedAt)).First(ctx)
	switch {
	case ent.IsNotFound(err):
		return Health{Message: "It was not synced yet.", CredentialExpiresAt: row.CredentialExpiresAt}, nil
	case err != nil:
		return health, fmt.Errorf("read the last sync of %s: %w", row.Name, err)
	}
	health.CheckedAt = last.FinishedAt
	switch {
	case row.LastError != nil:
		health.OK, health.Message = false, *row.LastError
	case row.Notice != nil:
		health.Message = *row.Notice
	}
	return health, nil
}

// checksMost is how many checks one caller may make within checksWithin: who may add repositories could have them added
// as fast, but a check leaves no trace.
const (
	checksMost   = 20
	checksWithin = time.Minute
)

// MayCheck tells whether a caller may check a source now, and counts it.
func (s *Service) MayCheck(caller string, now time.Time) error {
	s.checking.Lock()
	defer s.checking.Unlock()
	for id, times := range s.checks {
		if now.Sub(times[len(times)-1]) > checksWithin {
			delete(s.checks, id)
		}
	}
	times := s.checks[caller]
	for len(times) > 0 && now.Sub(times[0]) > checksWithin {
		times = times[1:]
	}
	if len(times) >= checksMost {
		return &fault.Busy{Message: fmt.Sprintf("%d sources were checked within a minute. Try again in %s.", checksMost, (checksWithin - now.Sub(times[0])).Round(time.Second))}
	}
	s.checks[caller] = append(times, now)
	return nil
}
