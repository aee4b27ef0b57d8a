package source

import (
	"context"
	"fmt"
	"net/url"

	"broker/server/metadata"
	"broker/server/safehttp"
)

// Advisor is a source that may be asked for the advisories of its packages.
type Advisor interface {
	// Advises tells whether it may be asked. It is called after Names or Open.
	Advises() bool
	// Advised tells whether the documents of its packages have the advisories instead.
	Advised() bool
	// Advisories are those of packages, by their names in lower case: a package that is left out has none.
	Advisories(ctx context.Context, names []string) (map[string][]metadata.Advisory, error)
}

// adviseAtATime is how many packages a source is asked for at a time, as Composer does for a large project.
const adviseAtATime = 500

// Advises implements Advisor.
func (c *Composer) Advises() bool { return c.list.advise != "" }

// Advised implements Advisor.
func (c *Composer) Advised() bool { return c.list.advised }

// Advisories implements Advisor (security-advisories.api-url).
func (c *Composer) Advisories(ctx context.Context, names []string) (map[string][]metadata.Advisory, error) {
	all := map[string][]metadata.Advisory{}
	for len(names) > 0 {
		n := min(len(names), adviseAtATime)
		if err := c.adviseSome(ctx, names[:n], all); err != nil {
			return nil, fmt.Errorf("ask for advisories: %w", err)
		}
		names = names[n:]
	}
	return all, nil
}

func (c *Composer) adviseSome(ctx context.Context, names []string, all map[string][]metadata.Advisory) error {
	h, err := c.budget.documents.hold(ctx)
	if err != nil {
		return err
	}
	defer func() { h.settle()() }()
	form := url.Values{"packages[]": names}.Encode()
	a, err := h.get(ctx, func() (*safehttp.Response, error) {
		return c.get(ctx, c.list.advise, safehttp.Options{MaxBytes: documentMax, Form: form})
	})
	if err != nil {
		return err
	}
	found, err := metadata.ReadAdvisories(a.body)
	if err != nil {
		return unusable(err)
	}
	for _, name := range names { // and no other
		if len(found[name]) > 0 {
			all[name] = found[name]
		}
	}
	return nil
}
