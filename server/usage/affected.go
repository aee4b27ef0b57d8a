package usage

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"strings"
	"time"

	"broker/ent"
	"broker/server/fault"
)

// Version names a version of a package, normalised.
type Version struct{ Package, Version string }

// Installs are what one token downloaded or installed of one version.
type Installs struct {
	Version
	TokenID             string
	Downloads, Installs int64
	LastAt              time.Time
}

// installsWhere selects what is counted of versions since a day, and where token is given of that token alone; the
// arguments of the versions come first.
func installsWhere(versions []Version, token string, since time.Time) (string, []any) {
	var args []any
	var of []string
	for _, v := range versions { // each by the index of package, version and day
		args = append(args, v.Package, v.Version)
		of = append(of, fmt.Sprintf("package = $%d AND version = $%d", len(args)-1, len(args)))
	}
	args = append(args, since.UTC().Truncate(24*time.Hour))
	where := fmt.Sprintf("(%s) AND day >= $%d", strings.Join(of, " OR "), len(args))
	if token != "" {
		args = append(args, token)
		where += fmt.Sprintf(" AND token_id = $%d", len(args))
	}
	return where, args
}

// InstallsOf are what tokens downloaded or installed of versions since a day, in the order of packages, versions and
// tokens: at most first, and those after a key where it is given. A token that is given narrows to it.
func InstallsOf(ctx context.Context, client *ent.Client, versions []Version, token string, since time.Time, first int, after InstallsKey) ([]*Installs, error) {
	kind, err := dialectOf(ctx, client)
	if err != nil {
		return nil, err
	}
	query, args := installsQuery(kind, versions, token, since, first, after)
	found := []*Installs{}
	err = each(ctx, client, func(rows *stdsql.Rows) error {
		var i Installs
		var last instant
		if err := rows.Scan(&i.Package, &i.Version.Version, &i.TokenID, &i.Downloads, &i.Installs, &last); err != nil {
			return err
		}
		i.LastAt = last.Time
		found = append(found, &i)
		return nil
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read who installs versions: %w", err)
	}
	return found, nil
}

func installsQuery(kind string, versions []Version, token string, since time.Time, first int, after InstallsKey) (string, []any) {
	where, args := installsWhere(versions, token, since)
	order := byBytes(kind, "package", "version", "token_id")
	if after != (InstallsKey{}) {
		args = append(args, after.Package, after.Version.Version, after.TokenID)
		where += fmt.Sprintf(" AND (%s) > %s", order, list(len(args)-3, 3))
	}
	return "SELECT package, version, token_id, CAST(SUM(downloads) AS BIGINT), CAST(SUM(installs) AS BIGINT), MAX(last_at) FROM download_days WHERE " + where +
		fmt.Sprintf(" GROUP BY package, version, token_id ORDER BY %s LIMIT %d", order, first), args
}

// CountInstalls is how many rows InstallsOf has of versions in all.
func CountInstalls(ctx context.Context, client *ent.Client, versions []Version, token string, since time.Time) (n int, err error) {
	where, args := installsWhere(versions, token, since)
	err = each(ctx, client, func(rows *stdsql.Rows) error { return rows.Scan(&n) },
		"SELECT COUNT(*) FROM (SELECT DISTINCT package, version, token_id FROM download_days WHERE "+where+") d", args...)
	if err != nil {
		return 0, fmt.Errorf("count who installs versions: %w", err)
	}
	return n, nil
}

// InstallsKey is where Installs lie in their order.
type InstallsKey struct {
	Version
	TokenID string
}

// String is a key as ParseInstallsKey reads it.
func (k InstallsKey) String() string {
	return strings.Join([]string{k.Package, k.Version.Version, k.TokenID}, "\n")
}

// ParseInstallsKey reads a key; an empty text is that before all.
func ParseInstallsKey(s string) (k InstallsKey, err error) {
	if s == "" {
		return k, nil
	}
	parts := strings.Split(s, "\n")
	if len(parts) != 3 || parts[0] == "" {
		return k, fault.Invalidf("after", "This is not a cursor of this connection.")
	}
	return InstallsKey{Version{parts[0], parts[1]}, parts[2]}, nil
}
