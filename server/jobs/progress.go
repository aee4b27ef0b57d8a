package jobs

import (
	"broker/ent/schema"
	"broker/server/metadata"
)

// skipsMax is how many entries a run's history keeps.
const skipsMax = 1000

// Expect says how many packages there are.
func (p *Run) Expect(total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total = &total
}

// Count adds packages that are done, and the versions that were added and removed.
func (p *Run) Count(packages, added, removed int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += packages
	p.added += added
	p.removed += removed
}

// Skip notes what was left out, and why.
func (p *Run) Skip(skips ...metadata.Skip) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range skips {
		if len(p.skipped) < skipsMax {
			p.skipped = append(p.skipped, schema.SyncSkip{Package: s.Package, Version: s.Version, Reason: s.Reason})
		}
	}
}

// skips is a copy of what was left out; never nil.
func (p *Run) skips() []schema.SyncSkip {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]schema.SyncSkip{}, p.skipped...)
}
