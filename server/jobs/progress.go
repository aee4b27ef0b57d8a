package mirror

import (
	"sync"

	"broker/ent/schema"
	"broker/server/catalog"
	"broker/server/metadata"
)

func skipOf(name, version, reason string) metadata.Skip {
	return metadata.Skip{Package: name, Version: version, Reason: reason}
}

// expect says how many packages there are.
func (p *progress) expect(total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total = &total
}

// count adds packages that are done and what changed in them.
func (p *progress) count(packages int, outcome catalog.Outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += packages
	p.added += outcome.Added
	p.removed += outcome.Removed
}

// skip notes what was left out, and why.
func (p *progress) skip(skips ...metadata.Skip) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range skips {
		if len(p.skipped) < skipsMax {
			p.skipped = append(p.skipped, skip{Package: s.Package, Version: s.Version, Reason: s.Reason})
		}
	}
}

// skips is a copy of what was left out; never nil.
func (p *progress) skips() []schema.SyncSkip {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]schema.SyncSkip{}, p.skipped...)
}

// outage tells a source that is down from one that fails for some packages.
type outage struct {
	mu  sync.Mutex
	row int // failures since the last answer
}

func (o *outage) answered() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.row = 0
}

// failed counts a failure and tells whether the source must be taken for down.
func (o *outage) failed() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.row++
	return o.row >= outageAfter
}
