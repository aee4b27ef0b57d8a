package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"broker/ent"
	"broker/ent/predicate"
	"broker/server/tokens"
)

// filterFlags narrow to tokens.
type filterFlags struct {
	*flags
	status, search, externalID, label, unusedFor, expiresWithin, parent *string
	neverUsed, leaked, claimPending                                     *bool
}

func newFilterFlags(own *flags) *filterFlags {
	f := &filterFlags{flags: own}
	for name, target := range map[string]**string{
		"status": &f.status, "search": &f.search, "external-id": &f.externalID, "label": &f.label, "unused-for": &f.unusedFor,
		"expires-within": &f.expiresWithin, "parent": &f.parent,
	} {
		*target = f.String(name, "", "")
	}
	f.neverUsed, f.leaked, f.claimPending = f.Bool("never-used", false, ""), f.Bool("leaked", false, ""), f.Bool("claim-pending", false, "")
	return f
}

// where is the filter of the flags.
func (f *filterFlags) where(now time.Time) (tokens.Where, error) {
	where := tokens.Where{
		Search: given(f.flags, "search", f.search), ExternalID: given(f.flags, "external-id", f.externalID),
		Parent: given(f.flags, "parent", f.parent), NeverUsed: given(f.flags, "never-used", f.neverUsed),
		Leaked: given(f.flags, "leaked", f.leaked), ClaimPending: given(f.flags, "claim-pending", f.claimPending),
	}
	if f.given("status") {
		status := tokens.Status(strings.ToUpper(*f.status))
		if status != tokens.Active && status != tokens.Expired && status != tokens.Disabled && status != tokens.Revoked {
			return where, &usageError{"--status is active, expired, disabled or revoked"}
		}
		where.Status = []tokens.Status{status}
	}
	if f.given("label") {
		labels, err := parseLabels([]string{*f.label})
		if err != nil {
			return where, err
		}
		where.Label = &labels[0]
	}
	return where, f.days(&where, now)
}

// any tells whether a filter is on the command line.
func (f *filterFlags) any() bool {
	return slices.ContainsFunc([]string{"status", "search", "external-id", "label", "unused-for", "expires-within", "parent",
		"never-used", "leaked", "claim-pending"}, f.given)
}

// conditions are the filter of the flags, as the database's.
func (f *filterFlags) conditions(now time.Time) ([]predicate.Token, error) {
	where, err := f.where(now)
	if err != nil {
		return nil, err
	}
	return where.Predicates(now)
}

func (f *filterFlags) days(where *tokens.Where, now time.Time) error {
	for name, set := range map[string]func(days int){
		"unused-for":     func(days int) { at := now.AddDate(0, 0, -days); where.UnusedSince = &at },
		"expires-within": func(days int) { at := now.AddDate(0, 0, days); where.ExpiresBefore = &at },
	} {
		if !f.given(name) {
			continue
		}
		days, ok := parseDays(f.Lookup(name).Value.String())
		if !ok {
			return &usageError{fmt.Sprintf("--%s is a number of days, such as 90d", name)}
		}
		set(days)
	}
	return nil
}

func rotateToken(f *flags) work {
	grace := f.Duration("grace", tokens.GraceDefault, "")
	return func(ctx context.Context, t *tools) error {
		done, err := t.access.Rotate(ctx, nil, f.words[0], *grace)
		if err != nil {
			return err
		}
		fmt.Fprintf(t.Err, "Token %s (%s) has a new secret, shown this once. The old one works until %s.\n",
			done.Token.ID, done.Token.Description, date(&done.PreviousExpiresAt, ""))
		fmt.Fprintln(t.Out, done.Secret.Reveal())
		return nil
	}
}

func endRotation(f *flags) work {
	return func(ctx context.Context, t *tools) error {
		row, err := t.access.EndRotation(ctx, nil, f.words[0])
		return t.said(err, "Only the new secret of token %s works now.\n", row)
	}
}

func cancelRotation(f *flags) work {
	return func(ctx context.Context, t *tools) error {
		row, err := t.access.CancelRotation(ctx, nil, f.words[0])
		return t.said(err, "Only the old secret of token %s works now.\n", row)
	}
}

// said tells what was done to tokens.
func (t *tools) said(err error, format string, rows ...*ent.Token) error {
	if err != nil {
		return err
	}
	for _, row := range rows {
		fmt.Fprintf(t.Err, format, row.ID+" ("+row.Description+")")
	}
	return nil
}

// idsMax is how many tokens a command names.
const idsMax = 100

func disableTokens(f *flags) work {
	reason := f.String("reason", "", "")
	return func(ctx context.Context, t *tools) error {
		rows, err := t.access.Disable(ctx, nil, f.words, given(f, "reason", reason))
		return t.said(err, "Token %s is disabled.\n", rows...)
	}
}

// given is a flag's value where it is on the command line, else nil.
func given[T any](f *flags, name string, value *T) *T {
	if f.given(name) {
		return value
	}
	return nil
}

func enableTokens(f *flags) work {
	return func(ctx context.Context, t *tools) error {
		rows, err := t.access.Enable(ctx, nil, f.words)
		return t.said(err, "Token %s is enabled.\n", rows...)
	}
}

func releaseTokens(f *flags) work {
	return func(ctx context.Context, t *tools) error {
		rows, err := t.access.Release(ctx, f.words)
		return t.said(err, "Token %s is independent now.\n", rows...)
	}
}

func revokeTokens(own *flags) work {
	f := newFilterFlags(own)
	reason := f.String("reason", "", "")
	yes := f.Bool("yes", false, "")
	return func(ctx context.Context, t *tools) error {
		if len(f.words) > 0 {
			if f.any() {
				return &usageError{"token revoke: name tokens, or give a filter, not both"}
			}
			rows, err := t.access.Revoke(ctx, nil, f.words, given(f.flags, "reason", reason))
			return t.said(err, "Token %s is revoked.\n", rows...)
		}
		if !f.any() {
			return &usageError{"token revoke: name tokens, or give a filter"}
		}
		conditions, err := f.conditions(t.now)
		if err != nil {
			return err
		}
		return t.revokeMatching(ctx, conditions, given(f.flags, "reason", reason), *yes)
	}
}

// revokeMatching shows what a filter would end, and ends it if told to.
func (t *tools) revokeMatching(ctx context.Context, conditions []predicate.Token, reason *string, yes bool) error {
	preview, err := t.access.Preview(ctx, nil, nil, conditions)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.Err, "%d tokens match; %d of them were used in the last 7 days, and %d tokens that they made end with them.\n",
		preview.Count, preview.ActiveCount, preview.ChildCount)
	for _, row := range preview.Active {
		fmt.Fprintf(t.Err, "  %s  %s  last used %s\n", row.ID, row.Description, date(row.LastUsedAt, "never"))
	}
	if !yes {
		fmt.Fprintln(t.Err, "Nothing was revoked. Add --yes to revoke them.")
		return nil
	}
	n, err := t.access.RevokeMatching(ctx, nil, conditions, preview.Count, reason)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.Err, "%d tokens are revoked.\n", n)
	return nil
}
