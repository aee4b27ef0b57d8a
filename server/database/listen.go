package database

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/lib/pq"

	"broker/ent/change"
)

// pingEvery is the pace of the listener's signs of life on PostgreSQL.
const pingEvery = time.Second

// listen follows PostgreSQL's notifications. A nil notification means the connection was made anew: what was sent in
// the gap is lost, so every memory is emptied.
func (c *Changes) listen(ctx context.Context) error {
	listener := pq.NewDialListener(newDialer(), c.db.url, 100*time.Millisecond, 2*time.Second, c.connection)
	defer listener.Close()
	if err := listener.Listen(channel); err != nil {
		return fmt.Errorf("listen for changes: %w", err)
	}
	c.renew(time.Now())
	pings := make(chan time.Time) // answered ones, with when they were sent
	go c.ping(ctx, listener, pings)
	for {
		select {
		case <-ctx.Done():
			return nil
		case note := <-listener.Notify:
			c.notified(note)
		case sent := <-pings:
			for waiting := true; waiting; { // what was announced before the answer comes first
				select {
				case note := <-listener.Notify:
					c.notified(note)
				default:
					waiting = false
				}
			}
			c.renew(sent)
		}
	}
}

// ping asks the listener's connection for a sign of life again and again. A server that is silent lets the lease lapse.
func (c *Changes) ping(ctx context.Context, listener *pq.Listener, answered chan<- time.Time) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		sent := time.Now()
		if listener.Ping() == nil {
			select {
			case answered <- sent:
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (c *Changes) notified(note *pq.Notification) {
	if note == nil {
		c.deliverAll()
		return
	}
	c.receive(note.Extra)
}

// connection follows the listener's connection: while it is down, memories must not be trusted.
func (c *Changes) connection(event pq.ListenerEventType, err error) {
	switch event {
	case pq.ListenerEventDisconnected, pq.ListenerEventConnectionAttemptFailed:
		c.lapse()
		c.db.log.Warn("changes made by other instances do not arrive", "error", err)
	}
}

// The pace of SQLite's polling, and how long a change is kept for slower readers.
const (
	pollEvery   = 200 * time.Millisecond
	keepChanges = time.Hour
)

// poll reads PRAGMA data_version, which moves when another connection committed, then the new rows of the changes
// table. SQLite has one writer at a time, so ids grow in the order of commits.
func (c *Changes) poll(ctx context.Context) error {
	conn, err := c.db.SQL.Conn(ctx)
	if err != nil {
		return fmt.Errorf("watch for changes: %w", err)
	}
	defer conn.Close()
	if err := conn.QueryRowContext(ctx, "SELECT COALESCE(MAX(id), 0) FROM changes").Scan(&c.last); err != nil {
		return fmt.Errorf("watch for changes: %w", err)
	}
	c.renew(time.Now())
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	prune := time.NewTicker(keepChanges / 4)
	defer prune.Stop()
	var version int64
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-prune.C:
			c.prune(ctx)
		case <-tick.C:
			version = c.pollOnce(ctx, conn, version)
		}
	}
}

// pollOnce returns the data version it has dealt with.
func (c *Changes) pollOnce(ctx context.Context, conn *sql.Conn, seen int64) int64 {
	var version int64
	asked := time.Now()
	err := conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&version)
	if err == nil && version != seen {
		err = c.readRows(ctx, conn)
	}
	if ctx.Err() != nil {
		return seen
	}
	if err != nil {
		c.lapse()
		c.db.log.Warn("changes made by other processes cannot be read", "error", err)
		return seen
	}
	c.renew(asked)
	return version
}

func (c *Changes) readRows(ctx context.Context, conn *sql.Conn) error {
	rows, err := conn.QueryContext(ctx, "SELECT id, topic, subject FROM changes WHERE id > ? ORDER BY id", c.last)
	if err != nil {
		return err
	}
	defer rows.Close()
	var changes []Change
	for rows.Next() {
		var id int64
		var change Change
		if err := rows.Scan(&id, &change.Topic, &change.Subject); err != nil {
			return err
		}
		c.last = id
		if !c.forgetOwn(id) {
			changes = append(changes, change)
		}
	}
	c.deliver(changes)
	return rows.Err()
}

// forgetOwn tells whether this process wrote the row, and so has delivered it already.
func (c *Changes) forgetOwn(id int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, own := c.own[id]
	delete(c.own, id)
	return own
}

func (c *Changes) prune(ctx context.Context) {
	old := time.Now().UTC().Add(-keepChanges)
	if _, err := c.db.Client.Change.Delete().Where(change.CreatedAtLT(old)).Exec(ctx); err != nil && ctx.Err() == nil {
		c.db.log.Warn("old changes could not be removed", "error", err)
	}
}
