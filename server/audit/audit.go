// Package audit keeps what was done: one event for every change, in the transaction that makes it, in a chain that
// shows what was changed, removed or moved afterwards.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"broker/ent"
	"broker/server/database"
	"broker/server/seal"
	"broker/server/secret"
	"broker/server/text"
)

// Actor is who does something, and from where. The zero value is the server itself.
type Actor struct {
	ID      string // usr_… or tok_…; empty for the command line and the server
	Name    string // for people
	Address netip.Addr
	Client  string // the User-Agent, as it was told
}

type actorKey struct{}

// WithActor returns a context in which things are done by an actor.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf is who does what is done in a context: the server itself unless WithActor said otherwise.
func ActorOf(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	if a.Name == "" {
		a.Name = "server"
	}
	return a
}

// Event is one thing that was done.
type Event struct {
	Action  string         // kind.verb, such as token.create
	Target  string         // the id of what it was done to
	Details map[string]any // what changed; never a secret
	Actor   *Actor         // nil: of the context
}

// Log appends to the chain and reads it.
type Log struct {
	db    *database.DB
	chain chain
	now   func() time.Time
	begun bool // the head was made with the key: one that is missing was removed
}

// New returns the log of a database, whose head is made with the first event. The key authenticates the chain; now is
// the clock.
func New(db *database.DB, key []byte, now func() time.Time) *Log {
	return &Log{db: db, chain: chain{key}, now: now}
}

// Open returns the log of a database with the key that Key reads. now is the clock.
func Open(ctx context.Context, db *database.DB, sealer *seal.Sealer, now func() time.Time) (*Log, error) {
	key, err := Key(ctx, db, sealer)
	if err != nil {
		return nil, err
	}
	return &Log{db: db, chain: chain{key}, now: now, begun: true}, nil
}

// The bounds of what callers say of themselves.
const (
	nameMax   = 250
	clientMax = 200
)

// Write appends events in the transaction that does what they tell, at its very end: the head's row is locked only
// then, so that no two transactions wait for each other. Events have the order of their commits and no gap.
func (l *Log) Write(ctx context.Context, tx *database.Tx, events ...Event) error {
	rows := make([]*ent.AuditEvent, len(events))
	for i, e := range events {
		var err error
		if rows[i], err = l.row(ctx, e); err != nil {
			return err
		}
	}
	if len(rows) > 0 {
		tx.Last(func() error { return l.append(ctx, tx, rows) })
	}
	return nil
}

// append chains events to the head and stores them.
func (l *Log) append(ctx context.Context, tx *database.Tx, rows []*ent.AuditEvent) error {
	head, err := l.lock(ctx, tx)
	if err != nil {
		return fmt.Errorf("lock the audit log: %w", err)
	}
	for _, row := range rows {
		row.Number = head.Number + 1
		row.ID, row.Hash = idOf(row.Number), l.chain.next(head.Hash, row)
		head.Number, head.Hash = row.Number, row.Hash
	}
	for some := range slices.Chunk(rows, insertMax) {
		if err := save(ctx, tx, some); err != nil {
			return fmt.Errorf("write the audit event %s: %w", some[0].Action, err)
		}
	}
	return l.keep(ctx, tx, head)
}

// row is an event as it is stored, not chained yet.
func (l *Log) row(ctx context.Context, e Event) (*ent.AuditEvent, error) {
	actor := ActorOf(ctx)
	if e.Actor != nil {
		actor = *e.Actor
	}
	details := []byte("{}")
	if len(e.Details) > 0 {
		var err error
		if details, err = json.Marshal(e.Details); err != nil {
			return nil, fmt.Errorf("details of the audit event %s: %w", e.Action, err)
		}
	}
	row := &ent.AuditEvent{
		At: l.now().UTC().Truncate(time.Microsecond), Actor: shorten(actor.Name, nameMax), ActorID: actor.ID, Action: e.Action, Details: secret.Redact(string(details)),
		Target: optional(e.Target), Client: optional(shorten(actor.Client, clientMax)),
	}
	if actor.Address.IsValid() {
		row.Address = optional(actor.Address.Unmap().String())
	}
	return row, nil
}

// insertMax is how many events one statement stores.
const insertMax = 500

func save(ctx context.Context, tx *database.Tx, rows []*ent.AuditEvent) error {
	builders := make([]*ent.AuditEventCreate, len(rows))
	for i, row := range rows {
		builders[i] = tx.AuditEvent.Create().SetID(row.ID).SetNumber(row.Number).SetAt(row.At).SetActor(row.Actor).SetActorID(row.ActorID).
			SetAction(row.Action).SetNillableTarget(row.Target).SetNillableAddress(row.Address).SetNillableClient(row.Client).
			SetDetails(row.Details).SetHash(row.Hash)
	}
	return tx.AuditEvent.CreateBulk(builders...).Exec(ctx)
}

// idOf is the id of the event with a number: ids sort as the chain runs.
func idOf(number int64) string { return fmt.Sprintf("evt_%016d", number) }

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// shorten keeps what a caller says of itself within bounds and on one line, without secrets.
func shorten(s string, most int) string { return text.Line(secret.Redact(text.Unbroken(s)), most) }
