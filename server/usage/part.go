package usage

import (
	"cmp"
	"fmt"
	"slices"
)

// part is what one transaction writes of a flush. The transaction keeps its id, so that a part which is written twice
// counts once.
type part struct {
	id      string
	entries []entry
}

// entry is a key with its tally.
type entry struct {
	key
	tally
}

// split divides what was counted into parts, in the order of tokens, so that the sums of one are few. There is one at
// least, for what else is written with it.
func (p *pending) split(flush string) []part {
	all := make([]entry, 0, len(p.tallies))
	for k, t := range p.tallies {
		all = append(all, entry{k, t})
	}
	slices.SortFunc(all, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.token, b.token), cmp.Compare(a.secret, b.secret))
	})
	parts := make([]part, 0, 1+len(all)/partMax)
	for some := range slices.Chunk(all, partMax) {
		parts = append(parts, part{fmt.Sprintf("%s/%d", flush, len(parts)), some})
	}
	if len(parts) == 0 {
		parts = append(parts, part{id: flush + "/0"})
	}
	return parts
}
