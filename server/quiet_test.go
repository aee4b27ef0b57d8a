package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A failure that comes again and again is told at once, and then once a minute with its number, whatever port or
// instant it names; others are told beside it, and what is no failure always.
func TestOutageIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		log := slog.New(newQuiet(slog.NewTextHandler(&out, nil)))
		lines := func() []string {
			synctest.Wait()
			return strings.Split(strings.TrimSpace(out.take()), "\n")
		}
		for i := range 3000 {
			log.Error("a request failed", "path", fmt.Sprint("/", i), "error", fmt.Errorf("read tcp 127.0.0.1:%d: no answer", i))
		}
		log.Error("a request failed", "error", errors.New("another cause"))
		log.Info("listening")
		log.Info("listening")
		log.Error("without a cause")
		log.Error("without a cause")
		if got := lines(); len(got) != 6 {
			t.Errorf("%d lines:\n%s", len(got), strings.Join(got, "\n"))
		}
		time.Sleep(quietFor + time.Second)
		if got := lines(); len(got) != 1 || !strings.Contains(got[0], "times_in_the_last_minute=2999") || !strings.Contains(got[0], "no answer") {
			t.Errorf("after a minute: %q", got)
		}
		time.Sleep(2 * quietFor)
		if got := lines(); len(got) != 1 || got[0] != "" {
			t.Errorf("when it is over: %q", got)
		}
		log.Error("a request failed", "error", errors.New("read tcp 127.0.0.1:9: no answer"))
		if got := lines(); len(got) != 1 || got[0] == "" {
			t.Errorf("when it comes again: %q", got)
		}
		time.Sleep(3 * quietFor)
	})
}

// However many different failures there are, what is remembered of them is bounded.
func TestRememberedFailuresAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		handler := newQuiet(slog.NewTextHandler(&out, nil)).(quiet)
		log := slog.New(handler)
		for i := range 3 * quietMost {
			log.Error("failed", "error", errors.New(strings.Repeat("x", i)))
		}
		if n, told := handler.said.size(), strings.Count(out.take(), "\n"); n > quietMost || told != 3*quietMost {
			t.Errorf("%d remembered, %d told", n, told)
		}
		time.Sleep(3 * quietFor)
		if n := handler.said.size(); n != 0 {
			t.Errorf("%d are never forgotten", n)
		}
	})
}

// size is how many lines are remembered.
func (s *said) size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.lines)
}

// lockedBuffer is a log's end.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// take returns what was written since the last time.
func (l *lockedBuffer) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.b.Reset()
	return l.b.String()
}
