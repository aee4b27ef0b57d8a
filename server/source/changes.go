package source

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"broker/server/metadata"
	"broker/server/safehttp"
)

// Changes are what changed of a source.
type Changes struct {
	All   bool            // it does not tell, or not as far back: any package may have
	Names map[string]bool // in lower case
	Mark  string          // tells this moment from later ones; empty where it cannot tell
}

// Changer is a source that may tell which of its packages changed.
type Changer interface {
	// Changed tells what changed since a mark that it gave; an empty one is of no moment. It is called after Names or Open.
	Changed(ctx context.Context, since string) Changes
}

// changesMax is how many changes are told of one by one; with more all packages are read.
const changesMax = 100_000

// Changed implements Changer (metadata-changes-url, as packagist.org has it). What cannot be read is as if nothing was
// told: then all packages are asked for what changed of them.
func (c *Composer) Changed(ctx context.Context, since string) Changes {
	u, err := url.Parse(c.list.changes)
	if c.list.changes == "" || err != nil {
		return Changes{All: true}
	}
	if since == "" {
		since = "0"
	}
	query := u.Query()
	query.Set("since", since)
	u.RawQuery = query.Encode()
	h, err := c.budget.documents.hold(ctx)
	if err != nil {
		return Changes{All: true}
	}
	defer func() { h.settle()() }()
	a, err := h.get(ctx, func() (*safehttp.Response, error) {
		return c.get(ctx, u.String(), safehttp.Options{MaxBytes: documentMax})
	})
	if err != nil {
		return Changes{All: true}
	}
	read, err := metadata.ReadChanges(a.body, changesMax)
	if err != nil {
		return Changes{All: true}
	}
	told := Changes{All: since == "0" || read.All, Names: map[string]bool{}, Mark: fmt.Sprint(read.At)}
	for _, name := range read.Names {
		told.Names[strings.TrimSuffix(strings.ToLower(name), "~dev")] = true
	}
	return told
}
