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

// Seen is what was last seen of an organization: of its repositories by their ids at the host, and of the pages that list
// them.
type Seen struct {
	Tags         []string                  `json:"tags,omitempty"` // of the pages
	Repositories map[string]SeenRepository `json:"repositories"`
}

// SeenRepository is what was last seen of one repository.
type SeenRepository struct {
	Changed string `json:"changed"`          // when the host says it changed last
	Checked int64  `json:"checked"`          // Unix seconds: when it was looked at
	Package bool   `json:"package"`          // it had a composer.json then
	Added   bool   `json:"added,omitempty"`  // it was added here: if it is not here any more, a person removed it
	Failed  string `json:"failed,omitempty"` // why it could not be added
	Path    string `json:"path,omitempty"`   // what it was called at the host, of one that was added
}

// Organization is an organization, a group or a user of a git host, whose repositories are added as they come.
type Organization struct{ ent.Schema }

// Fields of the Organization.
func (Organization) Fields() []ent.Field {
	return []ent.Field{
		idField("org_"),
		field.Enum("host").Values("GITHUB", "GITLAB", "GITEA").Immutable(),
		field.String("url").Immutable().MaxLen(2048).Comment("Of the host."),
		field.String("name").Immutable().MaxLen(255).Comment("As the host has it; of GitLab the path of a group."),
		field.String("place").Optional().Nillable().Unique().MaxLen(2400).Annotations(entgql.Skip()).
			Comment("Host, address and name in lower case, as hosts tell no acme from Acme; null where another one had it before that was so."),
		field.Bytes("credential").Optional().Nillable().Sensitive().Annotations(entgql.Skip()).
			Comment("Sealed: the token."),
		field.Bool("has_credential").Default(false),
		field.JSON("include", []string{}).Optional().Comment("Patterns of names of repositories that are added; empty: all."),
		field.JSON("exclude", []string{}).Optional().Comment("Patterns of names that are not."),
		field.Bool("forks").Default(false).Comment("Forks are added as well."),
		field.Bool("archived").Default(false).Comment("What is archived at the host is added as well."),
		field.Bool("enabled").Default(true),
		field.Time("last_synced_at").Optional().Nillable(),
		field.String("last_error").Optional().Nillable(),
		field.String("notice").Optional().Nillable().Comment("What a person should know although all went well."),
		field.Time("due_at").Default(now).Annotations(entgql.Skip()).Comment("When it is looked through next."),
		field.Time("wait_until").Optional().Nillable().Annotations(entgql.Skip()).
			Comment("Its host wants not to be asked before, whoever has it looked through."),
		field.Time("walked_until").Optional().Nillable().Annotations(entgql.Skip()).
			Comment("Somebody looks through it, until then at most; null: nobody does."),
		field.JSON("seen", Seen{}).Optional().Annotations(entgql.Skip()),
		field.Bytes("webhook_secret").Optional().Nillable().Sensitive().Annotations(entgql.Skip()).
			Comment("Sealed: what deliveries of its host are signed with; null where none are taken."),
		field.Time("webhook_secret_at").Optional().Nillable().Comment("When it was made."),
		field.Time("webhook_received_at").Optional().Nillable().Comment("When the last delivery that it fits came."),
		field.String("webhook_outcome").Optional().Nillable().MaxLen(255).Comment("What came of that one, for people."),
		createdAt(),
	}
}

// Edges of the Organization.
func (Organization) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("repositories", Repository.Type).
			Annotations(entsql.OnDelete(entsql.SetNull), entgql.Skip(entgql.SkipAll)),
	}
}

// Indexes of the Organization.
func (Organization) Indexes() []ent.Index {
	return []ent.Index{index.Fields("host", "url", "name").Unique()}
}

// Annotations of the Organization.
func (Organization) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.RelayConnection()}
}
