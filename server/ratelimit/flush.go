package ratelimit

import (
	"cmp"
	"context"
	"slices"

	"broker/ent"
	"broker/server/database"
)

// Flush writes the counts touched since the last one; those of a transaction that then fails are written by the next.
func (m *Memory) Flush(ctx context.Context, tx *database.Tx) error {
	rows := m.touched()
	tx.Undone(func() { m.touch(rows) })
	for start := 0; start < len(rows); start += 500 {
		batch := rows[start:min(start+500, len(rows))]
		builders := make([]*ent.RateWindowCreate, len(batch))
		for i, row := range batch {
			builders[i] = tx.RateWindow.Create().SetID(row.ID).SetWindow(row.Window).SetCurrent(row.Current).SetPrevious(row.Previous)
		}
		if err := tx.RateWindow.CreateBulk(builders...).OnConflictColumns("id").UpdateNewValues().Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// touched returns the rows to write, in the one order in which instances that write the same rows do not wait for each
// other in a circle.
func (m *Memory) touched() []ent.RateWindow {
	var rows []ent.RateWindow
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		for key, c := range s.windows {
			if c.touched {
				w := c.total(1)
				rows = append(rows, ent.RateWindow{ID: key, Window: w.number, Current: w.current, Previous: w.previous})
				c.touched = false
			}
		}
		s.mu.Unlock()
	}
	slices.SortFunc(rows, func(a, b ent.RateWindow) int { return cmp.Compare(a.ID, b.ID) })
	return rows
}

// touch has the rows written again by the next flush.
func (m *Memory) touch(rows []ent.RateWindow) {
	for _, row := range rows {
		s := m.lock(row.ID)
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
		m.restore(row.ID, window{number: row.Window, current: row.Current, previous: row.Previous})
	}
	return nil
}

func (m *Memory) restore(key string, written window) {
	s := m.lock(key)
	defer s.mu.Unlock()
	c := s.find(key, written.number)
	if own := c.own; own.number == written.number { // what was counted since is in neither or in both
		written.current, written.previous = max(written.current-own.current, 0), max(written.previous-own.previous, 0)
	}
	c.known.merge(written)
}
