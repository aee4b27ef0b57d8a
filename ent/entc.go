//go:build ignore

// Entc generates the database client of the entities in schema/.
package main

import (
	"log"

	"entgo.io/contrib/entgql"
	"entgo.io/ent/entc"
	"entgo.io/ent/entc/gen"
)

func main() {
	// The GraphQL schema is written by hand (graph/*.graphqls); ent gives its connections, orders and nodes.
	graphql, err := entgql.NewExtension(entgql.WithRelaySpec(true), entgql.WithWhereInputs(false))
	if err != nil {
		log.Fatalf("entgql: %v", err)
	}
	// Of ON CONFLICT, Ignore, UpdateNewValues and Update are used: without a setter of each field for both ways to create
	// things there is an eighth less to compile.
	update := gen.MustParse(gen.NewTemplate("upsert").Parse(`{{ define "helper/upsert/fields" }}// Update sets single fields.
{{ end }}`))
	config := &gen.Config{
		Features:  []gen.Feature{gen.FeatureUpsert, gen.FeatureVersionedMigration, gen.FeatureExecQuery},
		Templates: []*gen.Template{update},
	}
	if err := entc.Generate("./schema", config, entc.Extensions(graphql)); err != nil {
		log.Fatalf("generate ent: %v", err)
	}
}
