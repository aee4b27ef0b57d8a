package schema

import (
	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Requirement is that a version of a package, as its source has it now, requires another, or stands in for it: so that
// those that do are found without reading all documents. Its rows have numbers as ids: they are many, and are never asked for by id.
type Requirement struct{ ent.Schema }

// Fields of the Requirement.
func (Requirement) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("id"),
		field.String("package_id").Immutable(),
		field.String("name").Immutable().MaxLen(255).Comment("What is required, in lower case; it need not be here."),
		field.Bool("provided").Default(false).Immutable().Comment("It is provided or replaced, rather than required."),
	}
}

// Edges of the Requirement.
func (Requirement) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("package", Pkg.Type).Ref("requirements").Field("package_id").Unique().Required().Immutable(),
	}
}

// Indexes of the Requirement.
func (Requirement) Indexes() []ent.Index {
	return []ent.Index{index.Fields("package_id", "name", "provided").Unique(), index.Fields("name", "package_id")}
}

// Annotations of the Requirement: never in the API by itself.
func (Requirement) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}
