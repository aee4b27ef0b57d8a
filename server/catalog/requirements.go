package catalog

import (
	"context"
	"fmt"
	"runtime"
	"strings"

	"broker/server/database"
	"broker/server/metadata"
)

// addRequirements adds what versions of a package require and did not, and notes what none requires any more.
func (w *writes) addRequirements(of string, old *oldPackage, u *Update) {
	names := metadata.Required(u.Versions)
	required := make(map[string]bool, len(names))
	for _, name := range names {
		required[name] = true
		if !old.requires[name] {
			w.requires = append(w.requires, of, name)
		}
	}
	for name := range old.requires {
		if !required[name] {
			w.dropped = append(w.dropped, [2]string{of, name})
		}
	}
}

func (w *writes) runRequirements(ctx context.Context, tx *database.Tx) error {
	for values := w.requires; len(values) > 0; {
		n := min(len(values), 2*atATime)
		var rows []string
		for at := 1; at < n; at += 2 {
			rows = append(rows, fmt.Sprintf("($%d, $%d)", at, at+1))
		}
		query := "INSERT INTO requirements (package_id, name) VALUES " + strings.Join(rows, ", ") + " ON CONFLICT (package_id, name) DO NOTHING"
		if _, err := tx.ExecContext(ctx, query, values[:n]...); err != nil {
			return fmt.Errorf("write requirements: %w", err)
		}
		values = values[n:]
		runtime.Gosched()
	}
	for _, one := range w.dropped {
		if _, err := tx.ExecContext(ctx, "DELETE FROM requirements WHERE package_id = $1 AND name = $2", one[0], one[1]); err != nil {
			return fmt.Errorf("delete requirements: %w", err)
		}
	}
	return nil
}
