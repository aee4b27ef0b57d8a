package schema

import (
	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Document is a package's rendered metadata, gzipped. It is the only place where a version's metadata is kept.
type Document struct{ ent.Schema }

// Fields of the Document.
func (Document) Fields() []ent.Field {
	return []ent.Field{
		idField("doc_"),
		field.String("package_id").Immutable(),
		field.Bool("dev").Immutable().Comment("The ~dev document."),
		field.Bytes("body").Comment("Gzipped JSON, exactly as it is served."),
		field.Int("size").Comment("Bytes before compression."),
		field.Bytes("digest").MaxLen(32).Comment("SHA-256 of the JSON; its Last-Modified is made of it."),
	}
}

// Edges of the Document.
func (Document) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("package", Pkg.Type).Ref("documents").Field("package_id").Unique().Required().Immutable(),
	}
}

// Indexes of the Document.
func (Document) Indexes() []ent.Index {
	return []ent.Index{index.Fields("package_id", "dev").Unique()}
}

// Annotations of the Document: never in the API.
func (Document) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}
