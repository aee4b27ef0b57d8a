package notice

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"broker/ent"
	"broker/ent/packageversion"
	"broker/ent/pin"
	"broker/ent/pkg"
)

// fromPins is how far it was read which releases were seen for the first time: a pin's id, which begins with the time.
const fromPins = "notices_releases"

// pinsMax is how many releases one step reads, and versionsMax how many of them one notice names.
const (
	pinsMax     = 1000
	versionsMax = 50
)

// The time after which a release is told of: until then whoever stores it may not have committed; and by how much the
// time in its id may be off that of its transaction.
const (
	storedIn = 2 * time.Minute
	offBy    = 10 * time.Minute
)

// lookAtVersions finds releases that sources have and had not before. What was there when a source was first read is not
// told of.
func (s *Service) lookAtVersions(ctx context.Context) error {
	for {
		more, err := s.lookAtSomeVersions(ctx)
		if err != nil || !more {
			return err
		}
	}
}

// pinAt is lower than the ids of releases that are seen from an instant on, and not lower than those seen before.
func pinAt(at time.Time) string {
	var id ulid.ULID
	if err := id.SetTime(ulid.Timestamp(at)); err != nil { // in the year 10889
		panic(err)
	}
	return "pin_" + strings.ToLower(id.String())
}

func (s *Service) lookAtSomeVersions(ctx context.Context) (more bool, err error) {
	until := pinAt(s.now().Add(-storedIn))
	from, err := s.place(ctx, fromPins, until)
	if err != nil || from >= until {
		return false, err
	}
	wanted, err := s.wanted(ctx, VersionAdded)
	if err != nil {
		return false, err
	}
	if !wanted {
		_, err := s.step(ctx, fromPins, from, until, nil, nil)
		return false, err
	}
	rows, err := s.DB.Client.Pin.Query().Where(pin.IDGT(from), pin.IDLTE(until)).Order(ent.Asc(pin.FieldID)).Limit(pinsMax).
		WithRepository().
		Select(pin.FieldID, pin.FieldRepositoryID, pin.FieldPackage, pin.FieldNormalizedVersion, pin.FieldSeenAt).All(ctx)
	if err != nil {
		return false, fmt.Errorf("find new releases: %w", err)
	}
	to := until
	if more = len(rows) == pinsMax; more {
		to = rows[len(rows)-1].ID
	}
	all, err := s.newReleases(ctx, rows)
	if err != nil {
		return false, err
	}
	mine, err := s.step(ctx, fromPins, from, to, all, nil)
	return mine && more, err
}

// wanted tells whether anybody is told of a kind.
func (s *Service) wanted(ctx context.Context, kind string) (bool, error) {
	l, err := s.listeners(ctx, s.DB.Client)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(l.endpoints, func(e *ent.NoticeEndpoint) bool { return wants(e, kind) }) ||
		slices.ContainsFunc(l.people, func(u *ent.User) bool { return chosen(l.choices[u.ID], kind) }), nil
}

// newReleases gathers releases by their package.
func (s *Service) newReleases(ctx context.Context, rows []*ent.Pin) ([]happened, error) {
	type of struct{ repository, name string }
	var order []of
	versions, seen, names := map[of][]string{}, map[of]time.Time{}, map[string]string{}
	for _, row := range rows {
		id, err := ulid.ParseStrict(strings.TrimPrefix(row.ID, "pin_"))
		if err != nil {
			return nil, fmt.Errorf("read when the release %s was seen: %w", row.ID, err)
		}
		// What was there before has the time of its release. A repository that was removed meanwhile takes its own along.
		if row.Edges.Repository == nil || row.SeenAt == nil || ulid.Time(id.Time()).Sub(*row.SeenAt).Abs() > offBy {
			continue
		}
		key := of{row.RepositoryID, row.Package}
		if versions[key] == nil {
			order = append(order, key)
		}
		versions[key], seen[key] = append(versions[key], row.NormalizedVersion), row.SeenAt.UTC()
		names[row.RepositoryID] = row.Edges.Repository.Name
	}
	all := make([]happened, 0, len(order))
	for _, key := range order {
		written, err := s.written(ctx, key.repository, key.name, versions[key])
		if err != nil {
			return nil, err
		}
		h := added(key.name, map[string]any{"id": key.repository, "name": names[key.repository]}, written, len(versions[key]), "")
		h.at = seen[key]
		all = append(all, h)
	}
	return all, nil
}

// written are versions as their source writes them, as many as a notice names; one that is gone again stays normalised.
func (s *Service) written(ctx context.Context, repositoryID, name string, normalized []string) ([]string, error) {
	some := slices.Clone(normalized[:min(len(normalized), versionsMax)])
	rows, err := s.DB.Client.PackageVersion.Query().
		Where(packageversion.NormalizedVersionIn(some...), packageversion.HasPackageWith(pkg.RepositoryID(repositoryID), pkg.Name(name))).
		Select(packageversion.FieldID, packageversion.FieldVersion, packageversion.FieldNormalizedVersion).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the new releases of %s: %w", name, err)
	}
	for _, row := range rows {
		if i := slices.Index(some, row.NormalizedVersion); i >= 0 {
			some[i] = row.Version
		}
	}
	return some, nil
}

// added is that a package has new releases, of which some are named. by is who uploaded it.
func added(name string, repository map[string]any, versions []string, count int, by string) happened {
	summary := fmt.Sprintf("%s %s is new, from %s.", name, versions[0], repository["name"])
	if count > 1 {
		summary = fmt.Sprintf("%s has %d new releases from %s, such as %s.", name, count, repository["name"], versions[0])
	}
	return happened{
		kind: VersionAdded, path: "/packages/" + name, summary: summary, whom: whom{maintainers: true, not: by},
		data: map[string]any{"package": name, "versions": versions, "count": count, "repository": repository},
	}
}
