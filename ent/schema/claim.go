package schema

import (
	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Claim is a pattern of names that one repository owns: no other may ever answer for them. It outlives its repository:
// then the names stay closed until a person frees them, or another repository comes to own the pattern.
type Claim struct{ ent.Schema }

// Fields of the Claim.
func (Claim) Fields() []ent.Field {
	return []ent.Field{
		idField("claim_"),
		field.String("pattern").Immutable().MaxLen(255),
		field.String("repository_id").Optional().Nillable().Comment("Null once the repository was removed."),
		field.Time("closed_at").Optional().Nillable().Comment("When it was."),
		field.String("removed_repository_id").Optional().Nillable().Annotations(entgql.Skip()).
			Comment("The repository that was removed last; what locks name of its archives is served."),
		createdAt(),
	}
}

// Edges of the Claim.
func (Claim) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("repository", Repository.Type).Ref("claims").Field("repository_id").Unique(),
	}
}

// Indexes of the Claim.
func (Claim) Indexes() []ent.Index {
	return []ent.Index{index.Fields("repository_id", "pattern").Unique(), index.Fields("pattern")}
}

// Annotations of the Claim.
func (Claim) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.RelayConnection()}
}
