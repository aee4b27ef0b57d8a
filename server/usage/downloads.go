package usage

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"broker/ent"
	"broker/server/fault"
	"broker/server/metadata"
)

// Download is what was downloaded of one version with one secret from one address.
type Download struct {
	TokenID          string     `json:"tokenId"`
	SecretID         string     `json:"secretId"`
	Token            *ent.Token `json:"-"`                // where the reader asked for it
	TokenDescription string     `json:"tokenDescription"` // empty where there is no such token
	SecretHint       string     `json:"secretHint"`       // empty where there is no such secret any more
	Package          string     `json:"package"`
	Version          string     `json:"version"` // normalised
	Address          string     `json:"address"`
	Client           string     `json:"client"` // of the last one
	Downloads        int64      `json:"downloads"`
	Installs         int64      `json:"installs"`
	Bytes            int64      `json:"bytes"`
	FirstAt          time.Time  `json:"firstAt"`
	LastAt           time.Time  `json:"lastAt"`
}

// DownloadFilter narrows downloads; an empty field does not. A package, a token or an address must be given.
type DownloadFilter struct {
	Package string
	Version string // as the package writes it, or normalised
	TokenID string
	Address string
	From    time.Time // whole days, UTC; the day it lies in is the first
	To      time.Time // the day it lies in is the last
}

// Downloads are the downloads that a filter lets through, the last one first: at most first of them, and those after
// the key of one where it is given. A filter without a package, token or address is a *fault.Invalid.
func Downloads(ctx context.Context, client *ent.Client, f DownloadFilter, first int, after string) ([]*Download, error) {
	all := []*Download{}
	err := f.read(ctx, client, after, fmt.Sprintf(" LIMIT %d", first), func(d *Download) error {
		all = append(all, d)
		return nil
	})
	return all, err
}

// EachDownload hands every download that a filter lets through to the function, the last one first, as the database
// gives them.
func EachDownload(ctx context.Context, client *ent.Client, f DownloadFilter, do func(*Download) error) error {
	return f.read(ctx, client, "", "", do)
}

func (f DownloadFilter) read(ctx context.Context, client *ent.Client, after, limit string, do func(*Download) error) error {
	c, err := f.conditions()
	if err != nil {
		return err
	}
	where := c.String()
	key, err := c.key(after)
	if err != nil {
		return err
	}
	var failed error
	scan := func(rows *stdsql.Rows) error {
		var d Download
		var first, last instant
		if err := rows.Scan(&d.TokenID, &d.SecretID, &d.Package, &d.Version, &d.Address, &d.Downloads, &d.Installs, &d.Bytes, &first, &last,
			&d.Client, &d.TokenDescription, &d.SecretHint); err != nil {
			return err
		}
		d.FirstAt, d.LastAt = first.Time, last.Time
		failed = do(&d)
		return failed
	}
	kind, err := dialectOf(ctx, client)
	if err == nil {
		err = each(ctx, client, scan, downloadsQuery(kind, where, key, limit), c.args...)
	}
	if err != nil && failed == nil {
		return fmt.Errorf("read downloads: %w", err)
	}
	return err
}

// DownloadCount is how many downloads a filter lets through, and of how many tokens they are.
func DownloadCount(ctx context.Context, client *ent.Client, f DownloadFilter) (downloads, tokens int, err error) {
	c, err := f.conditions()
	if err != nil {
		return 0, 0, err
	}
	query := "SELECT COUNT(*), COUNT(DISTINCT token_id) FROM (SELECT DISTINCT " + downloadKeys + " FROM download_days WHERE " + c.String() + ") d"
	scan := func(rows *stdsql.Rows) error { return rows.Scan(&downloads, &tokens) }
	if err := each(ctx, client, scan, query, c.args...); err != nil {
		return 0, 0, fmt.Errorf("count downloads: %w", err)
	}
	return downloads, tokens, nil
}

// downloadKeys are what makes a download another one.
const downloadKeys = "token_id, secret_id, package, version, address"

// downloadsQuery reads the downloads behind the key whose first argument has this number; 0 for all. The client is that
// of the last day.
func downloadsQuery(kind, where string, key int, limit string) string {
	ties := byBytes(kind, "token_id", "secret_id", "package", "version", "address")
	having := ""
	if key > 0 {
		having = fmt.Sprintf(" HAVING MAX(last_at) < $%[1]d OR MAX(last_at) = $%[1]d AND (%[2]s) > %[3]s", key, ties, list(key, 5))
	}
	return "SELECT g.token_id, g.secret_id, g.package, g.version, g.address, g.downloads, g.installs, g.bytes, g.first_at, g.last_at, " +
		"COALESCE(d.client, ''), COALESCE(t.description, ''), COALESCE(s.hint, '') " +
		"FROM (SELECT " + downloadKeys + ", CAST(SUM(downloads) AS BIGINT) AS downloads, CAST(SUM(installs) AS BIGINT) AS installs, " +
		"CAST(SUM(bytes) AS BIGINT) AS bytes, MIN(first_at) AS first_at, MAX(last_at) AS last_at, MAX(day) AS day " +
		"FROM download_days WHERE " + where + " GROUP BY " + downloadKeys + having + " ORDER BY MAX(last_at) DESC, " + ties + limit + ") g " +
		"LEFT JOIN download_days d ON d.day = g.day AND d.token_id = g.token_id AND d.secret_id = g.secret_id AND d.package = g.package " +
		"AND d.version = g.version AND d.address = g.address " +
		"LEFT JOIN tokens t ON t.id = g.token_id LEFT JOIN token_secrets s ON s.id = g.secret_id " +
		"ORDER BY g.last_at DESC, " + byBytes(kind, "g.token_id", "g.secret_id", "g.package", "g.version", "g.address")
}

func (f DownloadFilter) conditions() (*conditions, error) {
	if f.Package == "" && f.TokenID == "" && f.Address == "" {
		return nil, fault.Invalidf("where", "Name a package, a token or an address.")
	}
	c := &conditions{}
	if f.TokenID != "" {
		c.add("token_id = $%d", f.TokenID)
	}
	if f.Package != "" {
		c.add(ofPackage(f.TokenID), f.Package)
	}
	if f.Version != "" {
		c.add("version = $%d", normalized(f.Version))
	}
	if !f.From.IsZero() {
		c.add("day >= $%d", f.From.UTC().Truncate(24*time.Hour))
	}
	if !f.To.IsZero() {
		c.add("day <= $%d", f.To.UTC().Truncate(24*time.Hour))
	}
	return c, f.ofAddress(c)
}

// ofAddress narrows to an address, in whatever form it is written. There is no index for it: without a package or token, the tokens that were used
// from there are found first, in the much smaller table of uses.
func (f DownloadFilter) ofAddress(c *conditions) error {
	if f.Address == "" {
		return nil
	}
	address, err := netip.ParseAddr(f.Address)
	if err != nil {
		return fault.Invalidf("address", "address is one IPv4 or IPv6 address.")
	}
	if f.Package == "" && f.TokenID == "" {
		c.add("token_id IN (SELECT token_id FROM address_days WHERE address = $%d)", written(address))
	}
	c.add("address = $%d", written(address))
	return nil
}

// normalized is a version as it is counted; what is none stays as it is.
func normalized(version string) string {
	if n, err := metadata.Normalize(version); err == nil {
		return n
	}
	return version
}

// Key is where a download lies in its order, for the next page.
func (d *Download) Key() string {
	return strings.Join([]string{d.LastAt.UTC().Format(keyTime), d.TokenID, d.SecretID, d.Package, d.Version, d.Address}, "\n")
}

// keyTime is the time of a key; the databases keep milliseconds.
const keyTime = "2006-01-02T15:04:05.000Z"

// key adds the arguments of a download's key, and tells the number of the first; 0 where there is no key.
func (c *conditions) key(key string) (number int, err error) {
	if key == "" {
		return 0, nil
	}
	parts := strings.Split(key, "\n")
	at, err := time.Parse(keyTime, parts[0])
	if err != nil || len(parts) != 6 {
		return 0, fault.Invalidf("after", "This is not a cursor of this connection.")
	}
	number = len(c.args) + 1
	c.args = append(c.args, at)
	for _, part := range parts[1:] {
		c.args = append(c.args, part)
	}
	return number, nil
}
