// Package background bounds the work that computes and that no request waits for, such as that of a sync: requests
// always find a processor.
package background

import (
	"context"
	"runtime"
)

// Places are how much of it is under way at a time: as many as there are processors, but for one.
type Places struct{ taken chan struct{} }

// New makes the places of a process, of which there is at least one.
func New() *Places { return &Places{make(chan struct{}, max(1, min(runtime.GOMAXPROCS(0), runtime.NumCPU())-1))} }

// Do does some work once there is a place for it; where the context ends before, it returns its error. Work that waits
// keeps its place: it should not, least of all for another place.
func (p *Places) Do(ctx context.Context, work func() error) error {
	select {
	case p.taken <- struct{}{}:
		defer func() { <-p.taken }()
		return work()
	case <-ctx.Done():
		return ctx.Err()
	}
}
