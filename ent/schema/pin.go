package schema

import (
	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Pin is what a release was when it was first seen: it is served so, whatever its source says of the version later, until
// a person accepts the change. It outlives the rows of its package and its version, which are deleted once they are long
// gone.
type Pin struct{ ent.Schema }

// Fields of the Pin.
func (Pin) Fields() []ent.Field {
	return []ent.Field{
		idField("pin_"),
		field.String("repository_id").Immutable(),
		field.String("package").Immutable().MaxLen(255).Comment("Lower case."),
		field.String("normalized_version").Immutable().MaxLen(255),
		field.Time("seen_at").Optional().Nillable().
			Comment("When it was first seen; of what was there before anybody watched, when it was released, null where it does not say."),
		field.Time("released_at").Optional().Nillable().Comment("When it was let through before its cooldown ended: by a person, or as the fix of a known advisory."),
		field.String("reference").Default("").MaxLen(255),
		field.String("address").Default("").MaxLen(64).Comment("The reference as the dist route writes it."),
		field.String("type").Default("").MaxLen(16).Comment("Of the archive."),
		field.String("url").Default("").MaxLen(4096).Comment("Upstream's address of the archive; empty while the next one is taken for it."),
		field.String("shasum").Default("").MaxLen(40).Comment("SHA-1 that upstream names; empty while it names none."),
		field.Bytes("code").Optional().MaxLen(40).Comment("A digest of the metadata that belongs to the bytes, such as require and autoload."),
		field.String("sha256").Default("").MaxLen(64).Comment("Of the archive; empty until it was first fetched."),
		field.String("sha1").Default("").MaxLen(40).Comment("The same."),
		field.Int64("size").Default(0).Comment("The same, in bytes."),
		field.Bytes("change").Optional().MaxLen(40).Comment("A digest of what the source says instead; none while it says what is pinned."),
		field.Time("changed_at").Optional().Nillable().Comment("When that was seen; null once it was rejected."),
		field.String("changed_reference").Default("").MaxLen(255),
		field.String("changed_sha256").Default("").MaxLen(64).Comment("Of the bytes that came instead, where some did."),
		field.String("changed_sha1").Default("").MaxLen(40).Comment("The same."),
		field.Int64("changed_size").Default(0).Comment("The same, in bytes."),
		field.Bool("overwritten").Default(false).
			Comment("The source has something else at the archive's very address now, and no checksum tells the two apart."),
		field.Bytes("changed_metadata").Optional().Comment("The version as the source has it now; none where only the bytes are others."),
		field.JSON("told", []string{}).Default([]string{}).Comment("The changes that the audit log has, by their digests."),
		field.JSON("rejected", []string{}).Default([]string{}).Comment("Those that a person rejected."),
	}
}

// Edges of the Pin.
func (Pin) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("repository", Repository.Type).Ref("pins").Field("repository_id").Unique().Required().Immutable(),
		edge.To("versions", PackageVersion.Type).Annotations(entsql.OnDelete(entsql.SetNull)),
	}
}

// Indexes of the Pin.
func (Pin) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("repository_id", "package", "normalized_version").Unique(),
		index.Fields("repository_id", "seen_at"),
		index.Fields("changed_at").Annotations(entsql.IndexWhere("changed_at IS NOT NULL")),
	}
}

// Annotations of the Pin: never in the API by itself.
func (Pin) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}
