package ratelimit

import (
	"context"
	"hash/maphash"
	"sync"
	"time"

	"broker/ent"
	"broker/server/database"
)

// shards is how many locks the counts are spread over.
const shards = 64

// Memory counts in this process. Counts touched since the last Flush are written to the database by it, and read back
// by Restore, so that a restart does not renew a quota.
type Memory struct {
	seed   maphash.Seed
	shards [shards]shard
}

type shard struct {
	mu      sync.Mutex
	windows map[string]*counted
}

type counted struct {
	window
	touched bool // since the last flush
}

// NewMemory returns an empty counter.
func NewMemory() *Memory {
	m := &Memory{seed: maphash.MakeSeed()}
	for i := range m.shards {
		m.shards[i].windows = map[string]*counted{}
	}
	return m
}

func (m *Memory) shard(key string) *shard {
	return &m.shards[maphash.String(m.seed, key)%shards]
}

// Take decides and counts in one step.
func (m *Memory) Take(key string, limit, cost int, now time.Time) Result {
	s := m.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.windows[key]
	if c == nil {
		c = &counted{window: window{number: now.Unix() / windowSeconds}}
		s.windows[key] = c
	}
	c.advance(now.Unix())
	used := c.used(now.Unix())
	if used+int64(cost) > int64(limit) {
		return refused(&c.window, limit, used, now)
	}
	if cost > 0 {
		c.current += int64(cost)
		c.touched = true
	}
	return admitted(&c.window, limit, used+int64(cost))
}

// Flush writes the counts touched since the last one. Counts of a transaction that then fails are written by the
// next request's flush at the latest.
func (m *Memory) Flush(ctx context.Context, tx *database.Tx) error {
	rows := m.touched()
	for start := 0; start < len(rows); start += 500 {
		batch := rows[start:min(start+500, len(rows))]
		builders := make([]*ent.RateWindowCreate, len(batch))
		for i, row := range batch {
			builders[i] = tx.RateWindow.Create().SetID(row.ID).SetWindow(row.Window).SetCurrent(row.Current).SetPrevious(row.Previous)
		}
		if err := tx.RateWindow.CreateBulk(builders...).OnConflictColumns("id").UpdateNewValues().Exec(ctx); err != nil {
			m.touch(rows)
			return err
		}
	}
	return nil
}

func (m *Memory) touched() []ent.RateWindow {
	var rows []ent.RateWindow
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		for key, c := range s.windows {
			if c.touched {
				rows = append(rows, ent.RateWindow{ID: key, Window: c.number, Current: c.current, Previous: c.previous})
				c.touched = false
			}
		}
		s.mu.Unlock()
	}
	return rows
}

// touch has the rows written again by the next flush.
func (m *Memory) touch(rows []ent.RateWindow) {
	for _, row := range rows {
		s := m.shard(row.ID)
		s.mu.Lock()
		if c := s.windows[row.ID]; c != nil {
			c.touched = true
		}
		s.mu.Unlock()
	}
}

// Restore takes over the counts that Flush wrote, where they are larger than what was counted since.
func (m *Memory) Restore(ctx context.Context, client *ent.Client) error {
	rows, err := client.RateWindow.Query().All(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		s := m.shard(row.ID)
		s.mu.Lock()
		c := s.windows[row.ID]
		if c == nil {
			c = &counted{window: window{number: row.Window}}
			s.windows[row.ID] = c
		}
		if c.number == row.Window {
			c.current, c.previous = max(c.current, row.Current), max(c.previous, row.Previous)
		}
		s.mu.Unlock()
	}
	return nil
}

// Sweep drops counts that no longer matter: nothing was admitted in this hour or the one before.
func (m *Memory) Sweep(now time.Time) {
	number := now.Unix() / windowSeconds
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		for key, c := range s.windows {
			if c.number < number-1 && !c.touched {
				delete(s.windows, key)
			}
		}
		s.mu.Unlock()
	}
}
