package notice

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"broker/ent"
	"broker/ent/noticedelivery"
	"broker/ent/noticeendpoint"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/safehttp"
	"broker/server/secret"
	"broker/server/text"
)

// How deliveries are tried: for how long in all, how long one attempt takes at most and is another process's to repeat
// after, how long is waited between two, and after how many days of nothing but failures an endpoint is disabled.
const (
	triesFor    = 72 * time.Hour
	attemptFor  = 20 * time.Second
	leaseFor    = 2 * time.Minute // the dashboard looks at a delivery for a little longer: underWay in its queries.ts
	firstWait   = 5 * time.Second
	longestWait = 6 * time.Hour
	outOfReach  = time.Minute // where nothing was sent, as nothing there answers
	failingFor  = 5 * 24 * time.Hour
	triedFor    = 24 * time.Hour // and one delivery at least, so that no single failure long after another disables it
)

// atATime is how many deliveries of one endpoint are under way in a process: one that does not answer holds up no other.
const atATime = 4

// answerMax is how much of an answer is kept, in bytes.
const answerMax = 4 << 10

// Pace is how deliveries are sent: each once, as how often is decided here.
var Pace = safehttp.Pace{Tries: 1, Header: attemptFor, Document: attemptFor, Archive: attemptFor, Window: attemptFor, Least: 1}

// sending are the deliveries that are under way in this process.
type sending struct {
	mu    sync.Mutex
	under map[string]int // by endpoint
	all   sync.WaitGroup
}

func (s *sending) wait() { s.all.Wait() }

// take is how many more deliveries of an endpoint may be under way; they count until they are given back.
func (s *sending) take(endpoint string) (places int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	places = atATime - s.under[endpoint]
	s.under[endpoint] = atATime
	return places
}

func (s *sending) give(endpoint string, places int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.under[endpoint] -= places; s.under[endpoint] == 0 {
		delete(s.under, endpoint)
	}
}

// begin has do run in a place that was taken, beside what else is under way, and then what follows it.
func (s *sending) begin(endpoint string, do, then func()) {
	s.all.Go(func() {
		do()
		s.give(endpoint, 1)
		then()
	})
}

// Deliver begins to send what is due, and returns before it was sent.
func (s *Service) Deliver(ctx context.Context) error {
	if s.Client == nil {
		return nil
	}
	endpoints, err := s.DB.Client.NoticeEndpoint.Query().Where(noticeendpoint.Enabled(true)).All(ctx)
	if err != nil {
		return fmt.Errorf("read the endpoints of notices: %w", err)
	}
	var failed []error
	for _, e := range endpoints {
		failed = append(failed, s.deliverTo(ctx, e))
	}
	return errors.Join(failed...)
}

func (s *Service) deliverTo(ctx context.Context, e *ent.NoticeEndpoint) error {
	places := s.sending.take(e.ID)
	defer func() { s.sending.give(e.ID, places) }()
	for range atATime {
		if places == 0 {
			return nil
		}
		if others, err := s.beginSome(ctx, e, &places); err != nil || !others {
			return err
		}
	}
	return nil
}

// beginSome begins to send what is due of an endpoint, in some places, and tells whether others began some of it.
func (s *Service) beginSome(ctx context.Context, e *ent.NoticeEndpoint, places *int) (others bool, err error) {
	due, err := s.DB.Client.NoticeDelivery.Query().
		Where(noticedelivery.EndpointID(e.ID), noticedelivery.StatusEQ(noticedelivery.StatusPENDING), noticedelivery.NextAtLTE(s.now())).
		Order(ent.Asc(noticedelivery.FieldNextAt, noticedelivery.FieldID)).Limit(*places).All(ctx)
	if err != nil {
		return false, fmt.Errorf("read what is to be delivered: %w", err)
	}
	for _, row := range due {
		claimed, err := s.claim(ctx, row)
		if err != nil {
			return false, err
		}
		if claimed == nil {
			others = true
			continue
		}
		*places--
		var taken bool
		s.sending.begin(e.ID, func() { taken = s.attempt(ctx, e, claimed) }, func() {
			if taken {
				s.deliverNext(ctx, e.ID)
			}
		})
	}
	return others, nil
}

// deliverNext goes on with an endpoint that has just taken something: many things are not waited with for the next turn.
func (s *Service) deliverNext(ctx context.Context, id string) {
	e, err := s.DB.Client.NoticeEndpoint.Query().Where(noticeendpoint.ID(id), noticeendpoint.Enabled(true)).Only(ctx)
	if err == nil {
		err = s.deliverTo(ctx, e)
	}
	if err != nil && !ent.IsNotFound(err) && ctx.Err() == nil {
		s.Log.Warn("notices could not be delivered", "error", err)
	}
}

// claim makes a delivery this process's for a while; nil where another one was first. One whose process dies is sent by
// another after that.
func (s *Service) claim(ctx context.Context, row *ent.NoticeDelivery) (*ent.NoticeDelivery, error) {
	until := s.now().Add(leaseFor)
	n, err := s.DB.Client.NoticeDelivery.Update().
		Where(noticedelivery.ID(row.ID), noticedelivery.StatusEQ(noticedelivery.StatusPENDING), noticedelivery.NextAt(row.NextAt)).
		SetNextAt(until).AddAttempts(1).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin to deliver a notice: %w", err)
	}
	if n == 0 {
		return nil, nil
	}
	row.NextAt, row.Attempts = until, row.Attempts+1
	return row, nil
}

// attempt sends a delivery once, notes what came of it, and tells whether it was taken.
func (s *Service) attempt(ctx context.Context, e *ent.NoticeEndpoint, row *ent.NoticeDelivery) (taken bool) {
	begun := s.now()
	answer, err := database.Caught(func() (*safehttp.Posted, error) { return s.send(ctx, e, row, begun) })
	if err != nil && ctx.Err() != nil { // the program stops; whoever runs next sends it again
		return false
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	r := result{begun, s.now().Sub(begun), answer, err}
	if err := s.note(last, e, row, r); err != nil {
		s.Log.Warn("what came of a notice's delivery could not be noted", "delivery", row.ID, "error", err)
		return false
	}
	return r.taken()
}

func (s *Service) send(ctx context.Context, e *ent.NoticeEndpoint, row *ent.NoticeDelivery, at time.Time) (*safehttp.Posted, error) {
	notice, err := s.DB.Client.Notice.Get(ctx, row.NoticeID)
	if err != nil {
		return nil, fmt.Errorf("read the notice: %w", err)
	}
	secrets, err := s.secrets(e)
	if err != nil {
		return nil, err
	}
	header, err := signed(row.NoticeID, at, []byte(notice.Body), secrets)
	if err != nil {
		return nil, err
	}
	return s.Client.Post(ctx, e.URL, []byte(notice.Body), header, safehttp.Options{Inside: true, Asker: e.ID, MaxBytes: answerMax})
}

// result is what came of an attempt: an answer or an error.
type result struct {
	begun  time.Time
	took   time.Duration
	answer *safehttp.Posted
	err    error
}

// taken tells whether the endpoint took it.
func (r result) taken() bool { return r.err == nil && r.answer.Status >= 200 && r.answer.Status < 300 }

// why is why it was not, for people.
func (r result) why() string {
	switch {
	case r.err != nil:
		return text.Line(secret.Redact(r.err.Error()), 1000)
	case r.answer.Status >= 300 && r.answer.Status < 400:
		return fmt.Sprintf("It answered %d and leads elsewhere. Redirects are not followed: change the endpoint's URL.", r.answer.Status)
	case r.answer.Status == http.StatusGone:
		return "It answered 410: nothing is to be sent there any more."
	}
	return fmt.Sprintf("It answered %d %s.", r.answer.Status, http.StatusText(r.answer.Status))
}

// wait is how long is waited before the next attempt after so many, more or less by a fifth: 5 s, 20 s, 80 s and so on, up
// to 6 hours; longer where the answer says so.
func (r result) wait(attempts int) time.Duration {
	if r.unsent() {
		return outOfReach
	}
	wait := longestWait
	if attempts < 8 { // else it would overflow
		wait = min(firstWait<<(2*(attempts-1)), longestWait)
	}
	wait = time.Duration(float64(wait) * (0.8 + 0.4*rand.Float64()))
	if r.answer != nil {
		wait = max(wait, min(r.answer.RetryAfter, longestWait))
	}
	return wait
}

// unsent tells whether nothing was sent, as the host is out of reach.
func (r result) unsent() bool {
	_, out := errors.AsType[*safehttp.OutOfReach](r.err)
	return out
}

// note writes what came of an attempt to the delivery, and what that means for its endpoint.
func (s *Service) note(ctx context.Context, e *ent.NoticeEndpoint, row *ent.NoticeDelivery, r result) error {
	return s.DB.Tx(ctx, func(tx *database.Tx) error {
		now := s.now()
		update := tx.NoticeDelivery.Update().
			Where(noticedelivery.ID(row.ID), noticedelivery.StatusEQ(noticedelivery.StatusPENDING), noticedelivery.NextAt(row.NextAt)).
			SetAttemptedAt(r.begun).SetTookMs(int(r.took.Milliseconds())).SetAnswer("")
		if r.answer != nil {
			update.SetAnswerStatus(r.answer.Status).SetAnswer(text.Block(secret.Redact(string(r.answer.Body))))
		} else {
			update.ClearAnswerStatus()
		}
		next := now.Add(r.wait(row.Attempts)).Truncate(time.Microsecond) // as both databases keep it
		switch {
		case r.taken():
			update.SetStatus(noticedelivery.StatusDELIVERED).ClearError()
		case next.After(row.GivesUpAt):
			update.SetStatus(noticedelivery.StatusFAILED).SetError(r.why())
		default:
			update.SetNextAt(next).SetError(r.why())
			if r.unsent() {
				update.AddAttempts(-1)
			}
		}
		n, err := update.Save(ctx)
		if err != nil || n == 0 { // it took so long that another process has sent it
			return err
		}
		return s.noteEndpoint(ctx, tx, e, row, r, now)
	})
}

// noteEndpoint keeps since when an endpoint fails, and disables one that has failed for days, or that says that it is
// gone.
func (s *Service) noteEndpoint(ctx context.Context, tx *database.Tx, e *ent.NoticeEndpoint, row *ent.NoticeDelivery, r result, now time.Time) error {
	of := tx.NoticeEndpoint.Update().Where(noticeendpoint.ID(e.ID))
	if r.taken() {
		return of.ClearFailingSince().SetDeliveredAt(now).Exec(ctx)
	}
	if err := of.Where(noticeendpoint.FailingSinceIsNil()).SetFailingSince(now).Exec(ctx); err != nil {
		return err
	}
	fresh, err := found(ctx, tx.Client(), e.ID)
	if err != nil {
		return err
	}
	gone := r.answer != nil && r.answer.Status == http.StatusGone
	if !gone && (now.Sub(*fresh.FailingSince) < failingFor || now.Sub(row.GivesUpAt.Add(-triesFor)) < triedFor) {
		return nil
	}
	reason := r.why()
	if !gone {
		reason = fmt.Sprintf("It has taken nothing since %s. Last: %s", date(*fresh.FailingSince), reason)
	}
	ctx = audit.WithActor(ctx, audit.Actor{})
	return s.disable(ctx, tx, fresh, reason)
}
