package view

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"entgo.io/ent/dialect/sql"

	"broker/ent"
	"broker/ent/block"
	"broker/ent/pkg"
	"broker/ent/predicate"
	"broker/server/cached"
	"broker/server/database"
	"broker/server/fold"
	"broker/server/pattern"
	"broker/server/repository"
)

// names keeps the sorted names of all packages. An announcement has what it names read again, not all. The slices must
// not be changed.
type names struct {
	db     *database.DB
	owners *repository.Owners
	kept   *cached.Cache[struct{}, []string]

	reading sync.Mutex // held by the one who reads
	current []string   // as of the last read; nil: all are to be read

	mu      sync.Mutex
	changed map[string]bool // announced since current was read
	all     bool            // announcements of all names, or of more than changedMax
}

// changedMax is how many names are read one by one.
const changedMax = 1000

func newNames(db *database.DB, memory *cached.Memory, owners *repository.Owners) *names {
	n := &names{db: db, owners: owners, changed: map[string]bool{}, kept: cached.NewOne(memory, cached.Options[struct{}, []string]{
		Topics: []database.Topic{database.TopicNames}, Any: true, LastKnown: true,
	})}
	memory.Hear(database.TopicNames, n.note)
	return n
}

func (n *names) note(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if name == "" || len(n.changed) >= changedMax {
		n.all = true
		clear(n.changed)
		return
	}
	n.changed[name] = true
}

func (n *names) get(ctx context.Context) ([]string, error) {
	return n.kept.Get(ctx, struct{}{}, n.read)
}

// read reads what was announced since the last time, or all.
func (n *names) read(ctx context.Context) ([]string, error) {
	n.reading.Lock()
	defer n.reading.Unlock()
	n.mu.Lock()
	some, all := slices.Sorted(maps.Keys(n.changed)), n.all
	clear(n.changed)
	n.all = false
	n.mu.Unlock()
	before := n.current
	n.current = nil // until it is read
	conditions := []predicate.Pkg{}
	if !all && before != nil && n.db.Changes.Live() {
		conditions = append(conditions, pkg.NameIn(some...))
	}
	read, err := n.answered(ctx, conditions...)
	if err != nil {
		return nil, fmt.Errorf("read the names of packages: %w", err)
	}
	if len(conditions) > 0 {
		read = merged(before, some, read)
	}
	n.current = read
	return read, nil
}

// answered are the names that a repository answers for, sorted.
func (n *names) answered(ctx context.Context, narrow ...predicate.Pkg) ([]string, error) {
	order, err := n.owners.Order(ctx)
	if err != nil {
		return nil, err
	}
	var rows []struct {
		Name         string `json:"name"`
		RepositoryID string `json:"repository_id"`
	}
	err = n.db.Client.Pkg.Query().Where(narrow...).Where(pkg.GoneAtIsNil(), pkg.RepositoryIDNotNil()).
		Select(pkg.FieldName, pkg.FieldRepositoryID).Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(rows))
	for _, row := range rows {
		if order.First(row.Name, row.RepositoryID) != "" {
			names = append(names, row.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// merged are all names without some of them and with those that are there of the some. Each is sorted.
func merged(all, some, there []string) []string {
	next := make([]string, 0, len(all)+len(there))
	for _, name := range all {
		for len(there) > 0 && there[0] < name {
			next, there = append(next, there[0]), there[1:]
		}
		if _, changed := slices.BinarySearch(some, name); !changed {
			next = append(next, name)
		}
	}
	return append(next, there...)
}

// Names returns the names of the packages a token with these patterns may see, sorted, without those of which every
// version is blocked.
func (v *View) Names(ctx context.Context, visible pattern.Set) ([]string, error) {
	names, err := v.names.get(ctx)
	if err != nil {
		return nil, err
	}
	hidden, err := v.allWithdrawn(ctx)
	if err != nil {
		return nil, err
	}
	return filter(names, visible, hidden), nil
}

func filter(all []string, visible pattern.Set, hidden withdrawn) []string {
	if visible.Empty() && len(hidden) == 0 {
		return all
	}
	var some []string
	for _, name := range all {
		if _, blocked := hidden[name]; !blocked && visible.Match(name) {
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

// Search returns the packages, but those of which every version is blocked, whose name or description has every word of the query, most downloaded first, and how
// many there are. packageType narrows to a type; empty means any.
func (v *View) Search(ctx context.Context, query, packageType string, visible pattern.Set) ([]Found, int, error) {
	found, err := database.Soon(ctx, func(ctx context.Context) (page, error) { return v.search(ctx, query, packageType, visible) })
	return found.rows, found.total, err
}

// page is the first of what a search found.
type page struct {
	rows  []Found
	total int
}

// search reads everything there is, and so as a report does.
func (v *View) search(ctx context.Context, query, packageType string, visible pattern.Set) (page, error) {
	conditions := append(Sought(query), Within(visible), pkg.GoneAtIsNil(), pkg.RepositoryIDNotNil())
	if packageType != "" {
		conditions = append(conditions, pkg.Type(packageType))
	}
	order, err := v.owners.Order(ctx)
	if err != nil {
		return page{}, err
	}
	rows, err := v.db.Reports.Pkg.Query().Where(conditions...).Order(ent.Desc(pkg.FieldDownloads), ent.Asc(pkg.FieldName)).
		Select(pkg.FieldID, pkg.FieldName, pkg.FieldRepositoryID).All(ctx)
	if err != nil {
		return page{}, fmt.Errorf("search packages: %w", err)
	}
	hidden, err := v.allWithdrawn(ctx)
	if err != nil {
		return page{}, err
	}
	has := map[string][]string{}
	for _, row := range rows {
		has[row.Name] = append(has[row.Name], *row.RepositoryID)
	}
	var ids []string
	total := 0
	for _, row := range rows {
		if _, blocked := hidden[row.Name]; blocked || order.First(row.Name, has[row.Name]...) != *row.RepositoryID {
			continue
		}
		if total++; total <= searchMax {
			ids = append(ids, row.ID)
		}
	}
	return v.found(ctx, ids, total)
}

// found reads what a search shows of packages.
func (v *View) found(ctx context.Context, ids []string, total int) (page, error) {
	rows, err := v.db.Reports.Pkg.Query().Where(pkg.IDIn(ids...)).Order(ent.Desc(pkg.FieldDownloads), ent.Asc(pkg.FieldName)).All(ctx)
	if err != nil {
		return page{}, fmt.Errorf("search packages: %w", err)
	}
	found := make([]Found, len(rows))
	for i, row := range rows {
		found[i] = Found{row.Name, row.Description, row.Downloads, row.Abandoned}
	}
	return page{found, total}, nil
}

// Sought selects the packages whose name or description has every word of a query, in any case of any script.
func Sought(query string) []predicate.Pkg {
	var all []predicate.Pkg
	for _, word := range strings.Fields(query) {
		all = append(all, pkg.Or(fold.Contains[predicate.Pkg](pkg.FieldName, word), fold.Contains[predicate.Pkg](pkg.FieldDescriptionFolded, word)))
	}
	return all
}

// Within selects the packages a set of patterns matches, in the database; the empty set selects all.
func Within(set pattern.Set) predicate.Pkg { return within(set, pkg.FieldName) }

// BlocksWithin selects the blocks whose package, or pattern, a set of patterns matches; the empty set selects all.
func BlocksWithin(set pattern.Set) predicate.Block { return within(set, block.FieldPackage) }

func within(set pattern.Set, column string) func(*sql.Selector) {
	return func(s *sql.Selector) {
		var any []*sql.Predicate
		for _, p := range set.Strings() {
			any = append(any, like(s.C(column), p))
		}
		if len(any) > 0 {
			s.Where(sql.Or(any...))
		}
	}
}

var escapeLike = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`, `*`, `%`)

func like(column, p string) *sql.Predicate {
	return sql.P(func(b *sql.Builder) {
		b.WriteString(column).WriteString(" LIKE ").Arg(escapeLike.Replace(p)).WriteString(` ESCAPE '\'`)
	})
}
