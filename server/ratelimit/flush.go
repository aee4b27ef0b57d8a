package ratelimit

import (
	"cmp"
	"context"
	"slices"

	"broker/ent"
	"broker/server/database"
)

// flushMax is how many counts one flush writes; the others wait for the next.
const flushMax = 200

// Flush writes counts touched since the last one; those of a transaction that then fails are written by the next.
func (m *Memory) Flush(ctx context.Context, tx *database.Tx) error {
	rows := m.touched()
	tx.Undone(func() { m.touch(rows) })
	for some := range slices.Chunk(rows, 500) {
		builders := make([]*ent.RateWindowCreate, len(some))
		for i, row := range some {
			builders[i] = tx.RateWindow.Create().SetID(row.ID).SetWindow(row.Window).SetCurrent(row.Current).SetPrevious(row.Previous)
		}
		if err := tx.RateWindow.CreateBulk(builders...).OnConflictColumns("id").UpdateNewValues().Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// touched returns rows to write, in the one order in which instances that write the same rows do not wait for each
// other in a circle.
func (m *Memory) touched() []ent.RateWindow {
	var rows []ent.RateWindow
	first := m.flushed.Add(1) // a shard in turn, so that none has to wait for ever
	for i := range m.shards {
		rows = m.shards[(first+uint64(i))%shards].untouch(rows)
	}
	slices.SortFunc(rows, func(a, b ent.RateWindow) int { return cmp.Compare(a.ID, b.ID) })
	return rows
}

// untouch adds touched counts to the rows, up to flushMax; they are touched no longer.
func (s *shard) untouch(rows []ent.RateWindow) []ent.RateWindow {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.touched == 0 {
		return rows
	}
	all := s.windows.Entries()
	for range all {
		if len(rows) == flushMax || s.touched == 0 {
			break
		}
		s.next = (s.next + 1) % len(all) // one in turn, too
		if c := &all[s.next].Value; c.touched {
			w := c.total(1)
			rows = append(rows, ent.RateWindow{ID: all[s.next].Key.String(), Window: w.number, Current: w.current, Previous: w.previous})
			c.touched = false
			s.touched--
		}
	}
	return rows
}

// touch has the rows written again by the next flush.
func (m *Memory) touch(rows []ent.RateWindow) {
	for _, row := range rows {
		p := m.lock(row.ID)
		if c, ok := p.known(); ok {
			p.put(c, true)
		}
		p.mu.Unlock()
	}
}

// Restore takes over the counts that Flush wrote, where they are larger than what was counted since.
func (m *Memory) Restore(ctx context.Context, client *ent.Client) error {
	rows, err := client.RateWindow.Query().All(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		m.restore(row.ID, window{number: row.Window, current: row.Current, previous: row.Previous})
	}
	return nil
}

func (m *Memory) restore(id string, written window) {
	if len(id) > len(key{}) { // none of ours
		return
	}
	p := m.lock(id)
	defer p.mu.Unlock()
	c := p.find(written.number)
	if int64(c.number) == written.number { // what was counted since is in neither or in both
		own := c.own.of(c.number)
		written.current, written.previous = max(written.current-own.current, 0), max(written.previous-own.previous, 0)
	}
	known := c.known.of(c.number)
	known.merge(written)
	c.known = pairOf(known)
	p.put(c, false)
}
