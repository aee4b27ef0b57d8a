package usage

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect"

	"broker/ent"
	"broker/ent/downloadday"
	"broker/ent/token"
	"broker/ent/tokensecret"
	"broker/ent/usagehour"
	"broker/server/database"
)

// rowsMax is how many rows one statement writes.
const rowsMax = 500

func (b *batch) write(ctx context.Context, tx *database.Tx, d string) error {
	if err := b.writeHours(ctx, tx); err != nil {
		return fmt.Errorf("hours: %w", err)
	}
	if err := b.writeDays(ctx, tx); err != nil {
		return fmt.Errorf("days: %w", err)
	}
	if err := b.writeTotals(ctx, tx, d); err != nil {
		return fmt.Errorf("downloads: %w", err)
	}
	if err := b.writeLast(ctx, tx); err != nil {
		return fmt.Errorf("last use: %w", err)
	}
	return nil
}

func (b *batch) writeHours(ctx context.Context, tx *database.Tx) error {
	var rows []*ent.UsageHourCreate
	for key, c := range b.hours {
		rows = append(rows, tx.UsageHour.Create().SetHour(time.Unix(key.hour, 0).UTC()).SetTokenID(key.token).SetPackage(key.package_).
			SetRequests(c.requests).SetNotModified(c.notModified).SetDownloads(c.downloads).SetInstalls(c.installs).
			SetBytes(c.bytes).SetRefused(c.refused))
	}
	for some := range slices.Chunk(rows, rowsMax) {
		err := tx.UsageHour.CreateBulk(some...).
			OnConflictColumns(usagehour.FieldHour, usagehour.FieldTokenID, usagehour.FieldSecretID, usagehour.FieldRepositoryID,
				usagehour.FieldPackage, usagehour.FieldVersion).
			Update(addHour).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) writeDays(ctx context.Context, tx *database.Tx) error {
	var rows []*ent.DownloadDayCreate
	for key, c := range b.days {
		rows = append(rows, tx.DownloadDay.Create().SetDay(time.Unix(key.day, 0).UTC()).SetTokenID(key.token).
			SetPackage(key.package_).SetVersion(key.version).SetFirstAt(time.Unix(key.day, 0).UTC()).SetLastAt(time.Unix(key.day, 0).UTC()).
			SetDownloads(c.downloads).SetInstalls(c.installs).SetBytes(c.bytes))
	}
	for some := range slices.Chunk(rows, rowsMax) {
		err := tx.DownloadDay.CreateBulk(some...).
			OnConflictColumns(downloadday.FieldDay, downloadday.FieldTokenID, downloadday.FieldSecretID, downloadday.FieldPackage,
				downloadday.FieldVersion, downloadday.FieldAddress).
			Update(addDay).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// writeTotals adds to the downloads that packages and versions show in lists.
func (b *batch) writeTotals(ctx context.Context, tx *database.Tx, d string) error {
	packages, versions := map[string]int64{}, map[[2]string]int64{}
	for key, c := range b.days {
		packages[key.package_] += c.downloads
		versions[[2]string{key.package_, key.version}] += c.downloads
	}
	for _, name := range slices.Sorted(maps.Keys(packages)) { // one order for all writers: no deadlock
		query := placeholders(d, "UPDATE packages SET downloads = downloads + ? WHERE name = ?")
		if _, err := tx.ExecContext(ctx, query, packages[name], name); err != nil {
			return err
		}
	}
	for key, n := range versions {
		query := placeholders(d, "UPDATE package_versions SET downloads = downloads + ? WHERE package_id = (SELECT id FROM packages WHERE name = ?) "+
			"AND dist_id IN (SELECT id FROM dists WHERE version = ?)")
		if _, err := tx.ExecContext(ctx, query, n, key[0], key[1]); err != nil {
			return err
		}
	}
	return nil
}

// placeholders writes ? as the dialect wants it.
func placeholders(d, query string) string {
	if d != dialect.Postgres {
		return query
	}
	var b strings.Builder
	n := 0
	for _, r := range query {
		if r == '?' {
			n++
			fmt.Fprintf(&b, "$%d", n)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// writeLast notes when, from where and by what each secret and its token were last used.
func (b *batch) writeLast(ctx context.Context, tx *database.Tx) error {
	tokens := map[string]lastUse{}
	for _, secret := range slices.Sorted(maps.Keys(b.last)) {
		use := b.last[secret]
		if use.at.After(tokens[use.token].at) {
			tokens[use.token] = use
		}
		err := tx.TokenSecret.Update().Where(tokensecret.ID(secret)).
			SetLastUsedAt(use.at.UTC()).SetLastUsedAddress(use.address.String()).SetLastUsedClient(shorten(use.client)).
			Exec(ctx)
		if err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(tokens)) {
		use := tokens[id]
		err := tx.Token.Update().Where(token.ID(id)).
			SetLastUsedAt(use.at.UTC()).SetLastUsedAddress(use.address.String()).SetLastUsedClient(shorten(use.client)).
			Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// shorten keeps a client's own word for itself within bounds, without control characters.
func shorten(client string) string {
	client = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(client, ""))
	if len(client) > 200 {
		return strings.ToValidUTF8(client[:200], "")
	}
	return client
}
