package migrations

import (
	"ariga.io/atlas/sql/postgres"
	atlas "ariga.io/atlas/sql/schema"
	"ariga.io/atlas/sql/sqlite"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql/schema"
)

// order is what the rows of a list are ordered by: a key, as graph/keyset writes it, and then the id.
type order struct {
	table  string
	key    string            // a column; empty: the id alone
	text   bool              // ordered by its bytes
	absent map[string]string // what stands for no value, by the dialect; nil: every row has one
	set    string            // a column that is not null in the rows of the list; empty: the list is of all rows
}

// What stands for no time: as the database prints it, because a diff compares the texts.
var (
	earliest = map[string]string{dialect.SQLite: "''", dialect.Postgres: "'-infinity'::timestamp with time zone"}
	latest   = map[string]string{dialect.SQLite: "'~'", dialect.Postgres: "'infinity'::timestamp with time zone"}
)

// orders are those of the lists of whole tables, and of a part of one. Each has its index, so that a page is read without sorting the table.
var orders = []order{
	{table: "tokens", key: "created_at"},
	{table: "tokens", key: "description_folded", text: true},
	{table: "tokens", key: "expires_at", absent: latest},
	{table: "tokens", key: "last_used_at", absent: earliest},
	{table: "repositories"},
	{table: "repositories", key: "name", text: true},
	{table: "repositories", key: "priority"},
	{table: "repositories", key: "last_synced_at", absent: earliest},
	{table: "packages"},
	{table: "packages", key: "name", text: true},
	{table: "packages", key: "downloads"},
	{table: "packages", key: "released_at", absent: earliest},
	{table: "claims", key: "pattern", text: true},
	{table: "blocks", key: "package", text: true},
	{table: "advisories", key: "package", text: true, set: "created_by"},
	{table: "organizations", key: "name", text: true},
	{table: "users", key: "email", text: true},
}

// Orders has a diff know the indexes of the orders of lists, which ent's schema cannot say: of expressions, and of texts
// by their bytes.
func Orders(kind string) schema.DiffHook {
	return func(next schema.Differ) schema.Differ {
		return schema.DiffFunc(func(current, desired *atlas.Schema) ([]atlas.Change, error) {
			for _, o := range orders {
				if table, is := desired.Table(o.table); is && (o.key != "" || kind == dialect.Postgres) { // SQLite's primary key is in order
					table.AddIndexes(o.index(table, kind))
				}
			}
			return next.Diff(current, desired)
		})
	}
}

func (o order) index(table *atlas.Table, kind string) *atlas.Index {
	id := part(table, "id", kind == dialect.Postgres)
	if o.key == "" {
		return atlas.NewIndex(o.table + "_by_id").AddParts(id)
	}
	if o.set != "" {
		only := o
		only.set = ""
		index := only.index(table, kind)
		if kind == dialect.Postgres {
			return index.AddAttrs(&postgres.IndexPredicate{P: "(" + o.set + " IS NOT NULL)"})
		}
		return index.AddAttrs(&sqlite.IndexPredicate{P: o.set + " IS NOT NULL"})
	}
	index, key := atlas.NewIndex(o.table+"_by_"+o.key), "COALESCE("+o.key+", "+o.absent[kind]+")"
	switch {
	case o.absent == nil:
		return index.AddParts(part(table, o.key, o.text && kind == dialect.Postgres), id)
	case kind == dialect.SQLite:
		return index.AddExprs(&atlas.RawExpr{X: key + " || ' ' || id"})
	}
	return index.AddExprs(&atlas.RawExpr{X: key}).AddParts(id)
}

func part(table *atlas.Table, name string, collated bool) *atlas.IndexPart {
	column, _ := table.Column(name)
	p := atlas.NewColumnPart(column)
	if collated {
		p.AddAttrs(&atlas.Collation{V: "C"})
	}
	return p
}
