package audit

import (
	"bytes"
	"context"
	"crypto/hmac"
	"fmt"

	"broker/ent"
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

// Verify reads the whole chain, as it is at one instant, and tells what of it was changed, removed, moved or added.
// Writers and retention go on beside it. It ends early only with the context.
func (l *Log) Verify(ctx context.Context) (*Check, error) {
	v := &verifier{chain: l.chain}
	err := l.db.Snapshot(ctx, func(tx *ent.Tx) error {
		head, err := tx.AuditHead.Get(ctx, headID)
		if ent.IsNotFound(err) {
			return l.verifyWithoutHead(ctx, tx, v)
		}
		if err != nil {
			return fmt.Errorf("read the head of the audit log: %w", err)
		}
		v.begin(head)
		if err := eachInOrder(ctx, tx, v.event); err != nil {
			return fmt.Errorf("read audit events: %w", err)
		}
		v.end()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return v.result(), nil
}

// verifyWithoutHead: a log whose head was made with its key, or that has events, must have one.
func (l *Log) verifyWithoutHead(ctx context.Context, tx *ent.Tx, v *verifier) error {
	n, err := tx.AuditEvent.Query().Count(ctx)
	if err != nil {
		return fmt.Errorf("count audit events: %w", err)
	}
	if l.begun || n > 0 {
		v.problem("the head of the log is missing, and %d events are there", n)
	}
	return nil
}

// verifier follows the chain.
type verifier struct {
	chain  chain
	head   *ent.AuditHead
	number int64  // of the event before
	hash   []byte // its hash, as stored
	check  Check
}

// begin takes where the chain begins and ends from its head.
func (v *verifier) begin(head *ent.AuditHead) {
	v.head, v.number, v.hash = head, head.Base, head.BaseHash
	v.check.Head = Head{head.Number, head.Hash}
	if !hmac.Equal(head.MAC, v.chain.mac(head)) {
		v.problem("the head of the log was changed: where it begins and ends cannot be trusted")
	}
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
	case e.Number > v.head.Number:
		v.problem("event %d (%s of %s) does not belong to the log: it ends with event %d", e.Number, e.Action, when(e), v.head.Number)
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
func (v *verifier) end() {
	switch {
	case v.number < v.head.Number:
		v.problem("%s missing", missing(v.number+1, v.head.Number))
	case !bytes.Equal(v.hash, v.head.Hash):
		v.problem("event %d is not the one the log ended with", v.head.Number)
	}
}

func (v *verifier) result() *Check {
	if len(v.check.Problems) > 0 {
		v.check.Problem = &v.check.Problems[0]
	}
	v.check.OK = v.check.Problem == nil
	return &v.check
}
