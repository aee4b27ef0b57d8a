package database

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"entgo.io/ent/dialect"
	"github.com/oklog/ulid/v2"

	"broker/ent"
)

// Topic is a kind of cached thing.
type Topic string

// The topics, with what their subject is.
const (
	TopicToken      Topic = "token"      // a token's id
	TopicPackage    Topic = "package"    // a package's name: its documents and dists
	TopicNames      Topic = "names"      // the name of a package that there is now, or no longer
	TopicNews       Topic = "news"       // the name of a package of which a version may have been held back, found changed, or decided of
	TopicDist       Topic = "dist"       // the name of a package of which an archive was stored
	TopicRepository Topic = "repository" // a repository's id
	TopicUser       Topic = "user"       // a user's id
	TopicSetting    Topic = "setting"    // a setting's name
	TopicAdvisory   Topic = "advisory"   // a repository's id: what is known of the weaknesses of its packages; empty of what was written here
	TopicFilter     Topic = "filter"     // a repository's id: what filter lists say of its packages
	TopicBlock      Topic = "block"      // a block's id
)

// Change names one thing that caches must forget. An empty Subject means everything of the topic.
type Change struct {
	Topic   Topic
	Subject string
}

// Changes carries announcements to the caches of this process at once, and to other processes on the same database
// within a second: by LISTEN/NOTIFY on PostgreSQL, by polling PRAGMA data_version on SQLite.
type Changes struct {
	db     *DB
	origin string // marks this process's own notifications

	lease atomic.Int64 // until when announcements are known to arrive: since start, in nanoseconds
	start time.Time

	mu          sync.RWMutex
	subscribers map[Topic][]func(subject string)
	own         map[int64]struct{} // ids this process wrote to the changes table and has not read back
	last        int64              // newest id read from the changes table
}

// leaseFor is how long announcements are taken to arrive after the listener was last heard.
const leaseFor = 5 * time.Second

func newChanges(db *DB) *Changes {
	return &Changes{
		db:          db,
		origin:      ulid.Make().String(),
		start:       time.Now(),
		subscribers: map[Topic][]func(string){},
		own:         map[int64]struct{}{},
	}
}

// Subscribe has forget called, on the announcing goroutine, for every change of the topic; an empty subject means
// that everything must be forgotten, because announcements may have been lost. It must return quickly.
func (c *Changes) Subscribe(topic Topic, forget func(subject string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.subscribers[topic] = append(c.subscribers[topic], forget)
}

// Live tells whether announcements of other processes arrive: that is a lease, which every sign of life of the listener
// renews. While it has lapsed, nothing may be answered from a memory that such an announcement could have changed.
func (c *Changes) Live() bool { return c.LiveAt(time.Now()) }

// LiveAt is Live for who knows what time it is.
func (c *Changes) LiveAt(now time.Time) bool { return int64(now.Sub(c.start)) < c.lease.Load() }

// Run listens until the context ends.
func (c *Changes) Run(ctx context.Context) error {
	defer c.lapse()
	if c.db.dialect == dialect.SQLite {
		return c.poll(ctx)
	}
	return c.listen(ctx)
}

// renew extends the lease from when the listener was heard. Where it had lapsed, every memory is emptied before:
// announcements may have been lost.
func (c *Changes) renew(heard time.Time) {
	if !c.Live() {
		c.deliverAll()
	}
	c.lease.Store(int64(heard.Add(leaseFor).Sub(c.start)))
}

// lapse ends the lease now.
func (c *Changes) lapse() { c.lease.Store(min(c.lease.Load(), int64(time.Since(c.start)))) }

// LiveUntil is when the lease ends, or ended.
func (c *Changes) LiveUntil() time.Time { return c.start.Add(time.Duration(c.lease.Load())) }

// deliver calls the subscribers of each change.
func (c *Changes) deliver(changes []Change) {
	for _, change := range changes {
		c.mu.RLock()
		forget := c.subscribers[change.Topic]
		c.mu.RUnlock()
		for _, f := range forget {
			f(change.Subject)
		}
	}
}

// deliverAll empties every cache: announcements may have been lost.
func (c *Changes) deliverAll() {
	c.mu.RLock()
	var all []Change
	for topic := range c.subscribers {
		all = append(all, Change{Topic: topic})
	}
	c.mu.RUnlock()
	c.deliver(all)
}

// write puts a transaction's announcements where other processes see them once it commits.
func (c *Changes) write(ctx context.Context, tx *Tx) error {
	if len(tx.announced) == 0 {
		return nil
	}
	if c.db.dialect == dialect.SQLite {
		return c.writeRows(ctx, tx)
	}
	return c.notify(ctx, tx)
}

// maxAnnounced bounds what one transaction announces by subject; beyond, the whole topic is announced.
const maxAnnounced = 500

// compact replaces the subjects of a topic by one empty subject where there are too many.
func compact(changes []Change) []Change {
	if len(changes) <= maxAnnounced {
		return changes
	}
	seen := map[Topic]bool{}
	var topics []Change
	for _, change := range changes {
		if !seen[change.Topic] {
			seen[change.Topic] = true
			topics = append(topics, Change{Topic: change.Topic})
		}
	}
	return topics
}

func (c *Changes) writeRows(ctx context.Context, tx *Tx) error {
	changes := compact(tx.announced)
	builders := make([]*ent.ChangeCreate, len(changes))
	for i, change := range changes {
		builders[i] = tx.Change.Create().SetTopic(string(change.Topic)).SetSubject(change.Subject)
	}
	rows, err := tx.Change.CreateBulk(builders...).Save(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, row := range rows {
		c.own[row.ID] = struct{}{}
	}
	return nil
}

// channel is PostgreSQL's notification channel; a payload is origin|topic|subject.
const channel = "broker_changes"

func (c *Changes) notify(ctx context.Context, tx *Tx) error {
	for _, change := range compact(tx.announced) {
		payload := c.origin + "|" + string(change.Topic) + "|" + change.Subject
		if _, err := tx.ExecContext(ctx, "SELECT pg_notify($1, $2)", channel, payload); err != nil {
			return err
		}
	}
	return nil
}

// receive reads a payload of another process.
func (c *Changes) receive(payload string) {
	parts := strings.SplitN(payload, "|", 3)
	if len(parts) != 3 || parts[0] == c.origin {
		return
	}
	c.deliver([]Change{{Topic: Topic(parts[1]), Subject: parts[2]}})
}
