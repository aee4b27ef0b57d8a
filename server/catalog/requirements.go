package catalog

import (
	"context"
	"fmt"
	"strings"

	"broker/server/database"
	"broker/server/metadata"
)

// dropped is what no version of a package, by its id, requires or provides any more.
type dropped struct {
	of string
	metadata.Named
}

// addRequirements adds what versions of a package require or provide and did not, and notes what none does any more.
func (w *writes) addRequirements(of string, old *oldPackage, u *Update) {
	named := map[metadata.Named]bool{}
	for _, one := range metadata.NamedBy(u.Versions) {
		named[one] = true
		if !old.names[one] {
			w.requires = append(w.requires, of, one.Name, one.Provided)
		}
	}
	for one := range old.names {
		if !named[one] {
			w.dropped = append(w.dropped, dropped{of, one})
		}
	}
}

func (w *writes) runRequirements(ctx context.Context, tx *database.Tx) error {
	err := w.inPieces(ctx, tx, 3, w.requires, func(n int) string {
		rows := make([]string, n)
		for i := range rows {
			rows[i] = fmt.Sprintf("($%d, $%d, $%d)", 3*i+1, 3*i+2, 3*i+3)
		}
		return "INSERT INTO requirements (package_id, name, provided) VALUES " + strings.Join(rows, ", ") + " ON CONFLICT (package_id, name, provided) DO NOTHING"
	})
	if err != nil {
		return fmt.Errorf("write requirements: %w", err)
	}
	for _, one := range w.dropped {
		if _, err := tx.ExecContext(ctx, "DELETE FROM requirements WHERE package_id = $1 AND name = $2 AND provided = $3", one.of, one.Name, one.Provided); err != nil {
			return fmt.Errorf("delete requirements: %w", err)
		}
	}
	return nil
}
