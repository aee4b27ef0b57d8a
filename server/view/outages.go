package view

import (
	"context"
	"fmt"
	"time"

	"broker/ent/pkg"
	"broker/server/pattern"
	"broker/server/repository"
	"broker/server/text"
)

// seenKey is a repository as a token with these patterns sees it.
type seenKey struct{ patterns, repository string }

// outagesMax is how many outages are told at once.
const outagesMax = 5

// Outages are lines on the sources that cannot be reached, for a token with these patterns: of those alone that it may see
// something stored of. There are none in ordinary times. What cannot be read just now is not told: no answer is refused for
// a line in it.
func (v *View) Outages(ctx context.Context, visible pattern.Set, now time.Time) []Message {
	outages, err := v.owners.Outages(ctx, now)
	if err != nil {
		return nil
	}
	var lines []Message
	for _, o := range outages {
		if len(lines) == outagesMax {
			break
		}
		if seen, err := v.sees(ctx, visible, o); err == nil && seen {
			lines = append(lines, Message{Message: down(o), Versions: "*"})
		}
	}
	return lines
}

// down is a sentence for the person at the terminal.
func down(o repository.Outage) string {
	return text.Composer(fmt.Sprintf(`The source "%s" cannot be reached since %s. What is stored of it is served, which may be older than what it has.`,
		o.Name, o.Since.UTC().Format("2 January 2006 15:04 UTC")))
}

// sees tells whether a token with these patterns sees a package of a repository.
func (v *View) sees(ctx context.Context, visible pattern.Set, o repository.Outage) (bool, error) {
	return v.seen.Get(ctx, seenKey{visible.Key(), o.RepositoryID}, func(ctx context.Context) (bool, error) {
		order, err := v.owners.Order(ctx)
		if err != nil {
			return false, err
		}
		const page = 1000
		for last := ""; ; {
			names, err := v.db.Client.Pkg.Query().
				Where(pkg.RepositoryID(o.RepositoryID), pkg.GoneAtIsNil(), pkg.NameGT(last), Within(visible)).
				Order(pkg.ByName()).Limit(page).Select(pkg.FieldName).Strings(ctx)
			if err != nil {
				return false, fmt.Errorf("look for what a repository has: %w", err)
			}
			for _, name := range names {
				if order.First(name, o.RepositoryID) != "" {
					return true, nil
				}
			}
			if len(names) < page {
				return false, nil
			}
			last = names[len(names)-1]
		}
	})
}
