package schema

import (
	"time"

	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Label is a name and a value a caller keeps with a token.
type Label struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// PackageRule narrows the packages of a token that match its pattern to some of their versions.
type PackageRule struct {
	Pattern          string     `json:"pattern"`
	Versions         *string    `json:"versions,omitempty"`         // a Composer constraint; nil: any
	ReleasedBefore   *time.Time `json:"releasedBefore,omitempty"`   // nil: whenever
	MinimumStability *string    `json:"minimumStability,omitempty"` // stable, RC, beta, alpha or dev; nil: any
}

// Token is what Composer authenticates with. A revoked token stays as a row, so a refusal can say when and why.
type Token struct{ ent.Schema }

// Fields of the Token.
func (Token) Fields() []ent.Field {
	return []ent.Field{
		idField("tok_"),
		field.String("description").MaxLen(800).Annotations(entgql.OrderField("DESCRIPTION")),
		folded("description_folded"), // of description
		folded("search_text"),        // of external_id, packages and labels
		field.Enum("permission").Values("READ_ONLY", "WRITE").Default("READ_ONLY").Immutable(),
		field.JSON("packages", []string{}).Default([]string{}).Comment("Package patterns; empty means every package."),
		field.JSON("package_rules", []PackageRule{}).Optional().Comment("Which versions of its packages; empty means all."),
		field.JSON("networks", []string{}).Default([]string{}).Comment("CIDR networks; empty means any."),
		field.Int("rate_limit").Optional().Nillable().Comment("Requests an hour; 0 means no limit, null the server's default."),
		field.String("external_id").Optional().Nillable().MaxLen(128),
		field.JSON("labels", []Label{}).Default([]Label{}),
		orderedCreatedAt(),
		field.String("created_by").Immutable().Comment("Who made it, for people: an e-mail address or a token's description."),
		field.String("parent_id").Optional().Nillable().Annotations(entgql.Skip()).
			Comment("The token that made it, and which it must not exceed; null where a person did."),
		field.Time("expires_at").Optional().Nillable().Annotations(entgql.OrderField("EXPIRES_AT")),
		field.Time("last_used_at").Optional().Nillable().Annotations(entgql.OrderField("LAST_USED_AT")),
		field.String("last_used_address").Optional().Nillable(),
		field.String("last_used_client").Optional().Nillable(),
		field.Time("revoked_at").Optional().Nillable(),
		field.String("revoked_by").Optional().Nillable(),
		field.String("revoked_reason").Optional().Nillable(),
		field.Time("disabled_at").Optional().Nillable().Comment("Refused since then, until it is enabled again."),
		field.String("disabled_reason").Optional().Nillable(),
		field.String("disabled_by_token").Optional().Nillable().Annotations(entgql.Skip()).
			Comment("The token that disabled it, and may enable it again; null where a person or the policy did."),
		field.Time("enabled_at").Optional().Nillable().Annotations(entgql.Skip()).
			Comment("When it was last enabled again: days without use count from here."),
		field.Time("leaked_at").Optional().Nillable().Comment("When a secret of it was reported as found in a public place."),
		field.String("leaked_url").Optional().Nillable().Comment("Where, as the report said."),
		field.Time("leaked_until").Optional().Nillable().Annotations(entgql.Skip()).
			Comment("When a rotation after the report ends what was found; null until there is one."),
		field.Bytes("claim_hash").Optional().Sensitive().MaxLen(32).Annotations(entgql.Skip()).
			Comment("SHA-256 of the code in its claim link; null where its secret was shown when it was made."),
		field.Int("claim_days").Optional().Nillable().Annotations(entgql.Skip()).
			Comment("How many days a claim link of it works, unless said."),
		field.Time("claim_ends_at").Optional().Nillable().Comment("When its claim link ends; the link before that was replaced."),
		field.Time("claimed_at").Optional().Nillable().Comment("When its secret was made, for whoever opened the link; null before."),
		field.String("claimed_by").Optional().Nillable().Comment("Who opened it, where they were signed in."),
		field.String("claimed_address").Optional().Nillable(),
		field.String("claimed_client").Optional().Nillable(),
	}
}

// Edges of the Token.
func (Token) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("secrets", TokenSecret.Type).
			Annotations(entsql.OnDelete(entsql.Cascade), entgql.Skip(entgql.SkipAll)),
	}
}

// Indexes of the Token: the caller's own key is unique among tokens that are not revoked, and found among all.
// Those of the orders of lists are in ent/migrations.
func (Token) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("external_id").Unique().Annotations(entsql.IndexWhere("revoked_at IS NULL")),
		index.Fields("external_id").StorageKey("token_external_id_all"),
		index.Fields("parent_id"),
		index.Fields("claim_hash").Unique(),
		index.Fields("last_used_at"),
		index.Fields("expires_at"),
	}
}

// Annotations of the Token.
func (Token) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.RelayConnection()}
}
