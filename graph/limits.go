package graph

import (
	"context"
	"runtime"

	"github.com/99designs/gqlgen/graphql"
	"golang.org/x/sync/semaphore"

	"broker/graph/generated"
	"broker/graph/model"
	"broker/server/audit"
	"broker/server/fault"
	"broker/server/usage"
)

// The bounds of one request.
const (
	pageDefault   = 50
	pageMax       = 100
	tokensMax     = 1000 // of the query's text; with more, validation itself takes long
	complexityMax = 5000
	usageCost     = 50   // of a report, which is a query of its own for every row
	queryCost     = 4    // of a field that is a query or more of its own
	countCost     = 25   // of searching through a list, and counting it
	searchCost    = 250  // of a report over everything, or of a list that is searched through and counted
	previewCost   = 1000 // of what a revocation would end
	checkCost     = 2500 // of reading the whole audit log, and of asking a source: one in a request
)

// page is the size of a page: 50 unless said, at most 100.
func page(first, last *int) (*int, *int, error) {
	if first != nil && last != nil {
		return nil, nil, fault.Invalidf("first", "Give either first or last, not both.")
	}
	for field, n := range map[string]*int{"first": first, "last": last} {
		if n != nil && (*n < 1 || *n > pageMax) {
			return nil, nil, fault.Invalidf(field, "%s is 1 to %d.", field, pageMax)
		}
	}
	if first == nil && last == nil {
		n := pageDefault
		first = &n
	}
	return first, last, nil
}

// pageCost is what a connection costs: its children as often as its page has rows.
func pageCost(child int, first *int) int {
	n := pageDefault
	if first != nil {
		n = min(max(*first, 1), pageMax) // more is refused by the resolver, with a better text
	}
	return 1 + n*child
}

// complexity prices the fields that multiply.
func complexity(c *generated.Config) {
	c.Complexity.Query.Tokens = func(child int, first *int, _ *cursor, last *int, _ *cursor, _ *tokenOrder, _ *tokenWhere) int {
		return countCost + pageCost(child, either(first, last))
	}
	c.Complexity.Query.Repositories = func(child int, first *int, _ *cursor, last *int, _ *cursor, _ *repositoryOrder, _ *repositoryWhere) int {
		return pageCost(child, either(first, last))
	}
	c.Complexity.Query.Packages = func(child int, first *int, _ *cursor, last *int, _ *cursor, _ *packageOrder, _ *packageWhere) int {
		return countCost + pageCost(child, either(first, last))
	}
	c.Complexity.Query.Claims = func(child int, first *int, _ *cursor) int { return pageCost(child, first) }
	c.Complexity.Query.Organizations = func(child int, first *int, _ *cursor) int { return pageCost(child, first) }
	c.Complexity.Organization.RepositoryCount = func(child int) int { return queryCost + child }
	c.Complexity.Repository.Organization = func(child int) int { return queryCost + child }
	c.Complexity.Query.Users = func(child int, first *int, _ *cursor, last *int, _ *cursor) int {
		return pageCost(child, either(first, last))
	}
	c.Complexity.User.Sessions = func(child int) int { return queryCost + 10*child }
	c.Complexity.User.Passkeys = func(child int) int { return queryCost + 10*child }
	c.Complexity.User.SecondFactor = func(child int) int { return queryCost + child }
	c.Complexity.User.Identities = func(child int) int { return queryCost + 2*child }
	c.Complexity.User.TokenCount = func(child int) int { return countCost + child }
	c.Complexity.Package.Withheld = func(child int) int { return queryCost + child }
	c.Complexity.Repository.Owns = func(child int) int { return queryCost + child }
	c.Complexity.Package.Versions = func(child int, first *int, _ *cursor) int { return pageCost(child, first) }
	c.Complexity.Repository.Syncs = func(child int, first *int, _ *cursor) int { return pageCost(child, first) }
	c.Complexity.Repository.Health = func(child int) int { return queryCost + child }
	c.Complexity.Query.CheckRepository = func(child int, _ model.CreateRepositoryInput, _ *string) int { return checkCost + child }
	c.Complexity.Query.ChangedVersions = func(child int, first *int, _ *cursor, _ *string) int { return countCost + pageCost(child, first) }
	c.Complexity.Query.HeldVersions = func(child int, first *int, _ *cursor, _ *string) int { return countCost + pageCost(child, first) }
	c.Complexity.Query.Blocks = func(child int, first *int, _ *cursor) int { return pageCost(child, first) }
	c.Complexity.Query.Advisories = func(child int, first *int, _ *cursor, _ *string) int { return pageCost(child, first) }
	c.Complexity.PackageVersion.Requires = func(child int) int { return countCost + child } // of its metadata
	c.Complexity.PackageVersion.Advisories = func(child int) int { return countCost + child }
	c.Complexity.PackageVersion.Readme = func(child int) int { return searchCost + child } // out of its archive
	c.Complexity.PackageVersion.Dependents = func(child int, first *int, _ *cursor) int { return countCost + pageCost(child, first) }
	c.Complexity.PackageVersion.Metadata = func(child int) int { return countCost + child } // cut from the package's document
	c.Complexity.NoticeEndpoint.Deliveries = func(child int, first *int, _ *cursor) int { return queryCost + pageCost(child, first) }
	c.Complexity.NoticeDelivery.Body = func(child int) int { return queryCost + child }
	made(c)
	reports(c)
}

// made prices the fields that go by a token's makers, or look for those it made: a query or more for every row.
func made(c *generated.Config) {
	query := func(child int) int { return queryCost + child }
	c.Complexity.Token.Status = query
	c.Complexity.Token.RateLimit = query
	c.Complexity.Token.RateLimitStatus = query
	c.Complexity.Token.Notices = query
	c.Complexity.Token.NoticesWithKind = query
	c.Complexity.Token.Parent = query
	c.Complexity.Token.ChildCount = query
	c.Complexity.Token.CreatedByRemoved = query
}

// reports prices what reads very many rows for few that it answers.
func reports(c *generated.Config) {
	c.Complexity.Token.Usage = func(child int, _ usage.Range) int { return usageCost + child }
	c.Complexity.TokenSecret.Usage = func(child int, _ usage.Range) int { return usageCost + child }
	c.Complexity.TokenSecret.Addresses = func(child, first int) int { return usageCost + pageCost(child, &first) }
	c.Complexity.Package.Usage = func(child int, _ usage.Range) int { return usageCost + child }
	c.Complexity.Usage.TopPackages = func(child, first int) int { return usageCost + pageCost(child, &first) }
	c.Complexity.Usage.TopTokens = func(child, first int) int { return usageCost + pageCost(child, &first) }
	c.Complexity.Query.Usage = func(child int, _ usage.Range, _, _, _ *string) int { return searchCost + child }
	c.Complexity.Query.Downloads = func(child int, _ model.DownloadWhere, first *int, _ *cursor) int {
		return 2*searchCost + pageCost(child, first) // its counts are as much again
	}
	c.Complexity.Query.AffectedInstalls = func(child int, _ *model.AffectedWhere, first *int, _ *cursor) int {
		return 2*searchCost + pageCost(child, first) // its count is as much again
	}
	c.Complexity.Query.AuditEvents = func(child int, first *int, _ *cursor, last *int, _ *cursor, _ *audit.Where) int {
		return searchCost + pageCost(child, either(first, last))
	}
	c.Complexity.Query.RevocationPreview = func(child int, _ []string, _ *tokenWhere) int { return previewCost + child }
	c.Complexity.Query.AuditCheck = func(child int) int { return checkCost + child }
}

// heavy are the fields that read very many rows.
var heavy = map[string]bool{
	"Query.usage": true, "Query.downloads": true, "Query.affectedInstalls": true, "Query.auditEvents": true, "Query.auditCheck": true, "Query.revocationPreview": true,
	"PackageVersion.readme": true, "Package.usage": true, "Usage.topPackages": true, "Usage.topTokens": true,
}

// reportsAtOnce is how many of them run at a time: SQLite reads in this process, and what runs there is a processor less
// for Composer's requests.
func reportsAtOnce() int64 { return max(2, int64(runtime.GOMAXPROCS(0)/2)) }

// inTurn has heavy fields wait for one another, of whichever caller.
func inTurn(reports *semaphore.Weighted) graphql.FieldMiddleware {
	return func(ctx context.Context, next graphql.Resolver) (any, error) {
		field := graphql.GetFieldContext(ctx)
		if !heavy[field.Object+"."+field.Field.Name] {
			return next(ctx)
		}
		if err := reports.Acquire(ctx, 1); err != nil {
			return nil, err
		}
		defer reports.Release(1)
		return next(ctx)
	}
}

func either(first, last *int) *int {
	if first != nil {
		return first
	}
	return last
}
