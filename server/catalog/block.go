package catalog

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"broker/ent"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/metadata"
	"broker/server/pattern"
	"broker/server/text"
)

// NewBlock is versions that are to be offered to nobody, and why.
type NewBlock struct {
	Package  string // a name or a pattern
	Versions string // a constraint; empty: all of them
	Reason   string
	Link     string // where there is more; empty where there is not
}

// The bounds of what is said of a block.
const (
	blocksMax   = 10_000
	reasonMax   = 500 // characters
	linkMax     = 2048
	versionsMax = 1000
)

// check tests every field, and puts it in its stored form.
func (b *NewBlock) check() error {
	set, err := pattern.Parse([]string{strings.ToLower(strings.TrimSpace(b.Package))})
	if err != nil {
		return fault.Invalidf("package", "%s", err)
	}
	b.Package = set.Strings()[0]
	if b.Versions = strings.TrimSpace(b.Versions); b.Versions == "" {
		b.Versions = "*"
	}
	if _, err := metadata.ParseConstraint(b.Versions); err != nil || text.Line(b.Versions, versionsMax) != b.Versions {
		return fault.Invalidf("versions", "%q is no constraint that Composer can read, such as 1.2.3, ^1.2 or *.", text.Line(b.Versions, 200))
	}
	b.Reason = strings.TrimSpace(b.Reason)
	if n := len([]rune(b.Reason)); n == 0 || n > reasonMax || text.Line(b.Reason, 4*reasonMax) != b.Reason {
		return fault.Invalidf("reason", "Say why, in 1 to %d characters on one line: Composer prints it.", reasonMax)
	}
	return checkLink(&b.Link, linkMax)
}

// checkLink tests the address of a page, of so many bytes at most, and puts it in its stored form; it may be empty.
func checkLink(link *string, most int) error {
	if *link = strings.TrimSpace(*link); *link == "" {
		return nil
	}
	u, err := url.Parse(*link)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || len(*link) > most || text.Line(*link, most) != *link {
		return fault.Invalidf("link", "%q is not an address such as https://example.org/advisory.", text.Line(*link, 200))
	}
	return nil
}

// BlockVersions has versions offered to nobody, and refused to locks that name them.
func (c *Catalog) BlockVersions(ctx context.Context, b NewBlock) (*ent.Block, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	var row *ent.Block
	err := c.db.Tx(ctx, func(tx *database.Tx) error {
		n, err := tx.Block.Query().Count(ctx)
		if err != nil {
			return err
		}
		if n >= blocksMax {
			return &fault.Conflict{Message: fmt.Sprintf("There are %d blocks, which is as many as there may be. Remove some, or block by a pattern.", n)}
		}
		create := tx.Block.Create().SetPackage(b.Package).SetVersions(b.Versions).SetReason(b.Reason).SetCreatedBy(text.Line(audit.ActorOf(ctx).Name, 255))
		if b.Link != "" {
			create.SetLink(b.Link)
		}
		if row, err = create.Save(ctx); err != nil {
			return err
		}
		announceBlock(tx, row)
		return c.events.Write(ctx, tx, audit.Event{Action: "version.block", Target: row.ID, Details: blockDetails(row)})
	})
	if err != nil {
		return nil, fmt.Errorf("block versions of %s: %w", b.Package, err)
	}
	return row, nil
}

// Unblock removes a block.
func (c *Catalog) Unblock(ctx context.Context, id string) error {
	err := c.db.Tx(ctx, func(tx *database.Tx) error {
		row, err := tx.Block.Get(ctx, id)
		if ent.IsNotFound(err) {
			return &fault.NotFound{What: "block", ID: id}
		}
		if err != nil {
			return err
		}
		if err := tx.Block.DeleteOne(row).Exec(ctx); err != nil {
			return err
		}
		announceBlock(tx, row)
		return c.events.Write(ctx, tx, audit.Event{Action: "version.unblock", Target: id, Details: blockDetails(row)})
	})
	if err != nil {
		return fmt.Errorf("remove the block %s: %w", id, err)
	}
	return nil
}

func blockDetails(row *ent.Block) map[string]any {
	details := map[string]any{"package": row.Package, "versions": row.Versions, "reason": row.Reason}
	if row.Link != nil {
		details["link"] = *row.Link
	}
	return details
}

// announceBlock has the blocks read again, and then what they decide of.
func announceBlock(tx *database.Tx, row *ent.Block) {
	tx.Announce(database.TopicBlock, row.ID)
	if strings.Contains(row.Package, "*") {
		tx.Announce(database.TopicPackage, "")
	} else {
		tx.Announce(database.TopicPackage, row.Package)
	}
}
