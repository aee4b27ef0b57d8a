package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"entgo.io/ent/dialect/sql"

	"broker/ent"
	"broker/ent/pkg"
	"broker/ent/predicate"
	"broker/server/database"
	"broker/server/pattern"
)

// names keeps the sorted names of all packages.
type names struct {
	db *database.DB

	mu      sync.Mutex
	current []string
	version uint64 // moves when current changes
	known   bool   // current was read after the last announcement
}

func (n *names) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.known = false
}

// get returns all names, sorted, and the version of that list. The slice must not be changed.
func (n *names) get(ctx context.Context) ([]string, uint64, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known {
		return n.current, n.version, nil
	}
	read, err := n.db.Client.Pkg.Query().Order(ent.Asc(pkg.FieldName)).Select(pkg.FieldName).Strings(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("read the names of packages: %w", err)
	}
	slices.Sort(read) // the database's collation may differ
	if n.version == 0 || !slices.Equal(read, n.current) {
		n.current = read
		n.version++
	}
	n.known = true
	return n.current, n.version, nil
}

// Names returns the names of the packages a token with these patterns may see, sorted.
func (c *Catalog) Names(ctx context.Context, visible pattern.Set) ([]string, error) {
	all, _, err := c.names.get(ctx)
	if err != nil {
		return nil, err
	}
	return filter(all, visible), nil
}

func filter(all []string, visible pattern.Set) []string {
	if visible.Empty() {
		return all
	}
	var some []string
	for _, name := range all {
		if visible.Match(name) {
			some = append(some, name)
		}
	}
	return some
}

// Found is a package as a search shows it.
type Found struct {
	Name        string
	Description string
	Downloads   int64
	Abandoned   *string // replacement, or empty; nil while maintained
}

// searchMax is how many results a search returns; Composer shows the first page only.
const searchMax = 100

// Search returns the packages whose name or description has every word of the query, most downloaded first, and how
// many there are. packageType narrows to a type; empty means any.
func (c *Catalog) Search(ctx context.Context, query, packageType string, visible pattern.Set) ([]Found, int, error) {
	conditions := []predicate.Pkg{Within(visible)}
	for _, word := range strings.Fields(query) {
		conditions = append(conditions, pkg.Or(pkg.NameContainsFold(word), pkg.DescriptionContainsFold(word)))
	}
	if packageType != "" {
		conditions = append(conditions, pkg.Type(packageType))
	}
	matching := c.db.Client.Pkg.Query().Where(conditions...)
	total, err := matching.Clone().Count(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("search packages: %w", err)
	}
	rows, err := matching.Order(ent.Desc(pkg.FieldDownloads), ent.Asc(pkg.FieldName)).Limit(searchMax).All(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("search packages: %w", err)
	}
	found := make([]Found, len(rows))
	for i, row := range rows {
		found[i] = Found{row.Name, row.Description, row.Downloads, row.Abandoned}
	}
	return found, total, nil
}

// Within selects the packages a set of patterns matches, in the database; the empty set selects all.
func Within(set pattern.Set) predicate.Pkg {
	if set.Empty() {
		return func(*sql.Selector) {}
	}
	var any []predicate.Pkg
	for _, p := range set.Strings() {
		any = append(any, like(p))
	}
	return pkg.Or(any...)
}

var escapeLike = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`, `*`, `%`)

func like(p string) predicate.Pkg {
	return func(s *sql.Selector) {
		column := s.C(pkg.FieldName)
		s.Where(sql.P(func(b *sql.Builder) {
			b.WriteString(column).WriteString(" LIKE ").Arg(escapeLike.Replace(p)).WriteString(` ESCAPE '\'`)
		}))
	}
}
