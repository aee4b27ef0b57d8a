package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"entgo.io/ent/dialect/sql"
	"golang.org/x/sync/singleflight"

	"broker/ent"
	"broker/ent/pkg"
	"broker/ent/predicate"
	"broker/server/database"
	"broker/server/pattern"
)

// names keeps the sorted names of all packages. Requests that find them forgotten share one read.
type names struct {
	db      *database.DB
	flights singleflight.Group

	mu         sync.Mutex
	current    list
	versions   uint64 // how many lists were read
	generation uint64 // moves with every announcement
	known      bool   // current was read after the last announcement
}

// list is all names, sorted, and the version of it, which moves when they change. The slice must not be changed.
type list struct {
	all     []string
	version uint64
}

func (n *names) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.known = false
	n.generation++
}

func (n *names) get(ctx context.Context) (list, error) {
	n.mu.Lock()
	current, known, generation := n.current, n.known, n.generation
	n.mu.Unlock()
	if known {
		return current, nil
	}
	key := strconv.FormatUint(generation, 10)
	flight := n.flights.DoChan(key, func() (any, error) {
		return database.Caught(func() (list, error) { return n.read(ctx, generation) })
	})
	read, err := database.Await(ctx, flight, func(r singleflight.Result) (list, error) { return r.Val.(list), r.Err })
	if errors.Is(err, database.ErrSlow) {
		n.flights.Forget(key)
	}
	return read, err
}

// read reads the names, and keeps them unless a change was announced meanwhile.
func (n *names) read(ctx context.Context, generation uint64) (list, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadFor)
	defer cancel()
	read, err := n.db.Client.Pkg.Query().Order(ent.Asc(pkg.FieldName)).Select(pkg.FieldName).Strings(ctx)
	if err != nil {
		return list{}, fmt.Errorf("read the names of packages: %w", err)
	}
	slices.Sort(read) // the database's collation may differ
	return n.keep(read, generation), nil
}

func (n *names) keep(read []string, generation uint64) list {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.current
	if n.versions == 0 || !slices.Equal(read, now.all) {
		n.versions++
		now = list{read, n.versions}
	}
	if n.generation == generation {
		n.current, n.known = now, true
	}
	return now
}

// Names returns the names of the packages a token with these patterns may see, sorted.
func (c *Catalog) Names(ctx context.Context, visible pattern.Set) ([]string, error) {
	names, err := c.names.get(ctx)
	if err != nil {
		return nil, err
	}
	return filter(names.all, visible), nil
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
	found, err := database.Soon(ctx, func(ctx context.Context) (page, error) { return c.search(ctx, query, packageType, visible) })
	return found.rows, found.total, err
}

// page is the first of what a search found.
type page struct {
	rows  []Found
	total int
}

// search reads everything there is, and so as a report does.
func (c *Catalog) search(ctx context.Context, query, packageType string, visible pattern.Set) (page, error) {
	conditions := []predicate.Pkg{Within(visible)}
	for _, word := range strings.Fields(query) {
		conditions = append(conditions, pkg.Or(pkg.NameContainsFold(word), pkg.DescriptionContainsFold(word)))
	}
	if packageType != "" {
		conditions = append(conditions, pkg.Type(packageType))
	}
	matching := c.db.Reports.Pkg.Query().Where(conditions...)
	total, err := matching.Clone().Count(ctx)
	if err != nil {
		return page{}, fmt.Errorf("search packages: %w", err)
	}
	rows, err := matching.Order(ent.Desc(pkg.FieldDownloads), ent.Asc(pkg.FieldName)).Limit(searchMax).All(ctx)
	if err != nil {
		return page{}, fmt.Errorf("search packages: %w", err)
	}
	found := make([]Found, len(rows))
	for i, row := range rows {
		found[i] = Found{row.Name, row.Description, row.Downloads, row.Abandoned}
	}
	return page{found, total}, nil
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
