package composer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"broker/server/auth"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/metadata"
	"broker/server/text"
	"broker/server/turns"
	"broker/server/view"
)

// lockMax is how large a lock file may be, in bytes.
const lockMax = 10 << 20

// The bounds of the memory of lock files that are read: how many at a time, and of one token, so that none takes all. Who
// comes while there are more waits, as a pipeline of many jobs does.
const (
	preflightsAtATime = 8
	preflightsOfOne   = 2
	preflightWaits    = 45 * time.Second // below what proxies wait for an answer
	lockWithin        = 30 * time.Second // for a lock file to arrive, once it is read
	decideWithin      = 8 * time.Second  // for the database
	packagesARequest  = 20               // packages that are looked through for one request of the token's limit
)

// Preflight answers what a token gets of the packages of a lock file, before anything is installed. What nobody has asked
// for yet of a source that is followed by name is looked for, as an install would, and archives that are not stored are
// fetched beside. It costs one request for each packagesARequest packages begun.
func (h *Handler) Preflight() http.HandlerFunc {
	places, tokens := make(chan struct{}, preflightsAtATime), turns.New(preflightsOfOne)
	return h.route(func(q *request) error {
		if err := q.AdmitTo(""); err != nil {
			return err
		}
		done, err := q.place(tokens, places)
		if err != nil {
			return err
		}
		defer done()
		body, err := io.ReadAll(http.MaxBytesReader(q.W, q.R.Body, lockMax))
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return malformedLock(errors.New("it has more than 10 MiB"))
		}
		if err != nil {
			return malformedLock(errors.New("it broke off"))
		}
		locked, err := metadata.ReadLock(body)
		if err != nil {
			return malformedLock(err)
		}
		q.Charge((len(locked) - 1) / packagesARequest)
		answer, err := q.preflight(locked)
		if err != nil {
			return err
		}
		return q.writeJSON(answer)
	})
}

// place waits for a place among the lock files that are read. The time for the body to arrive begins when it is read: it
// must not run out while others are.
func (q *request) place(tokens *turns.Turns, places chan struct{}) (done func(), err error) {
	control := http.NewResponseController(q.W)
	control.SetReadDeadline(time.Time{}) // an error means that there is none
	defer func() { control.SetReadDeadline(time.Now().Add(lockWithin)) }()
	ctx, cancel := context.WithTimeout(q.R.Context(), preflightWaits)
	defer cancel()
	turn, err := tokens.Take(ctx, q.Token.ID)
	if err == nil {
		select {
		case places <- struct{}{}:
			return func() { <-places; turn() }, nil
		case <-ctx.Done():
			turn()
		}
	}
	if gone := q.R.Context().Err(); gone != nil {
		return nil, gone
	}
	return nil, &auth.Refusal{Status: http.StatusServiceUnavailable, Code: auth.CodeUnavailable, RetryAfter: 5,
		Message: "Too many lock files are looked through just now, of this access token or in all. Try again in a moment."}
}

func malformedLock(err error) error {
	return &auth.Refusal{Status: http.StatusBadRequest, Code: "BAD_USER_INPUT", Message: "The body is no lock file of Composer: " + err.Error() + "."}
}

// reasonMost is how long the reason may be that is told of a package, in bytes.
const reasonMost = 2000

// preflight decides of each package, and has what is missing fetched.
func (q *request) preflight(locked []metadata.Locked) (*view.Preflighted, error) {
	var asked []view.Asked
	var names []string
	of := make([]int, len(locked)) // which of asked each is; -1: nothing is asked of it
	for i := range locked {
		l := &locked[i]
		if of[i] = -1; own(l) == "" {
			of[i] = len(asked)
			asked = append(asked, view.Asked{Package: l.Name, Version: l.Version, Lock: q.named(l)})
			names = append(names, strings.ToLower(l.Name))
		}
	}
	ctx := q.R.Context()
	silent, err := q.h.View.Follow(ctx, names, q.Token.Packages)
	if err != nil {
		return nil, err
	}
	decided, err := database.Within(ctx, decideWithin, func(ctx context.Context) ([]view.Decision, error) {
		return q.h.View.Decide(ctx, q.Token.Packages, q.Token.Rules, asked)
	})
	if err != nil {
		return nil, err
	}
	answer := &view.Preflighted{OK: true, Packages: make([]view.PreflightedLocked, len(locked))}
	packed := map[string]bool{} // branches of which a commit is fetched: a lock file has each package once
	for i := range locked {
		l, one := &locked[i], &answer.Packages[i]
		*one = view.PreflightedLocked{Name: l.Name, Version: l.Version, Dev: l.Dev}
		if of[i] < 0 {
			one.Outcome, one.Stored, one.Reason = view.Allowed, true, own(l)
		} else {
			d := &decided[of[i]]
			q.tell(one, d, !packed[d.Package])
			packed[d.Package] = packed[d.Package] || d.Branch != nil
			if err := silent[d.Package]; err != nil && d.Outcome == view.Missing {
				one.Reason = fmt.Sprintf("There may be a package %s, but %s.", d.Package, reasonOf(err))
			}
		}
		one.Reason = text.Line(one.Reason, reasonMost)
		answer.Summary.Count(one)
		answer.OK = answer.OK && one.Good()
	}
	return answer, nil
}

// reasonOf is why a source did not answer, for people.
func reasonOf(err error) string {
	if unavailable, ok := errors.AsType[*catalog.Unavailable](err); ok {
		return strings.TrimSuffix(unavailable.Reason, ".")
	}
	return "its source could not be asked in time"
}

// own is why an install gets nothing of a package from any server; empty where it does.
func own(l *metadata.Locked) string {
	switch {
	case !strings.Contains(l.Name, "/"):
		return "It is of the platform: nothing of it is installed."
	case l.Type == "metapackage":
		return "It is a metapackage: it has no archive."
	case l.Dist.Type == "path":
		return "It is a folder beside the project: nothing of it is fetched."
	}
	return ""
}

// named is which archive a lock file names: by its address, where that is of this server, else by what it is said to be of.
func (q *request) named(l *metadata.Locked) *view.Locked {
	n := &view.Locked{References: []string{l.Dist.Reference, l.SourceReference}}
	u, err := url.Parse(l.Dist.URL)
	if err != nil || !q.h.View.Serves(u) {
		return n
	}
	path, ok := parseDistPath(u.Path, u.RawPath)
	normalized, err := metadata.Normalize(l.Version)
	if err != nil {
		normalized = l.Version
	}
	if version, _ := catalog.Addressed(normalized, ""); ok && path.name == strings.ToLower(l.Name) && path.version == version {
		n.Reference = path.reference
	}
	return n
}

// tell writes a decision into the answer, and has its archive fetched where it is allowed and not stored; one of another
// commit only where pack says so, as it costs a look into a git repository.
func (q *request) tell(one *view.PreflightedLocked, d *view.Decision, pack bool) {
	one.Outcome, one.Changed, one.Stored, one.Reason = d.Outcome, d.Changed, d.Stored, d.Why()
	switch d.Outcome {
	case view.NotAllowed:
		one.Stored = false // whether it is here is not for who may not have it
		return
	case view.Missing, view.BlockedNow:
		return
	}
	failed := ""
	switch {
	case d.Stored:
	case d.Branch != nil && pack:
		one.Fetching, failed = q.h.Fetches.add(fetch{d.Branch, d.Commit, q.Token.ID})
	case d.Dist != nil:
		one.Fetching, failed = q.h.Fetches.add(fetch{d.Dist, "", q.Token.ID})
	}
	switch {
	case failed != "":
		one.Fetching = false // it is tried again, which may come to the same
		if one.Outcome == view.Allowed {
			one.Outcome = view.Missing
		}
		one.Reason = failed
	case one.Reason != "":
	case d.Stored && d.Dist == nil:
		one.Reason = "It has no archive."
	default:
		one.Reason = allowedFor(one)
		if d.Gone {
			one.Reason += " Updates do not see it any more."
		}
	}
}

// allowedFor says how an archive that is allowed stands.
func allowedFor(one *view.PreflightedLocked) string {
	said := "Its archive is stored here."
	switch {
	case one.Fetching:
		said = "Its archive is not stored here yet, and is being fetched."
	case !one.Stored:
		said = "Its archive is not stored here yet; too many others are being fetched, so that the install will."
	}
	if one.Changed {
		said += " An update would get another one by now."
	}
	return said
}
