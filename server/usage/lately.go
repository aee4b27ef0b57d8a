package usage

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"broker/ent"
)

// Lately tells which versions of some packages were downloaded or installed since a day, by package. A package that was
// not is not in it.
func Lately(ctx context.Context, client *ent.Client, packages []string, since time.Time) (map[string][]string, error) {
	found := map[string][]string{}
	if len(packages) == 0 {
		return found, nil
	}
	args := append([]any{since.UTC().Truncate(24 * time.Hour)}, anys(packages)...)
	err := each(ctx, client, func(rows *stdsql.Rows) error {
		var name, version string
		err := rows.Scan(&name, &version)
		found[name] = append(found[name], version)
		return err
	}, "SELECT DISTINCT package, version FROM download_days WHERE day >= $1 AND package IN "+list(1, len(packages))+" ORDER BY package, version", args...)
	if err != nil {
		return nil, fmt.Errorf("read what was downloaded lately: %w", err)
	}
	return found, nil
}
