package audit

import (
	"bytes"
	"context"
	"crypto/hmac"
	"fmt"

	"broker/ent"
	"broker/ent/auditevent"
)

// Check is what reading the whole chain found.
type Check struct {
	OK       bool
	Checked  int64    // events read
	Problem  *string  // the first problem, for people; nil where there is none
	Problems []string // all of them, up to problemsMax
	Head     Head
}

// Head is where the chain ends. Kept elsewhere, it shows later that the chain still contains what it did.
type Head struct {
	Number int64
	Hash   []byte
}

// problemsMax is how many problems are told.
const problemsMax = 20

// pageSize is how many events are read at a time.
const pageSize = 1000

// Verify reads the whole chain and tells what of it was changed, removed or moved.
func (l *Log) Verify(ctx context.Context) (*Check, error) {
	head, err := l.db.Client.AuditHead.Get(ctx, headID)
	if ent.IsNotFound(err) {
		return l.verifyWithoutHead(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("read the head of the audit log: %w", err)
	}
	v := &verifier{chain: l.chain, number: head.Base, hash: head.BaseHash}
	v.check.Head = Head{head.Number, head.Hash}
	if !hmac.Equal(head.MAC, l.chain.mac(head)) {
		v.problem("the head of the log was changed: where it begins and ends cannot be trusted")
	}
	for after := int64(-1); ; {
		rows, err := l.page(ctx, after, head.Number)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			v.event(row)
			after = row.Number
		}
		if len(rows) < pageSize {
			break
		}
	}
	v.end(head)
	return v.result(), nil
}

// Head reads where the chain ends; the zero Head where nothing was written yet.
func (l *Log) Head(ctx context.Context) (Head, error) {
	row, err := l.db.Client.AuditHead.Get(ctx, headID)
	if ent.IsNotFound(err) {
		return Head{}, nil
	}
	if err != nil {
		return Head{}, fmt.Errorf("read the head of the audit log: %w", err)
	}
	return Head{row.Number, row.Hash}, nil
}

// verifyWithoutHead: an empty log has no head yet; one with events must have one.
func (l *Log) verifyWithoutHead(ctx context.Context) (*Check, error) {
	n, err := l.db.Client.AuditEvent.Query().Count(ctx)
	if err != nil {
		return nil, fmt.Errorf("count audit events: %w", err)
	}
	v := &verifier{}
	if n > 0 {
		v.problem("the head of the log is missing, and %d events are there", n)
	}
	return v.result(), nil
}

// page reads events after a number. Those written since the head was read are not this check's.
func (l *Log) page(ctx context.Context, after, last int64) ([]*ent.AuditEvent, error) {
	rows, err := l.db.Client.AuditEvent.Query().
		Where(auditevent.NumberGT(after), auditevent.NumberLTE(last)).
		Order(ent.Asc(auditevent.FieldNumber)).Limit(pageSize).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read audit events: %w", err)
	}
	return rows, nil
}

// verifier follows the chain.
type verifier struct {
	chain  chain
	number int64  // of the event before
	hash   []byte // its hash, as stored
	check  Check
}

func (v *verifier) problem(format string, args ...any) {
	if len(v.check.Problems) < problemsMax {
		v.check.Problems = append(v.check.Problems, fmt.Sprintf(format, args...))
	}
}

func (v *verifier) event(e *ent.AuditEvent) {
	v.check.Checked++
	switch {
	case e.Number <= v.number:
		v.problem("event %d (%s of %s) does not belong to the log: it begins after event %d", e.Number, e.Action, when(e), v.number)
		return
	case e.Number > v.number+1:
		v.problem("%s missing", missing(v.number+1, e.Number-1))
	case e.ID != idOf(e.Number):
		v.problem("event %d (%s of %s) was moved: it has the id %s", e.Number, e.Action, when(e), e.ID)
	case !bytes.Equal(e.Hash, v.chain.next(v.hash, e)):
		v.problem("event %d (%s of %s) was changed or moved", e.Number, e.Action, when(e))
	}
	v.number, v.hash = e.Number, e.Hash
}

func when(e *ent.AuditEvent) string { return e.At.UTC().Format("2006-01-02 15:04:05") }

func missing(from, to int64) string {
	if from == to {
		return fmt.Sprintf("event %d is", from)
	}
	return fmt.Sprintf("events %d to %d are", from, to)
}

// end compares the last event with the head.
func (v *verifier) end(head *ent.AuditHead) {
	switch {
	case v.number < head.Number:
		v.problem("%s missing", missing(v.number+1, head.Number))
	case !bytes.Equal(v.hash, head.Hash):
		v.problem("event %d is not the one the log ended with", head.Number)
	}
}

func (v *verifier) result() *Check {
	if len(v.check.Problems) > 0 {
		v.check.Problem = &v.check.Problems[0]
	}
	v.check.OK = v.check.Problem == nil
	return &v.check
}
