package composer

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"broker/server/auth"
	"broker/server/text"
	"broker/server/usage"
	"broker/server/view"
)

// linesMost is how many lines packages.json has for the person at the terminal; the most important come first.
const linesMost = 5

// Root answers packages.json as the token may see it, with what the person at the terminal should know. With such lines
// it is never answered by a 304, for which Composer would not print them.
func (h *Handler) Root() http.HandlerFunc {
	return h.route(func(q *request) error {
		if err := q.Authorize(""); err != nil {
			return err
		}
		document, err := q.h.View.Root(q.R.Context(), q.Token.Packages)
		if err != nil {
			return err
		}
		warnings, infos := q.lines()
		if len(warnings)+len(infos) == 0 && q.has(document) {
			if q.Peek(); !q.nearlyUsed() {
				return q.document(document)
			}
		}
		if err := q.Admit(); err != nil {
			return err
		}
		if q.nearlyUsed() {
			warnings = slices.Insert(warnings, 0, line(q.left()))
		}
		if len(warnings)+len(infos) == 0 {
			return q.document(document)
		}
		warnings = warnings[:min(len(warnings), linesMost)]
		return q.rootWith(warnings, infos[:min(len(infos), linesMost-len(warnings))])
	})
}

// rootWith answers with lines that Composer prints on every run. Its Last-Modified is the present time, which no answer
// is kept by.
func (q *request) rootWith(warnings, infos []view.Message) error {
	body, err := q.h.View.RootWith(q.R.Context(), q.Token.Packages, warnings, infos)
	if err != nil {
		return err
	}
	header := q.W.Header()
	header.Set("Last-Modified", q.h.Now().UTC().Format(http.TimeFormat))
	header.Set("Cache-Control", "private, no-store")
	header.Set("Content-Type", "application/json")
	q.Event.Kind, q.Event.Bytes = usage.Metadata, int64(len(body))
	q.W.Write(body) // an error means that the client has gone
	return nil
}

// lines are what the person at the terminal should know: that the secret or the token ends soon, that a source cannot be
// reached, and what was decided of versions lately.
func (q *request) lines() (warnings, infos []view.Message) {
	now, t := q.h.Now(), q.Token
	if !t.SecretExpiresAt.IsZero() {
		warnings = append(warnings, line(replaced(t)))
	}
	if days, soon := expiresSoon(t, now); soon && q.h.ending.tell(t.ID, days, now) {
		warnings = append(warnings, line(expiring(t, days)))
	}
	warnings = append(warnings, q.h.View.Outages(q.R.Context(), t.Packages, now)...)
	return warnings, q.h.View.News(q.R.Context(), t.Packages, t.Rules, now)
}

func line(said string) view.Message {
	return view.Message{Message: text.Composer(said), Versions: "*"}
}

// dayFormat is how a line names an instant.
const dayFormat = "2 January 2006 15:04 UTC"

// replaced says until when the secret works that was sent, and by which it was replaced.
func replaced(t *auth.Token) string {
	return fmt.Sprintf(`The secret of the access token "%s" was replaced, and the one used here works until %s. Use the new one, which ends in %s.`,
		t.Description, t.SecretExpiresAt.UTC().Format(dayFormat), t.NewestHint[max(0, len(t.NewestHint)-4):])
}

// stages are how many days before its end a token is told of.
var stages = [...]int{0, 1, 3, 7, 14}

func expiresSoon(t *auth.Token, now time.Time) (days int, soon bool) {
	if t.ExpiresAt.IsZero() {
		return 0, false
	}
	days = int(t.ExpiresAt.Sub(now).Hours() / 24)
	return days, days <= stages[len(stages)-1]
}

func expiring(t *auth.Token, days int) string {
	when := fmt.Sprintf("in %d days", days)
	switch days {
	case 0:
		when = "within a day"
	case 1:
		when = "in 1 day"
	}
	return fmt.Sprintf(`The access token "%s" expires %s, on %s. Ask for a new one, or have a maintainer extend it.`,
		t.Description, when, t.ExpiresAt.UTC().Format(dayFormat))
}

// ending remembers what was told of the ends of tokens: each stage is told for a day, from the first run in it on, which
// need not be on its first day.
type ending struct {
	mu   sync.Mutex
	told map[string]told
}

type told struct {
	stage int
	since time.Time
}

// The bounds of what is remembered; beyond, it is told again.
const (
	tellFor  = 24 * time.Hour
	toldMost = 100_000
)

// tell tells whether a token is to be told now that it ends in so many days.
func (e *ending) tell(id string, days int, now time.Time) bool {
	stage := 0
	for days > stages[stage] {
		stage++
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	before, known := e.told[id]
	if known && before.stage == stage {
		return now.Sub(before.since) < tellFor
	}
	if e.told == nil || len(e.told) >= toldMost {
		e.told = map[string]told{}
	}
	e.told[id] = told{stage, now}
	return true
}

// nearlyUsed tells whether less than a tenth of the token's limit is left.
func (q *request) nearlyUsed() bool { return q.Standing.Remaining*10 < q.Standing.Limit }

func (q *request) left() string {
	s := q.Standing
	return fmt.Sprintf(`%s of %s requests of the access token "%s" are left until %s.`,
		thousands(s.Remaining), thousands(s.Limit), q.Token.Description, s.Reset.UTC().Format("15:04 UTC"))
}

// thousands is a number with commas.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
