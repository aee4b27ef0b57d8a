package graph

import (
	"context"
	"time"

	"entgo.io/contrib/entgql"

	"broker/ent"
	"broker/ent/advisory"
	"broker/ent/auditevent"
	"broker/ent/block"
	"broker/ent/claim"
	"broker/ent/noticedelivery"
	"broker/ent/organization"
	"broker/ent/packageversion"
	"broker/ent/pkg"
	"broker/ent/repository"
	"broker/ent/syncrun"
	"broker/ent/token"
	"broker/ent/user"
	"broker/graph/keyset"
	orgs "broker/server/organization"
)

// What each list may be ordered by: the names of the API's enums, and the one without a name where nothing is asked.
// "No expiry" is later than every date; "never used", "never synced" and "no release" are earlier than every date.
var (
	tokenKeys = map[string]keyset.Key[ent.Token]{
		"":             keyset.Time(token.FieldCreatedAt, func(t *ent.Token) time.Time { return t.CreatedAt }),
		"CREATED_AT":   keyset.Time(token.FieldCreatedAt, func(t *ent.Token) time.Time { return t.CreatedAt }),
		"DESCRIPTION":  keyset.Text(token.FieldDescriptionFolded, func(t *ent.Token) string { return t.DescriptionFolded }),
		"EXPIRES_AT":   keyset.MaybeTime(token.FieldExpiresAt, keyset.Latest, func(t *ent.Token) *time.Time { return t.ExpiresAt }),
		"LAST_USED_AT": keyset.MaybeTime(token.FieldLastUsedAt, keyset.Earliest, func(t *ent.Token) *time.Time { return t.LastUsedAt }),
	}
	repositoryKeys = map[string]keyset.Key[ent.Repository]{
		"":               {},
		"NAME":           keyset.Text(repository.FieldName, func(r *ent.Repository) string { return r.Name }),
		"PRIORITY":       keyset.Number(repository.FieldPriority, func(r *ent.Repository) int64 { return int64(r.Priority) }),
		"LAST_SYNCED_AT": keyset.MaybeTime(repository.FieldLastSyncedAt, keyset.Earliest, func(r *ent.Repository) *time.Time { return r.LastSyncedAt }),
	}
	packageKeys = map[string]keyset.Key[ent.Pkg]{
		"":            {},
		"NAME":        keyset.Text(pkg.FieldName, func(p *ent.Pkg) string { return p.Name }),
		"DOWNLOADS":   keyset.Number(pkg.FieldDownloads, func(p *ent.Pkg) int64 { return p.Downloads }),
		"RELEASED_AT": keyset.MaybeTime(pkg.FieldReleasedAt, keyset.Earliest, func(p *ent.Pkg) *time.Time { return p.ReleasedAt }),
	}
)

// listTokens reads a page of tokens.
func listTokens(ctx context.Context, q *ent.TokenQuery, order *ent.TokenOrder, page keyset.Page) (*ent.TokenConnection, error) {
	name, direction := "", entgql.OrderDirectionAsc
	if order != nil {
		name, direction = order.Field.String(), order.Direction
	}
	of, err := keyset.In("tokens", func(t *ent.Token) string { return t.ID }, tokenKeys, name, direction)
	if err != nil {
		return nil, err
	}
	read, err := keyset.From(ctx, q, of, page)
	if err != nil {
		return nil, err
	}
	edges := keyset.Edges(read, func(t *ent.Token, c ent.Cursor) *ent.TokenEdge { return &ent.TokenEdge{Node: t, Cursor: c} })
	return &ent.TokenConnection{Edges: edges, PageInfo: read.Info, TotalCount: read.Total}, nil
}

// listRepositories reads a page of repositories.
func listRepositories(ctx context.Context, q *ent.RepositoryQuery, order *ent.RepositoryOrder, page keyset.Page) (*ent.RepositoryConnection, error) {
	name, direction := "", entgql.OrderDirectionAsc
	if order != nil {
		name, direction = order.Field.String(), order.Direction
	}
	of, err := keyset.In("repositories", func(r *ent.Repository) string { return r.ID }, repositoryKeys, name, direction)
	if err != nil {
		return nil, err
	}
	read, err := keyset.From(ctx, q, of, page)
	if err != nil {
		return nil, err
	}
	edges := keyset.Edges(read, func(r *ent.Repository, c ent.Cursor) *ent.RepositoryEdge {
		return &ent.RepositoryEdge{Node: r, Cursor: c}
	})
	return &ent.RepositoryConnection{Edges: edges, PageInfo: read.Info, TotalCount: read.Total}, nil
}

// listPackages reads a page of packages.
func listPackages(ctx context.Context, q *ent.PkgQuery, order *ent.PackageOrder, page keyset.Page) (*ent.PackageConnection, error) {
	name, direction := "", entgql.OrderDirectionAsc
	if order != nil {
		name, direction = order.Field.String(), order.Direction
	}
	of, err := keyset.In("packages", func(p *ent.Pkg) string { return p.ID }, packageKeys, name, direction)
	if err != nil {
		return nil, err
	}
	read, err := keyset.From(ctx, q, of, page)
	if err != nil {
		return nil, err
	}
	edges := keyset.Edges(read, func(p *ent.Pkg, c ent.Cursor) *ent.PackageEdge { return &ent.PackageEdge{Node: p, Cursor: c} })
	return &ent.PackageConnection{Edges: edges, PageInfo: read.Info, TotalCount: read.Total}, nil
}

// listDependents reads a page of the packages that require another, by their names.
func listDependents(ctx context.Context, name string, q *ent.PkgQuery, page keyset.Page) (*ent.PackageConnection, error) {
	read, err := keyset.From(ctx, q, keyset.Of[ent.Pkg]{
		Name: "dependents of " + name, ID: func(p *ent.Pkg) string { return p.ID }, Key: packageKeys["NAME"],
	}, page)
	if err != nil {
		return nil, err
	}
	edges := keyset.Edges(read, func(p *ent.Pkg, c ent.Cursor) *ent.PackageEdge { return &ent.PackageEdge{Node: p, Cursor: c} })
	return &ent.PackageConnection{Edges: edges, PageInfo: read.Info, TotalCount: read.Total}, nil
}

// listVersions reads a page of a package's versions, the highest first.
func listVersions(ctx context.Context, p *ent.Pkg, page keyset.Page) (*ent.PackageVersionConnection, error) {
	read, err := keyset.From(ctx, p.QueryVersions().Where(packageversion.GoneAtIsNil()).WithPackage().WithPin(), keyset.Of[ent.PackageVersion]{
		Name: "versions of " + p.ID, ID: func(v *ent.PackageVersion) string { return v.ID },
		Key: keyset.Number(packageversion.FieldPosition, func(v *ent.PackageVersion) int64 { return int64(v.Position) }),
	}, page)
	if err != nil {
		return nil, err
	}
	edges := keyset.Edges(read, func(v *ent.PackageVersion, c ent.Cursor) *ent.PackageVersionEdge {
		return &ent.PackageVersionEdge{Node: v, Cursor: c}
	})
	return &ent.PackageVersionConnection{Edges: edges, PageInfo: read.Info, TotalCount: read.Total}, nil
}

// listDecided reads a page of the versions of any package, in the order in which they came.
func listDecided(ctx context.Context, name string, q *ent.PackageVersionQuery, page keyset.Page) (*ent.PackageVersionConnection, error) {
	read, err := keyset.From(ctx, q.WithPackage().WithPin(), keyset.Of[ent.PackageVersion]{
		Name: name, ID: func(v *ent.PackageVersion) string { return v.ID },
	}, page)
	if err != nil {
		return nil, err
	}
	edges := keyset.Edges(read, func(v *ent.PackageVersion, c ent.Cursor) *ent.PackageVersionEdge {
		return &ent.PackageVersionEdge{Node: v, Cursor: c}
	})
	return &ent.PackageVersionConnection{Edges: edges, PageInfo: read.Info, TotalCount: read.Total}, nil
}

// listBlocks reads a page of blocks, by their packages.
func listBlocks(ctx context.Context, q *ent.BlockQuery, page keyset.Page) (*ent.BlockConnection, error) {
	read, err := keyset.From(ctx, q, keyset.Of[ent.Block]{
		Name: "blocks", ID: func(b *ent.Block) string { return b.ID },
		Key: keyset.Text(block.FieldPackage, func(b *ent.Block) string { return b.Package }),
	}, page)
	if err != nil {
		return nil, err
	}
	edges := keyset.Edges(read, func(b *ent.Block, at ent.Cursor) *ent.BlockEdge { return &ent.BlockEdge{Node: b, Cursor: at} })
	return &ent.BlockConnection{Edges: edges, PageInfo: read.Info, TotalCount: read.Total}, nil
}

// listAdvisories reads a page of advisories, by their packages.
func listAdvisories(ctx context.Context, q *ent.AdvisoryQuery, page keyset.Page) (*ent.AdvisoryConnection, error) {
	read, err := keyset.From(ctx, q, keyset.Of[ent.Advisory]{
		Name: "advisories", ID: func(a *ent.Advisory) string { return a.ID },
		Key: keyset.Text(advisory.FieldPackage, func(a *ent.Advisory) string { return a.Package }),
	}, page)
	if err != nil {
		return nil, err
	}
	edges := keyset.Edges(read, func(a *ent.Advisory, at ent.Cursor) *ent.AdvisoryEdge { return &ent.AdvisoryEdge{Node: a, Cursor: at} })
	return &ent.AdvisoryConnection{Edges: edges, PageInfo: read.Info, TotalCount: read.Total}, nil
}

// listOrganizations reads a page of organizations, by their names.
func listOrganizations(ctx context.Context, q *ent.OrganizationQuery, page keyset.Page) (*ent.OrganizationConnection, error) {
	read, err := keyset.From(ctx, q, keyset.Of[ent.Organization]{
		Name: "organizations", ID: func(o *ent.Organization) string { return o.ID },
		Columns: orgs.Shown,
		Key:     keyset.Text(organization.FieldName, func(o *ent.Organization) string { return o.Name }),
	}, page)
	if err != nil {
		return nil, err
	}
	edges := keyset.Edges(read, func(o *ent.Organization, at ent.Cursor) *ent.OrganizationEdge {
		return &ent.OrganizationEdge{Node: o, Cursor: at}
	})
	return &ent.OrganizationConnection{Edges: edges, PageInfo: read.Info, TotalCount: read.Total}, nil
}

// listSyncs reads a page of a repository's syncs, newest first.
func listSyncs(ctx context.Context, r *ent.Repository, page keyset.Page) (*ent.SyncRunConnection, error) {
	read, err := keyset.From(ctx, r.QuerySyncs(), keyset.Of[ent.SyncRun]{
		Name: "syncs of " + r.ID, ID: func(s *ent.SyncRun) string { return s.ID }, Desc: true,
		Key: keyset.Time(syncrun.FieldCreatedAt, func(s *ent.SyncRun) time.Time { return s.CreatedAt }),
	}, page)
	if err != nil {
		return nil, err
	}
	edges := keyset.Edges(read, func(s *ent.SyncRun, c ent.Cursor) *ent.SyncRunEdge { return &ent.SyncRunEdge{Node: s, Cursor: c} })
	return &ent.SyncRunConnection{Edges: edges, PageInfo: read.Info, TotalCount: read.Total}, nil
}

// listClaims reads a page of claims, by their patterns.
func listClaims(ctx context.Context, q *ent.ClaimQuery, page keyset.Page) (*ent.ClaimConnection, error) {
	read, err := keyset.From(ctx, q, keyset.Of[ent.Claim]{
		Name: "claims", ID: func(c *ent.Claim) string { return c.ID },
		Key: keyset.Text(claim.FieldPattern, func(c *ent.Claim) string { return c.Pattern }),
	}, page)
	if err != nil {
		return nil, err
	}
	edges := keyset.Edges(read, func(c *ent.Claim, at ent.Cursor) *ent.ClaimEdge { return &ent.ClaimEdge{Node: c, Cursor: at} })
	return &ent.ClaimConnection{Edges: edges, PageInfo: read.Info, TotalCount: read.Total}, nil
}

// listUsers reads a page of people, by their e-mail addresses.
func listUsers(ctx context.Context, q *ent.UserQuery, page keyset.Page) (*ent.UserConnection, error) {
	read, err := keyset.From(ctx, q, keyset.Of[ent.User]{
		Name: "users", ID: func(u *ent.User) string { return u.ID },
		Key: keyset.Unique(keyset.Text(user.FieldEmail, func(u *ent.User) string { return u.Email })),
	}, page)
	if err != nil {
		return nil, err
	}
	edges := keyset.Edges(read, func(u *ent.User, at ent.Cursor) *ent.UserEdge { return &ent.UserEdge{Node: u, Cursor: at} })
	return &ent.UserConnection{Edges: edges, PageInfo: read.Info, TotalCount: read.Total}, nil
}

// listEvents reads a page of audit events, newest first.
func listEvents(ctx context.Context, q *ent.AuditEventQuery, page keyset.Page) (*ent.AuditEventConnection, error) {
	read, err := keyset.From(ctx, q, keyset.Of[ent.AuditEvent]{
		Name: "auditEvents", ID: func(e *ent.AuditEvent) string { return e.ID }, Desc: true,
		Key: keyset.Unique(keyset.Number(auditevent.FieldNumber, func(e *ent.AuditEvent) int64 { return e.Number })),
	}, page)
	if err != nil {
		return nil, err
	}
	edges := keyset.Edges(read, func(e *ent.AuditEvent, c ent.Cursor) *ent.AuditEventEdge {
		return &ent.AuditEventEdge{Node: e, Cursor: c}
	})
	return &ent.AuditEventConnection{Edges: edges, PageInfo: read.Info, TotalCount: read.Total}, nil
}

// listDeliveries reads a page of what was sent to an endpoint, newest first.
func listDeliveries(ctx context.Context, client *ent.Client, e *ent.NoticeEndpoint, page keyset.Page) (*ent.NoticeDeliveryConnection, error) {
	read, err := keyset.From(ctx, client.NoticeDelivery.Query().Where(noticedelivery.EndpointID(e.ID)), keyset.Of[ent.NoticeDelivery]{
		Name: "deliveries to " + e.ID, ID: func(d *ent.NoticeDelivery) string { return d.ID }, Desc: true,
		Key: keyset.Time(noticedelivery.FieldCreatedAt, func(d *ent.NoticeDelivery) time.Time { return d.CreatedAt }),
	}, page)
	if err != nil {
		return nil, err
	}
	edges := keyset.Edges(read, func(d *ent.NoticeDelivery, at ent.Cursor) *ent.NoticeDeliveryEdge {
		return &ent.NoticeDeliveryEdge{Node: d, Cursor: at}
	})
	return &ent.NoticeDeliveryConnection{Edges: edges, PageInfo: read.Info, TotalCount: read.Total}, nil
}
