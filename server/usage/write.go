package usage

import (
	"context"
	"fmt"
	"net/netip"

	"broker/server/database"
)

// write adds the batch to every table that counts.
func (b *batch) write(ctx context.Context, tx *database.Tx, d string) error {
	if err := writeDetail(ctx, tx, d, hourTable(), b.hours); err != nil {
		return err
	}
	if err := writeDetail(ctx, tx, d, dayTable(), b.days()); err != nil {
		return err
	}
	if err := b.writeContacts(ctx, tx, d); err != nil {
		return err
	}
	if err := b.writeDownloads(ctx, tx, d); err != nil {
		return fmt.Errorf("downloads: %w", err)
	}
	if err := b.writeLastUse(ctx, tx, d); err != nil {
		return fmt.Errorf("last use: %w", err)
	}
	return b.writeTotals(ctx, tx, d) // last, because some are every instance's: so they wait but shortly
}

func writeDetail(ctx context.Context, tx execer, d string, t table, all map[hourKey]*counts) error {
	return upsert(ctx, tx, d, t, sorted(all, compareHours), func(r *rows, key hourKey) {
		r.add(unix(key.hour), key.token, key.secret, key.repository, key.package_, key.version).counts(all[key])
	})
}

func (b *batch) writeTotals(ctx context.Context, tx execer, d string) error {
	totals := b.totals()
	return upsert(ctx, tx, d, totalTable(), sorted(totals, compareTotals), func(r *rows, key totalKey) {
		r.add(key.kind, key.subject, key.span, key.at).counts(totals[key])
	})
}

func (b *batch) writeContacts(ctx context.Context, tx execer, d string) error {
	err := upsert(ctx, tx, d, downloadTable(), sorted(b.downloads, compareDownloads), func(r *rows, key downloadKey) {
		c := b.downloads[key]
		r.add(unix(key.day), key.token, key.secret, key.package_, key.version, written(key.address)).
			add(c.counts[downloads], c.counts[installs], c.counts[bytesSent], milli(c.first), milli(c.last), c.client)
	})
	if err != nil {
		return err
	}
	return upsert(ctx, tx, d, useTable(), sorted(b.uses, compareUses), func(r *rows, key useKey) {
		c := b.uses[key]
		r.add(unix(key.day), key.token, key.secret, written(key.address)).
			add(c.counts[requests], c.counts[refused], milli(c.first), milli(c.last), c.client)
	})
}

// written is an address as people write it; empty where none is known.
func written(address netip.Addr) string {
	if !address.IsValid() {
		return ""
	}
	return address.Unmap().WithZone("").String()
}
