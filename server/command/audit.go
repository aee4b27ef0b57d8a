package command

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"broker/ent"
	"broker/server/audit"
)

func auditCommand(ctx context.Context, t *tools, args []string) error {
	do, rest, err := subcommand("audit", args, map[string]func(context.Context, *tools, []string) error{"list": listEvents, "verify": verifyAudit})
	if err != nil {
		return err
	}
	return do(ctx, t, rest)
}

func listEvents(ctx context.Context, t *tools, args []string) error {
	f := newFlags("audit list")
	var where audit.Where
	f.StringVar(&where.Actor, "actor", "", "")
	f.StringVar(&where.Action, "action", "", "")
	f.StringVar(&where.Target, "target", "", "")
	f.StringVar(&where.Search, "search", "", "")
	after, before := f.String("after", "", ""), f.String("before", "", "")
	asJSON := f.Bool("json", false, "")
	if err := f.parse(args, 0, 0); err != nil {
		return err
	}
	var err error
	if where.After, err = parseDay("after", *after); err != nil {
		return err
	}
	if where.Before, err = parseDay("before", *before); err != nil {
		return err
	}
	return t.events.Each(ctx, where.Predicates(), func(e *ent.AuditEvent) error {
		if *asJSON {
			return json.NewEncoder(t.Out).Encode(audit.Export(e))
		}
		_, err := fmt.Fprintf(t.Out, "%s  %s  %s  %s  %s\n", e.At.UTC().Format("2006-01-02 15:04:05"), e.Actor, e.Action, orDash(e.Target), e.Details)
		return err
	})
}

func orDash(s *string) string {
	if s == nil {
		return "-"
	}
	return *s
}

func parseDay(name, text string) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	day, err := time.Parse("2006-01-02", text)
	if err != nil {
		return nil, &usageError{fmt.Sprintf("--%s is a day, such as 2027-01-31", name)}
	}
	return &day, nil
}

// verifyAudit names what of the chain was changed, removed or moved.
func verifyAudit(ctx context.Context, t *tools, args []string) error {
	if err := newFlags("audit verify").parse(args, 0, 0); err != nil {
		return err
	}
	check, err := t.events.Verify(ctx)
	if err != nil {
		return err
	}
	for _, problem := range check.Problems {
		fmt.Fprintln(t.Out, problem)
	}
	if !check.OK {
		return errors.New("the audit log is not whole")
	}
	fmt.Fprintf(t.Out, "The audit log is whole: %d events. It ends with event %d, %s.\n", check.Checked, check.Head.Number, hex.EncodeToString(check.Head.Hash))
	return nil
}
