package database

import (
	"slices"

	"entgo.io/ent/dialect/sql"
)

// tuplesAtOnce is how many tuples one statement names: both databases take some thousand parameters.
const tuplesAtOnce = 200

// Tuples calls do with what selects the rows whose columns are one of some tuples, for a few of them at a time, so that
// many rows are found by their keys with few statements.
func Tuples(tuples [][]any, do func(some func(*sql.Selector)) error, columns ...string) error {
	for chunk := range slices.Chunk(tuples, tuplesAtOnce) {
		err := do(func(s *sql.Selector) {
			s.Where(sql.P(func(b *sql.Builder) {
				b.WriteByte('(')
				for i, column := range columns {
					if i > 0 {
						b.Comma()
					}
					b.WriteString(s.C(column))
				}
				b.WriteString(") IN (VALUES ")
				for i, tuple := range chunk {
					if i > 0 {
						b.Comma()
					}
					b.WriteByte('(').Args(tuple...).WriteByte(')')
				}
				b.WriteByte(')')
			}))
		})
		if err != nil {
			return err
		}
	}
	return nil
}
