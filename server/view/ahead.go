package view

import (
	"context"
	"slices"
	"sync"
	"time"

	"broker/server/database"
	"broker/server/pattern"
)

// The bounds of Follow.
const (
	followAtATime = 16
	followMost    = 1000
	followReads   = 5 * time.Second  // for the database to say what is here already
	followFor     = 20 * time.Second // of all; what is under way then is fetched on, for who asks next
)

// Follow has packages fetched that only a source which does not list its packages may have, as the first request of an
// update would: of the names, lower case, that a token with these patterns may have. It returns which sources did not
// answer, by the package's name, as Document would.
func (v *View) Follow(ctx context.Context, names []string, visible pattern.Set) (map[string]error, error) {
	order, err := v.owners.Order(ctx)
	if err != nil {
		return nil, err
	}
	if patterns, all := order.FollowedNames(); !all && len(patterns) == 0 {
		return nil, nil
	}
	var asked []*decision
	seen := map[string]bool{}
	for _, name := range names {
		if pattern.ValidName(name) && (visible.Empty() || visible.Match(name)) && !seen[name] {
			seen[name] = true
			asked = append(asked, &decision{Decision: Decision{Package: name}})
		}
	}
	_, err = database.Within(ctx, followReads, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, v.readPackages(ctx, order, asked)
	})
	if err != nil {
		return nil, err
	}
	asked = slices.DeleteFunc(asked, func(d *decision) bool {
		answers := ""
		if d.answers != nil {
			answers = *d.answers.RepositoryID
		}
		return len(order.Follows(d.Package, answers)) == 0
	})
	whole, cancel := context.WithTimeout(ctx, followFor)
	defer cancel()
	var mu sync.Mutex
	failed := map[string]error{}
	places := make(chan struct{}, followAtATime)
	var under sync.WaitGroup
	for _, d := range asked[:min(len(asked), followMost)] {
		answers := ""
		if d.answers != nil {
			answers = *d.answers.RepositoryID
		}
		places <- struct{}{}
		under.Go(func() {
			defer func() { <-places }()
			_, err := v.follower.Follow(whole, d.Package, order.Follows(d.Package, answers))
			if err != nil && d.answers == nil {
				mu.Lock()
				defer mu.Unlock()
				failed[d.Package] = err
			}
		})
	}
	under.Wait()
	return failed, ctx.Err()
}
