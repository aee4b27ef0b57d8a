package main

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode"
)

// The bounds of what the log says again and again.
const (
	quietFor  = time.Minute
	quietMost = 1000 // different lines remembered
)

// quiet is a log that tells of the same failure once a minute, with how often it came since: a database that is away
// would fill a disk with a line for every request. Lines are the same where their message and their error are, numbers
// such as ports aside.
type quiet struct {
	slog.Handler
	said *said
}

type said struct {
	mu    sync.Mutex
	lines map[string]*line
}

// line is a failure that was told of.
type line struct{ more int }

func newQuiet(h slog.Handler) slog.Handler { return quiet{h, &said{lines: map[string]*line{}}} }

// WithAttrs implements slog.Handler.
func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler {
	return quiet{q.Handler.WithAttrs(attrs), q.said}
}

// WithGroup implements slog.Handler.
func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name), q.said} }

// Handle implements slog.Handler.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	key, failure := sameness(r)
	if !failure || q.said.first(key) {
		if failure {
			time.AfterFunc(quietFor, func() { q.repeat(key, r.Clone()) })
		}
		return q.Handler.Handle(ctx, r)
	}
	return nil
}

// first tells whether a line is to be said now; else it is counted.
func (s *said) first(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.lines[key]; l != nil {
		l.more++
		return false
	}
	if len(s.lines) >= quietMost {
		return true
	}
	s.lines[key] = &line{}
	return true
}

// repeat tells how often a line came in the last minute, and listens on while it comes.
func (q quiet) repeat(key string, r slog.Record) {
	q.said.mu.Lock()
	l := q.said.lines[key]
	if l == nil { // it was one too many to be remembered
		q.said.mu.Unlock()
		return
	}
	more := l.more
	l.more = 0
	if more == 0 {
		delete(q.said.lines, key)
	}
	q.said.mu.Unlock()
	if more == 0 {
		return
	}
	again := slog.NewRecord(time.Now(), r.Level, r.Message, 0)
	r.Attrs(func(a slog.Attr) bool { again.AddAttrs(a); return true })
	again.AddAttrs(slog.Int("times_in_the_last_minute", more))
	q.Handler.Handle(context.Background(), again) // what a log cannot take nobody hears of
	time.AfterFunc(quietFor, func() { q.repeat(key, r) })
}

// sameness is what two records of the same failure have in common. Only failures are told of less often: warnings and
// errors that have a cause.
func sameness(r slog.Record) (key string, failure bool) {
	if r.Level < slog.LevelWarn {
		return "", false
	}
	var b strings.Builder
	b.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "error" || a.Key == "err" {
			failure = true
			b.WriteByte('\n')
			for _, c := range a.Value.String() {
				if !unicode.IsDigit(c) {
					b.WriteRune(c)
				}
			}
		}
		return true
	})
	return b.String(), failure
}
