package command

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"broker/ent"
	"broker/server/audit"
	"broker/server/text"
)

func listEvents(f *flags) work {
	var where audit.Where
	f.StringVar(&where.Actor, "actor", "", "")
	f.StringVar(&where.Action, "action", "", "")
	f.StringVar(&where.Target, "target", "", "")
	f.StringVar(&where.Search, "search", "", "")
	after, before := f.String("after", "", ""), f.String("before", "", "")
	asJSON := f.Bool("json", false, "")
	return func(ctx context.Context, t *tools) error {
		var err error
		if where.After, err = parseDay("after", *after); err != nil {
			return err
		}
		if where.Before, err = parseDay("before", *before); err != nil {
			return err
		}
		list := &array{w: t.Out}
		err = t.events.Each(ctx, where.Predicates(), func(e *ent.AuditEvent) error {
			if *asJSON {
				return list.add(audit.Export(e))
			}
			_, err := fmt.Fprintf(t.Out, "%s  %s  %s  %s  %s\n", e.At.UTC().Format("2006-01-02 15:04:05"), e.Actor, e.Action, orDash(e.Target), text.Line(e.Details, 4096))
			return err
		})
		if err != nil || !*asJSON {
			return err
		}
		return list.end()
	}
}

func orDash(s *string) string {
	if s == nil {
		return "-"
	}
	return *s
}

func parseDay(name, given string) (*time.Time, error) {
	if given == "" {
		return nil, nil
	}
	day, err := time.Parse("2006-01-02", given)
	if err != nil {
		return nil, &usageError{fmt.Sprintf("--%s is a day, such as 2027-01-31", name)}
	}
	return &day, nil
}

// verifyAudit names what of the chain was changed, removed or moved.
func verifyAudit(_ *flags) work {
	return func(ctx context.Context, t *tools) error {
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
}
