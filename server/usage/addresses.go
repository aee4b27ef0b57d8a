package usage

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"broker/ent"
	"broker/server/fault"
)

// AddressUse is what one address asked with a secret.
type AddressUse struct {
	Address, Client   string // the client of the last request
	Requests, Refused int64
	FirstAt, LastAt   time.Time
}

// Addresses are where a secret was used from in the last 30 days, the last use first; at most 100.
func Addresses(ctx context.Context, client *ent.Client, secretID string, first int, now time.Time) ([]*AddressUse, error) {
	if first < 1 || first > topMax {
		return nil, fault.Invalidf("first", "first is 1 to %d.", topMax)
	}
	kind, err := dialectOf(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("read addresses: %w", err)
	}
	query := fmt.Sprintf("SELECT g.address, COALESCE(d.client, ''), g.requests, g.refused, g.first_at, g.last_at "+
		"FROM (SELECT token_id, secret_id, address, %s AS requests, %s AS refused, MIN(first_at) AS first_at, MAX(last_at) AS last_at, MAX(day) AS day "+
		"FROM address_days WHERE secret_id = $1 AND day > $2 GROUP BY token_id, secret_id, address ORDER BY MAX(last_at) DESC, %s LIMIT %d) g "+
		"LEFT JOIN address_days d ON d.day = g.day AND d.token_id = g.token_id AND d.secret_id = g.secret_id AND d.address = g.address "+
		"ORDER BY g.last_at DESC, %s", sums("requests"), sums("refused"), byBytes(kind, "address"), first, byBytes(kind, "g.address"))
	all := []*AddressUse{}
	err = each(ctx, client, func(rows *stdsql.Rows) error {
		var a AddressUse
		var first, last instant
		err := rows.Scan(&a.Address, &a.Client, &a.Requests, &a.Refused, &first, &last)
		a.FirstAt, a.LastAt = first.Time, last.Time
		all = append(all, &a)
		return err
	}, query, secretID, now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -30))
	if err != nil {
		return nil, fmt.Errorf("read addresses: %w", err)
	}
	return all, nil
}
