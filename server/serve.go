package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"broker/graph"
	"broker/server/account"
	"broker/server/archive"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/cached"
	"broker/server/caller"
	"broker/server/catalog"
	"broker/server/composer"
	"broker/server/connections"
	"broker/server/database"
	"broker/server/export"
	"broker/server/git"
	"broker/server/https"
	"broker/server/jobs"
	"broker/server/leak"
	"broker/server/mirror"
	"broker/server/notice"
	"broker/server/openid"
	"broker/server/organization"
	"broker/server/ratelimit"
	"broker/server/repository"
	"broker/server/safehttp"
	"broker/server/seal"
	policy "broker/server/settings"
	"broker/server/tokens"
	"broker/server/upload"
	"broker/server/usage"
	"broker/server/view"
	"broker/server/webhook"
)

// The server's bounds.
const (
	documentMemory = 256 << 20 // bytes of documents kept in memory
	syncEvery      = time.Hour
	lookEvery      = 3 * time.Minute  // for a git repository's changes: an ls-remote, which its host answers from memory
	failedEvery    = 10 * time.Minute // the same where the last sync failed
	sayFor         = time.Second      // how long a stop goes on answering, and says that it ends
	acceptFor      = time.Second / 4  // how long it then accepts who was there already
	drainFor       = 30 * time.Second // how long it then waits for requests under way
)

// server is everything that runs, in the order it is stopped.
type server struct {
	config       *config
	db           *database.DB
	accounts     *account.Service
	queue        *jobs.Queue
	syncer       *mirror.Syncer
	repositories *repository.Service
	store        *archive.Store
	archives     *mirror.Archives
	uploads      *upload.Service
	counts       *ratelimit.Memory
	certificates https.Certificates // nil: plain http
	shared       *ratelimit.Shared  // nil where each instance counts by itself
	usage        *usage.Recorder
	installs     *composer.Installs
	fetches      *composer.Fetches
	access       *tokens.Service
	tokens       *auth.Tokens
	audit        *audit.Log
	settings     *policy.Service
	notices      *notice.Service
	handler      http.Handler
	log          *slog.Logger
	stopping     atomic.Bool
	reading      atomic.Bool   // it began while nothing could be written, and does without what needs that
	writable     chan struct{} // closed when what was opened for reading alone can be written
}

// serve runs the server until the context ends, then lets requests under way finish. One that could only read begins
// anew once it can write.
func serve(ctx context.Context, c *config) error {
	lock, err := database.Lock(c.databaseURL)
	if err != nil {
		return err
	}
	defer lock.Close()
	for {
		if err := serveOnce(ctx, c); !errors.Is(err, errWritable) {
			return err
		}
		c.log.Info("the database can be written again: the server begins anew")
	}
}

// errWritable ends a server that could only read.
var errWritable = errors.New("the database can be written")

func serveOnce(ctx context.Context, c *config) error {
	var plain net.ListenConfig
	plain.SetMultipathTCP(false) // which Listener.Drain cannot hold back
	listener, err := plain.Listen(ctx, "tcp", c.listen)
	if err != nil {
		return fmt.Errorf("BROKER_LISTEN: %q cannot be listened on: %w", c.listen, err)
	}
	defer listener.Close()
	if c.publicURL.Port() == "0" { // which port that became is known now
		_, port, err := net.SplitHostPort(listener.Addr().String())
		if err != nil {
			return fmt.Errorf("BROKER_LISTEN: %w", err)
		}
		c.publicURL.Host = net.JoinHostPort(c.publicURL.Hostname(), port)
	}
	certificates, err := c.certificates()
	if err != nil {
		return err
	}
	var unsecured net.Listener
	if c.tls.httpListen != "" {
		if unsecured, err = plain.Listen(ctx, "tcp", c.tls.httpListen); err != nil {
			return fmt.Errorf("BROKER_HTTP_LISTEN: %q cannot be listened on: %w", c.tls.httpListen, err)
		}
		defer unsecured.Close()
	}
	db, err := database.OpenMigrated(ctx, c.databaseURL, c.log)
	if err != nil {
		return err
	}
	defer db.Close()
	s, err := newServer(ctx, c, db)
	if err != nil {
		return err
	}
	s.certificates = certificates
	return s.run(ctx, listener, unsecured)
}

// newServer puts the rooms together.
func newServer(ctx context.Context, c *config, db *database.DB) (*server, error) {
	s := &server{config: c, db: db, log: c.log, counts: ratelimit.NewMemory(), writable: make(chan struct{})}
	memory := cached.NewMemory(db.Changes)
	sealer, err := c.sealer()
	if err != nil {
		return nil, err
	}
	if s.store, err = c.openStore(ctx); err != nil {
		return nil, err
	}
	events, err := c.auditLog(ctx, db, sealer)
	if err != nil {
		return nil, err
	}
	s.accounts = account.New(db, memory, events, time.Now)
	s.accounts.SealWith(sealer)
	if err := s.accounts.PasskeysAt(c.publicURL); err != nil {
		return nil, err
	}
	if c.ownersAlone {
		s.accounts.ProviderOnly()
	}
	limits, err := s.openLimits(ctx)
	if err != nil {
		return nil, err
	}
	refusals := audit.NewRefusals(events)
	s.usage = usage.NewRecorder(db, c.log, s.counts, refusals)
	rules := policy.New(db, memory, events, c.defaultRateLimit)
	s.access = tokens.New(db, events, rules, c.tokenPrefix, time.Now)
	s.audit, s.settings = events, rules
	packages := catalog.New(db, events, c.publicURL)
	outbound := safehttp.New(c.upstreams, agent())
	outbound.Through(c.proxies)
	if s.queue, err = jobs.New(db, jobs.DefaultPace, c.log); err != nil {
		return nil, err
	}
	s.queue.Every(time.Minute, "sync what is due", s.queue.Due(syncEvery, failedEvery))
	s.queue.Every(time.Hour, "delete what is long gone", func(ctx context.Context) error {
		_, err := packages.Sweep(ctx, time.Now().Add(-c.keepRemoved))
		return err
	})
	s.notices = c.notices(db, events, sealer)
	repositories := repository.New(repository.Config{
		DB: db, Audit: events, Syncs: s.queue, Client: outbound, Policy: c.upstreams, Sealer: sealer, Git: gitOf(outbound, c.upstreams, c.dataDir),
		Places: packages.Places,
	})
	s.repositories = repositories
	s.queue.Every(lookEvery, "look for changes of git repositories", repositories.LookForChanges)
	organizations := &organization.Service{DB: db, Audit: events, Sealer: sealer, Repositories: repositories, Log: c.log, Now: time.Now}
	s.queue.Handle(organization.Task, organizations.Walk)
	s.queue.Every(time.Minute, "have organizations be looked through", organizations.AskDue)
	follower := mirror.NewFollower(db, packages, repositories, c.log, time.Now)
	owners := repository.NewOwners(db, memory)
	owners.Reach(outbound)
	views := view.New(db, memory, owners, follower, c.publicURL, documentMemory)
	s.installs = composer.NewInstalls(views, s.usage, c.log)
	s.syncer = mirror.NewSyncer(packages, repositories, mirror.DefaultBounds)
	s.uploads = &upload.Service{DB: db, Store: s.store, Catalog: packages, Owners: owners, Audit: events}
	s.archives = mirror.NewArchives(s.store, packages, repositories, c.log)
	s.fetches = composer.NewFetches(views, s.archives, c.log)
	ahead := mirror.NewAhead(mirror.AheadConfig{DB: db, Archives: s.archives, Owners: owners, Settings: rules, Queue: s.queue, Log: c.log, Blocked: views.IsBlocked})
	s.queue.FetchAhead(ahead.Fetch)
	s.queue.Handle(mirror.AcceptedTask, ahead.FetchAccepted)
	packages.Accepted = func(ctx context.Context, id string) {
		if err := s.queue.Ask(ctx, mirror.AcceptedTask, id); err != nil {
			c.log.Warn("the archive of an accepted change is fetched when somebody asks for it", "version", id, "error", err)
		}
	}
	s.syncer.Ahead, follower.Ahead = ahead.Queued, ahead.Queued
	if s.store.Shared() { // whichever instance has its turn
		s.queue.Every(time.Hour, "verify some of the archives", s.archives.WalkOn)
		s.queue.Every(24*time.Hour, "delete archives that nothing names", s.cleanArchives)
	}
	guard := auth.NewGuard(time.Now)
	tokens := auth.NewTokens(db, memory, rules, guard)
	tokens.Grace(c.tokenGrace)
	s.tokens = tokens
	limiter := ratelimit.New(limits, time.Now)
	cookies := account.Cookies{Secure: c.publicURL.Scheme == "https"}
	callers := &caller.Callers{
		Tokens: tokens, Limiter: limiter, Usage: s.usage, Refusals: refusals, Log: c.log, Now: time.Now,
		Accounts: s.accounts, Settings: rules, Cookies: cookies, Answers: db.Answers,
	}
	var provider *openid.Handler
	if c.openid != nil {
		provider = &openid.Handler{
			Provider: openid.New(*c.openid, outbound, c.publicURL.String(), time.Now), Accounts: s.accounts, Cookies: cookies, Sealer: sealer, Guard: auth.NewGuard(time.Now),
			Log: c.log, Now: time.Now,
		}
	}
	s.handler = routes(handlers{
		composer: &composer.Handler{Callers: callers, View: views, Archives: s.archives, Installs: s.installs, Fetches: s.fetches},
		graph: graph.NewHandler(&graph.Resolver{
			Client: db.Reports, View: views, Notices: s.notices, Accounts: s.accounts, OpenID: provider, Cookies: cookies, Access: s.access, Known: tokens, Limiter: limiter,
			Readmes: &view.Readmes{Store: s.store, Sources: repositories}, Sources: repositories, Orgs: organizations, Catalog: packages, Rules: rules, Events: events, PublicURL: c.publicURL.String(), TokenPrefix: c.tokenPrefix,
			Version: version, Log: c.log, Now: time.Now,
		}),
		leaks:  leak.NewHandler(s.access, leak.NewKeys(outbound, c.githubKeysURL, time.Now), c.log),
		export: export.NewHandler(db.Reports, s.audit, c.dataDir, c.log, time.Now),
		upload: upload.NewHandler(&upload.Service{DB: db, Store: s.store, Catalog: packages, Owners: owners, Audit: events}, c.log),
		webhooks: webhook.New(webhook.Config{
			Hooks: webhook.NewHooks(db, memory, sealer), Repositories: repositories, Organizations: organizations, Guard: auth.NewGuard(time.Now), Refusals: refusals, Log: c.log, Now: time.Now,
		}),
		openid:      provider,
		unsubscribe: s.notices.Unsubscribe(),
		callers:     callers,
		ready:       s.ready,
		secure:      cookies.Secure,
		origin:      c.publicURL.Scheme + "://" + c.publicURL.Host,
		proxies:     c.trustedProxies,
		log:         c.log,
	})
	return s, nil
}

// gitOf is the git program, which reaches what the client may reach.
func gitOf(outbound *safehttp.Client, upstreams safehttp.Policy, dataDir string) *git.Program {
	return git.New(git.Config{
		Dir: filepath.Join(dataDir, "git"), HTTP: upstreams.AllowsPlain, Limits: git.DefaultLimits,
		Route: func(ctx context.Context, u *url.URL) (git.Route, error) {
			addresses, proxy, err := outbound.Route(ctx, u, true)
			return git.Route{Addresses: addresses, Proxy: proxy}, err
		},
	})
}

func (c *config) sealer() (*seal.Sealer, error) {
	key := c.secretKey
	if key == nil {
		var err error
		if key, err = seal.LoadOrCreateKey(filepath.Join(c.dataDir, "secret.key")); err != nil {
			return nil, err
		}
	}
	return seal.New(key)
}

// notices tells people and systems what happened. What it reaches has nothing to do with the hosts of sources: it has a
// client of its own.
func (c *config) notices(db *database.DB, events *audit.Log, sealer *seal.Sealer) *notice.Service {
	client := safehttp.NewPaced(c.upstreams, agent(), notice.Pace)
	client.Through(c.proxies)
	made := notice.Config{DB: db, Audit: events, Sealer: sealer, Policy: c.upstreams, Client: client, PublicURL: c.publicURL.String(), Log: c.log, Now: time.Now}
	if c.mail != nil {
		made.Mail = c.mail
	}
	return notice.New(made)
}

// auditLog opens the chain of events.
func (c *config) auditLog(ctx context.Context, db *database.DB, sealer *seal.Sealer) (*audit.Log, error) {
	return audit.Open(ctx, db, sealer, time.Now)
}

func (s *server) ready(ctx context.Context) error {
	if s.stopping.Load() {
		return errors.New("the server is stopping")
	}
	if err := s.db.Ready(ctx); err != nil {
		return err
	}
	err := s.db.Unwritten()
	if err == nil && s.reading.Load() {
		err = database.ErrUnwritable
	}
	if s.shared != nil {
		err = errors.Join(err, s.shared.Ready())
	}
	return errors.Join(err, s.store.Ready())
}

// run serves until the context ends; unsecured is where plain http is sent from to HTTPS, or nil. The rest of the program outlives the last request.
func (s *server) run(ctx context.Context, listener, unsecured net.Listener) error {
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var tasks sync.WaitGroup
	tasks.Go(func() { s.listenForChanges(background) })
	tasks.Go(func() { s.usage.Run(background) })
	tasks.Go(func() { boundGarbage(background) })
	tasks.Go(func() { s.keepHouse(background) })
	if s.store.Shared() {
		tasks.Go(func() { s.store.Watch(background, s.log) })
	} else {
		tasks.Go(func() { s.archives.Walk(background) })
	}
	if s.shared != nil {
		tasks.Go(func() { s.shared.Run(background) })
	}
	if s.certificates != nil {
		tasks.Go(func() { s.certificates.Run(background) })
	}
	if unsecured != nil {
		tasks.Go(func() { s.redirect(background, unsecured) })
	}
	if err := s.startWriting(background, &tasks); err != nil {
		return err
	}
	tasks.Go(func() { s.boundProgram(background) })
	s.log.Info("listening", "address", listener.Addr().String(), "url", s.config.publicURL.String(), "version", version)
	err := s.serveHTTP(ctx, listener)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = errors.Join(err, s.queue.Stop(last))
	s.installs.Close()
	s.fetches.Close()
	stop()
	tasks.Wait()
	if s.shared != nil {
		err = errors.Join(err, s.shared.Close())
	}
	s.log.Info("stopped")
	return err
}

// tryWriteEvery is how often a server that cannot write looks whether it can.
const tryWriteEvery = 5 * time.Second

// startWriting starts what cannot be without writing: where nothing can be written, the server serves what it has, and
// all of it begins anew when that is over.
func (s *server) startWriting(ctx context.Context, tasks *sync.WaitGroup) error {
	err := s.db.TryWrite(ctx)
	reading := errors.Is(err, database.ErrUnwritable)
	s.reading.Store(reading)
	if !reading {
		if err := s.firstOwner(ctx, tasks); err != nil {
			return err
		}
		if err = s.queue.Start(ctx, s.syncer.Sync); err != nil {
			return err
		}
		tasks.Go(func() { s.notices.Run(ctx) })
		tasks.Go(func() { s.warn(ctx, "uploaded packages are offered at an address of before", s.uploads.Rehouse(ctx)) })
	} else {
		s.log.Error("the server starts for reading: packages are served, and nothing can be changed", "error", err)
	}
	tasks.Go(func() { s.watchWrites(ctx, reading) })
	return nil
}

// watchWrites looks whether a database that could not be written can be by now.
func (s *server) watchWrites(ctx context.Context, reading bool) {
	tick := time.NewTicker(tryWriteEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !reading && s.db.Unwritten() == nil {
			continue
		}
		err := s.db.TryWrite(ctx)
		if err == nil && reading {
			close(s.writable)
			return
		}
		s.warn(ctx, "the database cannot be written", err)
	}
}

func (s *server) serveHTTP(ctx context.Context, listener net.Listener) error {
	limited := connections.Limit(listener, s.config.connections)
	server := s.httpServer(limited, s.closing(s.handler))
	failed := make(chan error, 1)
	go func() {
		if s.certificates == nil {
			failed <- server.Serve(limited)
			return
		}
		server.TLSConfig = s.certificates.Config()
		failed <- server.ServeTLS(limited, "", "")
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-s.writable:
	case <-ctx.Done():
	}
	// Whoever has a connection is told to make another one, and whoever shares requests out not to send any here, before
	// the listener closes: so nobody sends a request to a connection that is being closed.
	s.stopping.Store(true)
	s.log.Info("stopping", "waiting_at_most", drainFor)
	time.Sleep(sayFor)
	if err := limited.Drain(); err != nil {
		s.log.Debug("connections that nobody has accepted are reset", "error", err)
	}
	time.Sleep(acceptFor)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainFor)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		return fmt.Errorf("requests under way did not finish: %w", err)
	}
	if ctx.Err() == nil {
		return errWritable
	}
	return nil
}

// tooMany answers who comes while there are too many connections, in all or from one address.
func tooMany(w http.ResponseWriter, _ *http.Request) {
	(&auth.Refusal{Status: http.StatusServiceUnavailable, Code: auth.CodeUnavailable, RetryAfter: 5,
		Message: "Too many connections are open, from this address or in all. Try again when some have ended."}).Write(w)
}

// closing has clients make another connection for their next request while the server stops.
func (s *server) closing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// listenForChanges keeps listening for what other processes change, whatever becomes of the connection.
func (s *server) listenForChanges(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.db.Changes.Run(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("changes made by other processes do not arrive", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
}

// firstOwner makes the owner of the configuration, or shows the set-up link while there is no user: a new one each
// hour, as each works for one.
func (s *server) firstOwner(ctx context.Context, tasks *sync.WaitGroup) error {
	if s.config.adminEmail != "" {
		if err := s.accounts.EnsureAdmin(ctx, s.config.adminEmail, s.config.adminPassword); err != nil {
			return fmt.Errorf("make the first owner: %w", err)
		}
	}
	required, err := s.accounts.SetupRequired(ctx)
	if err != nil || !required {
		return err
	}
	s.showSetupLink()
	tasks.Go(func() {
		tick := time.NewTicker(time.Hour)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if required, err := s.accounts.SetupRequired(ctx); err == nil && !required {
				return
			}
			s.showSetupLink()
		}
	})
	return nil
}

func (s *server) showSetupLink() {
	link := s.config.publicURL.String() + "/setup#" + s.accounts.NewSetupCode()
	if s.config.said == nil {
		s.log.Info("open this link within an hour to make the first owner", "url", link)
		return
	}
	fmt.Fprintf(s.config.said, "\n  This server has no owner yet. Open this link within an hour to make the first one:\n\n    %s\n\n", link)
}
