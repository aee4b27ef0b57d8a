package graph

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"entgo.io/contrib/entgql"

	"broker/graph/keyset"
	"broker/graph/model"
	"broker/server/auth"
	"broker/server/catalog"
	"broker/server/fault"
	"broker/server/usage"
	"broker/server/view"
)

// affectedFor is how long ago a version may have been downloaded to count as still installed.
const affectedFor = 30 * 24 * time.Hour

// affectedInstalls authorises and reads a page of who still installs affected versions. A token that names none gets its
// own.
func (r *Resolver) affectedInstalls(ctx context.Context, where *model.AffectedWhere, first *int, after *entgql.Cursor[string]) (*model.AffectedInstallConnection, error) {
	if where == nil {
		where = &model.AffectedWhere{}
	}
	if err := given(map[string]*string{"package": where.Package, "token": where.Token, "severity": where.Severity}); err != nil {
		return nil, err
	}
	filter := view.AffectedFilter{Package: strings.ToLower(text(where.Package)), Severity: strings.ToLower(text(where.Severity))}
	if s := filter.Severity; s != "" && !slices.Contains(catalog.Severities, s) {
		return nil, fault.Invalidf("severity", "%q is none of %s.", s, strings.Join(catalog.Severities, ", "))
	}
	token := text(where.Token)
	if token == "" {
		token = ownToken(ctx)
	}
	object, err := r.tokenObject(ctx, token)
	if err != nil {
		return nil, err
	}
	object.Package = filter.Package
	subject, err := may(ctx, auth.ReadUsage, object)
	if err != nil {
		return nil, err
	}
	if subject.Token != nil {
		filter.Visible = subject.Token.Packages
	}
	size, _, err := page(first, nil)
	if err != nil {
		return nil, err
	}
	cursor, err := keyset.ReadKey("after", after, "affectedInstalls")
	if err != nil {
		return nil, err
	}
	key, err := usage.ParseInstallsKey(cursor)
	if err != nil {
		return nil, err
	}
	since := r.Now().Add(-affectedFor)
	connection, err := r.affectedPage(ctx, filter, token, since, *size, key)
	if err != nil {
		return nil, err
	}
	if asked(ctx, "totalCount") {
		err = r.View.EachAffected(ctx, r.Client, filter, func(some []view.Affected) (bool, error) {
			for part := range chunks(some) {
				n, err := usage.CountInstalls(ctx, r.Client, versionsOf(part), token, since)
				if err != nil {
					return false, err
				}
				connection.TotalCount += n
			}
			return true, nil
		})
	}
	return connection, err
}

// affectedPage reads packages in their order until a page is full.
func (r *Resolver) affectedPage(ctx context.Context, filter view.AffectedFilter, token string, since time.Time, size int, key usage.InstallsKey) (*model.AffectedInstallConnection, error) {
	c := &model.AffectedInstallConnection{Edges: []*model.AffectedInstallEdge{}, PageInfo: &entgql.PageInfo[string]{HasPreviousPage: key != usage.InstallsKey{}}}
	filter.From = key.Package
	var ids []string
	err := r.View.EachAffected(ctx, r.Client, filter, func(some []view.Affected) (bool, error) {
		for part := range chunks(some) {
			found, err := usage.InstallsOf(ctx, r.Client, versionsOf(part), token, since, size+1-len(c.Edges), key)
			if err != nil {
				return false, err
			}
			why := map[usage.Version]view.Affected{}
			for _, one := range part {
				why[usage.Version{Package: one.Package, Version: one.Normalized}] = one
			}
			for _, one := range found {
				if len(c.Edges) == size {
					c.PageInfo.HasNextPage = true
					return false, nil
				}
				of := why[one.Version]
				node := &model.AffectedInstall{Package: one.Package, Version: of.Version, NormalizedVersion: one.Version.Version, Downloads: one.Downloads,
					Installs: one.Installs, LastAt: one.LastAt, Advisories: of.Advisories, Blocks: of.Blocks}
				ids = append(ids, one.TokenID)
				c.Edges = append(c.Edges, &model.AffectedInstallEdge{Node: node, Cursor: keyset.Cursor("affectedInstalls", usage.InstallsKey{Version: one.Version, TokenID: one.TokenID}.String())})
			}
		}
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	if n := len(c.Edges); n > 0 {
		c.PageInfo.StartCursor, c.PageInfo.EndCursor = &c.Edges[0].Cursor, &c.Edges[n-1].Cursor
	}
	tokens, err := r.tokensSeen(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i, edge := range c.Edges {
		edge.Node.Token = tokens[ids[i]]
	}
	return c, nil
}

// chunks are versions that are asked for together.
func chunks(all []view.Affected) iter.Seq[[]view.Affected] { return slices.Chunk(all, 100) }

func versionsOf(all []view.Affected) []usage.Version {
	versions := make([]usage.Version, len(all))
	for i, one := range all {
		versions[i] = usage.Version{Package: one.Package, Version: one.Normalized}
	}
	return versions
}
