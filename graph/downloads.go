package graph

import (
	"context"
	"slices"
	"strings"

	"entgo.io/contrib/entgql"
	"github.com/99designs/gqlgen/graphql"

	"broker/ent"
	"broker/ent/token"
	"broker/graph/keyset"
	"broker/graph/model"
	"broker/server/auth"
	"broker/server/fault"
	"broker/server/usage"
)

// usage authorises and reads a report. A token that names none gets its own.
func (r *Resolver) usage(ctx context.Context, rangeArg usage.Range, f usage.Filter) (*usage.Report, error) {
	if f.TokenID == "" {
		f.TokenID = ownToken(ctx)
	}
	if err := r.mayReadUsage(ctx, f); err != nil {
		return nil, err
	}
	return usage.Read(ctx, r.Client, rangeArg, f, r.Now())
}

// given refuses a filter that is there and empty: who meant one token must not get everybody's numbers because a
// variable was not set.
func given(filters map[string]*string) error {
	for field, value := range filters {
		if value != nil && strings.TrimSpace(*value) == "" {
			return fault.Invalidf(field, "%s is empty. Give one, or leave it out.", field)
		}
	}
	return nil
}

// mayReadUsage authorises reading what a filter lets through. A token may not ask about packages outside its patterns:
// what was counted would tell whether they exist.
func (r *Resolver) mayReadUsage(ctx context.Context, f usage.Filter) error {
	object, err := r.tokenObject(ctx, f.TokenID)
	if err != nil {
		return err
	}
	object.Package = f.Package
	_, err = may(ctx, auth.ReadUsage, object)
	return err
}

// downloads authorises and reads a page of downloads. A token that names none gets its own.
func (r *Resolver) downloads(ctx context.Context, f usage.DownloadFilter, first *int, after *entgql.Cursor[string]) (*model.DownloadConnection, error) {
	if f.TokenID == "" {
		f.TokenID = ownToken(ctx)
	}
	if err := r.mayReadUsage(ctx, usage.Filter{TokenID: f.TokenID, Package: f.Package}); err != nil {
		return nil, err
	}
	size, _, err := page(first, nil)
	if err != nil {
		return nil, err
	}
	key, err := keyset.ReadKey("after", after, "downloads")
	if err != nil {
		return nil, err
	}
	found, err := usage.Downloads(ctx, r.Client, f, *size+1, key)
	if err != nil {
		return nil, err
	}
	connection := downloadPage(found, *size, key != "")
	if asked(ctx, "totalCount", "tokenCount") {
		if connection.TotalCount, connection.TokenCount, err = usage.DownloadCount(ctx, r.Client, f); err != nil {
			return nil, err
		}
	}
	return connection, r.withTokens(ctx, connection.Edges)
}

// downloadPage is a page of what was found, which is one more where there is a next page.
func downloadPage(found []*usage.Download, size int, previous bool) *model.DownloadConnection {
	c := &model.DownloadConnection{
		Edges:    []*model.DownloadEdge{},
		PageInfo: &entgql.PageInfo[string]{HasNextPage: len(found) > size, HasPreviousPage: previous},
	}
	for _, d := range found[:min(size, len(found))] {
		c.Edges = append(c.Edges, &model.DownloadEdge{Node: d, Cursor: keyset.Cursor("downloads", d.Key())})
	}
	if n := len(c.Edges); n > 0 {
		c.PageInfo.StartCursor, c.PageInfo.EndCursor = &c.Edges[0].Cursor, &c.Edges[n-1].Cursor
	}
	return c
}

// asked tells whether the query wants one of the fields of what is being resolved.
func asked(ctx context.Context, names ...string) bool {
	return slices.ContainsFunc(graphql.CollectFieldsCtx(ctx, nil), func(f graphql.CollectedField) bool { return slices.Contains(names, f.Name) })
}

// withTokens reads the tokens of downloads, all at once.
func (r *Resolver) withTokens(ctx context.Context, edges []*model.DownloadEdge) error {
	ids := make([]string, len(edges))
	for i, edge := range edges {
		ids[i] = edge.Node.TokenID
	}
	byID, err := r.tokensSeen(ctx, ids)
	if err != nil {
		return err
	}
	for _, edge := range edges {
		edge.Node.Token = byID[edge.Node.TokenID]
	}
	return nil
}

// tokensSeen are those of some tokens that the caller may see, by their ids: a token that asks gets itself and those it
// made.
func (r *Resolver) tokensSeen(ctx context.Context, ids []string) (map[string]*ent.Token, error) {
	query := r.Client.Token.Query().Where(token.IDIn(ids...)).WithSecrets()
	if own := ownToken(ctx); own != "" {
		query.Where(token.Or(token.ID(own), token.ParentID(own)))
	}
	all, err := query.All(ctx)
	if err != nil {
		return nil, err
	}
	byID := map[string]*ent.Token{}
	for _, t := range all {
		byID[t.ID] = t
	}
	return byID, nil
}
