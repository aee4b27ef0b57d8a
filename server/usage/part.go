package usage

import (
	"fmt"
	"hash/maphash"
)

// part is what one transaction writes of a flush. The transaction keeps its id, so that a part which is written twice
// counts once.
type part struct {
	id    string
	batch *batch
}

// split divides a batch into parts, by token: what concerns one token stays together. There is one at least, for what
// else is written with it.
func (b *batch) split(flush string) []part {
	n := 1 + b.size()/partMax
	parts := make([]part, n)
	for i := range parts {
		parts[i] = part{fmt.Sprintf("%s/%d", flush, i), newBatch(b.max)}
	}
	if n == 1 {
		parts[0].batch = b
		return parts
	}
	seed := maphash.MakeSeed()
	of := func(token string) *batch { return parts[maphash.String(seed, token)%uint64(n)].batch }
	for key, c := range b.hours {
		of(key.token).hours[key] = c
	}
	for key, c := range b.downloads {
		of(key.token).downloads[key] = c
	}
	for key, c := range b.uses {
		of(key.token).uses[key] = c
	}
	return parts
}
