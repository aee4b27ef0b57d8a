// Package notice tells people and systems what happened: that a token expires, that a source fails. What happened is
// found in what is stored already, the audit log above all, and is written down once in the database, with how far each
// source was read and with whom it is for; from there it is delivered at least once, by whichever process comes first.
package notice

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"broker/server/audit"
	"broker/server/database"
	"broker/server/mail"
	"broker/server/safehttp"
	"broker/server/seal"
)

// Config is what New needs.
type Config struct {
	DB        *database.DB
	Audit     *audit.Log
	Sealer    *seal.Sealer
	Policy    safehttp.Policy
	Client    Poster // nil: nothing is delivered by this process
	Mail      Mailer // nil: no mail is sent
	PublicURL string
	Log       *slog.Logger
	Now       func() time.Time
}

// Poster sends what an endpoint gets: a *safehttp.Client.
type Poster interface {
	Post(ctx context.Context, address string, body []byte, header http.Header, o safehttp.Options) (*safehttp.Posted, error)
}

// Mailer sends mail: a *mail.Sender.
type Mailer interface {
	Send(ctx context.Context, m mail.Message) error
}

// Service knows what is to be told to whom, and tells it.
type Service struct {
	Config
	sending sending
}

// New returns the notices of a database.
func New(c Config) *Service { return &Service{Config: c, sending: sending{under: map[string]int{}}} }

// How often the sources are looked at. What waits in the audit log is told soon; the others are looked at by the minute.
const (
	soon   = 2 * time.Second
	often  = 5 * time.Second
	seldom = time.Minute
	rarely = time.Hour
)

// Run finds and tells until the context ends.
func (s *Service) Run(ctx context.Context) {
	var loops sync.WaitGroup
	for _, l := range []struct {
		pace   time.Duration
		failed string
		do     func(context.Context) error
	}{
		{soon, "what happened could not be found in the audit log", s.Gather},
		{seldom, "what happened could not be found", s.Look},
		{soon, "notices could not be delivered", s.Deliver},
		{often, "notices could not be sent by mail", s.SendMails},
		{rarely, "old notices could not be removed", s.Prune},
	} {
		loops.Go(func() { s.every(ctx, l.pace, l.failed, l.do) })
	}
	loops.Wait()
	s.sending.wait()
}

func (s *Service) every(ctx context.Context, pace time.Duration, failed string, do func(context.Context) error) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		// What panics is tried again; packages are served meanwhile.
		_, err := database.Caught(func() (struct{}, error) { return struct{}{}, do(ctx) })
		if err != nil && ctx.Err() == nil {
			s.Log.Warn(failed, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// now is the clock to what both databases keep.
func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }
