package catalog

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"broker/ent"
	"broker/ent/advisory"
	"broker/ent/repository"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/metadata"
	"broker/server/pattern"
	"broker/server/text"
)

// NewAdvisory is a weakness of some versions of a package that somebody writes here.
type NewAdvisory struct {
	Package  string
	Affected string // a constraint
	Title    string
	CVE      string // empty where it has none
	Link     string // the same
	Severity string // the same
}

// AdvisoryChanges are what is to be another of an advisory that was written here; nil is left as it is, and an empty
// CVE, link or severity is removed.
type AdvisoryChanges struct {
	Affected, Title, CVE, Link, Severity *string
}

// Severities are those that Composer knows, from the least.
var Severities = []string{"low", "medium", "high", "critical"}

// OwnAdvisory begins the advisoryId of every advisory that was written here, and of no other.
const OwnAdvisory = "BROKER-"

// The bounds of an advisory that is written here.
const (
	writtenMax = 1000
	titleMax   = 200 // characters
	pageMax    = 900 // bytes of a link
)

var cveForm = regexp.MustCompile(`^CVE-\d{4}-\d{4,19}$`)

// check tests every field, and puts it in its stored form.
func (a *NewAdvisory) check() error {
	if a.Package = strings.ToLower(strings.TrimSpace(a.Package)); !pattern.ValidName(a.Package) {
		return fault.Invalidf("package", "%q is no name of a package, such as acme/lib.", text.Line(a.Package, 200))
	}
	a.Affected = strings.TrimSpace(a.Affected)
	if _, err := metadata.ParseConstraint(a.Affected); err != nil || a.Affected == "" || text.Line(a.Affected, versionsMax) != a.Affected {
		return fault.Invalidf("affectedVersions", "%q is no constraint that Composer can read, such as <1.2.3, ^1.2 or *.", text.Line(a.Affected, 200))
	}
	a.Title = strings.TrimSpace(a.Title)
	if n := len([]rune(a.Title)); n == 0 || n > titleMax || text.Line(a.Title, 4*titleMax) != a.Title {
		return fault.Invalidf("title", "Say what it is, in 1 to %d characters on one line: composer audit prints it.", titleMax)
	}
	if a.CVE = strings.ToUpper(strings.TrimSpace(a.CVE)); a.CVE != "" && !cveForm.MatchString(a.CVE) {
		return fault.Invalidf("cve", "%q is no CVE id, such as CVE-2026-12345.", text.Line(a.CVE, 100))
	}
	if a.Severity = strings.ToLower(strings.TrimSpace(a.Severity)); a.Severity != "" && !slices.Contains(Severities, a.Severity) {
		return fault.Invalidf("severity", "%q is none of low, medium, high and critical.", text.Line(a.Severity, 100))
	}
	return checkLink(&a.Link, pageMax)
}

// WriteAdvisory adds an advisory of our own: composer audit tells of it, and fixes of it do not wait.
func (c *Catalog) WriteAdvisory(ctx context.Context, a NewAdvisory) (*ent.Advisory, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	var row *ent.Advisory
	err := c.db.Tx(ctx, func(tx *database.Tx) error {
		n, err := tx.Advisory.Query().Where(advisory.RepositoryIDIsNil()).Count(ctx)
		if err != nil {
			return err
		}
		if n >= writtenMax {
			return &fault.Conflict{Message: fmt.Sprintf("There are %d advisories of your own, which is as many as there may be. Remove some.", n)}
		}
		now, id := time.Now().UTC().Truncate(time.Microsecond), newID("adv_")
		called := OwnAdvisory + strings.ToUpper(strings.TrimPrefix(id, "adv_"))
		row, err = tx.Advisory.Create().SetID(id).SetPackage(a.Package).SetAdvisoryID(called).SetAffectedVersions(a.Affected).SetTitle(a.Title).
			SetNillableCve(orNil(a.CVE)).SetNillableLink(orNil(a.Link)).SetNillableSeverity(orNil(a.Severity)).SetReportedAt(now).SetUpdatedAt(now).
			SetSource(Ourselves(c.publicURL)).SetRemoteID(called).SetCreatedBy(text.Line(audit.ActorOf(ctx).Name, 255)).Save(ctx)
		if err != nil {
			return err
		}
		announceWritten(tx, row)
		return c.events.Write(ctx, tx, audit.Event{Action: "advisory.create", Target: row.ID, Details: advisoryDetails(row)})
	})
	if err != nil {
		return nil, fmt.Errorf("write an advisory of %s: %w", a.Package, err)
	}
	return row, c.releaseFixesOf(ctx, row.Package)
}

// ChangeAdvisory changes an advisory that was written here.
func (c *Catalog) ChangeAdvisory(ctx context.Context, id string, changes AdvisoryChanges) (*ent.Advisory, error) {
	var row *ent.Advisory
	err := c.db.Tx(ctx, func(tx *database.Tx) error {
		was, err := written(ctx, tx, id)
		if err != nil {
			return err
		}
		now := was.with(changes)
		if err := now.check(); err != nil {
			return err
		}
		if now == was.NewAdvisory {
			row = was.row
			return nil
		}
		update := tx.Advisory.UpdateOneID(id).SetAffectedVersions(now.Affected).SetTitle(now.Title).SetUpdatedAt(time.Now().UTC().Truncate(time.Microsecond))
		describe(update.Mutation(), orNil(now.CVE), orNil(now.Link), orNil(now.Severity))
		if row, err = update.Save(ctx); err != nil {
			return err
		}
		announceWritten(tx, row)
		return c.events.Write(ctx, tx, audit.Event{Action: "advisory.update", Target: id, Details: advisoryDetails(row)})
	})
	if err != nil {
		return nil, fmt.Errorf("change the advisory %s: %w", id, err)
	}
	return row, c.releaseFixesOf(ctx, row.Package)
}

// RemoveAdvisory removes an advisory that was written here.
func (c *Catalog) RemoveAdvisory(ctx context.Context, id string) error {
	err := c.db.Tx(ctx, func(tx *database.Tx) error {
		was, err := written(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := tx.Advisory.DeleteOne(was.row).Exec(ctx); err != nil {
			return err
		}
		announceWritten(tx, was.row)
		return c.events.Write(ctx, tx, audit.Event{Action: "advisory.remove", Target: id, Details: advisoryDetails(was.row)})
	})
	if err != nil {
		return fmt.Errorf("remove the advisory %s: %w", id, err)
	}
	return nil
}

// writtenAdvisory is an advisory that was written here.
type writtenAdvisory struct {
	NewAdvisory
	row *ent.Advisory
}

// written reads an advisory that was written here; one that a source tells is nobody's to change.
func written(ctx context.Context, tx *database.Tx, id string) (w writtenAdvisory, err error) {
	w.row, err = tx.Advisory.Query().Where(advisory.ID(id)).Only(ctx)
	if ent.IsNotFound(err) {
		return w, &fault.NotFound{What: "advisory", ID: id}
	}
	if err != nil {
		return w, err
	}
	if w.row.RepositoryID != nil {
		return w, &fault.Conflict{Message: "The source of a repository tells this advisory. Those that were written here can be changed."}
	}
	or := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	w.NewAdvisory = NewAdvisory{w.row.Package, w.row.AffectedVersions, w.row.Title, or(w.row.Cve), or(w.row.Link), or(w.row.Severity)}
	return w, nil
}

func (w writtenAdvisory) with(changes AdvisoryChanges) NewAdvisory {
	now := w.NewAdvisory
	for field, to := range map[*string]*string{&now.Affected: changes.Affected, &now.Title: changes.Title, &now.CVE: changes.CVE, &now.Link: changes.Link, &now.Severity: changes.Severity} {
		if to != nil {
			*field = *to
		}
	}
	return now
}

func advisoryDetails(row *ent.Advisory) map[string]any {
	details := map[string]any{"package": row.Package, "versions": row.AffectedVersions, "title": row.Title, "advisory": row.AdvisoryID}
	for key, value := range map[string]*string{"cve": row.Cve, "link": row.Link, "severity": row.Severity} {
		if value != nil {
			details[key] = *value
		}
	}
	return details
}

// announceWritten has the advisories read again, and then the documents that tell of them.
func announceWritten(tx *database.Tx, row *ent.Advisory) {
	tx.Announce(database.TopicAdvisory, "")
	tx.Announce(database.TopicPackage, row.Package)
}

// releaseFixesOf lets fixes of a package through in every repository that holds releases back.
func (c *Catalog) releaseFixesOf(ctx context.Context, name string) error {
	rows, err := c.db.Client.Repository.Query().Where(repository.CooldownDaysGT(0)).All(ctx)
	if err != nil {
		return fmt.Errorf("read the repositories: %w", err)
	}
	for _, row := range rows {
		if err := c.ReleaseFixes(ctx, row, name); err != nil {
			return err
		}
	}
	return nil
}

// Ourselves is what this server is called where it tells who knows of something: its host.
func Ourselves(public *url.URL) string { return text.Line(public.Host, 190) }
