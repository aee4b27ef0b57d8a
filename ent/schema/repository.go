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

// Repository is a source of packages.
type Repository struct{ ent.Schema }

// Fields of the Repository.
func (Repository) Fields() []ent.Field {
	return []ent.Field{
		idField("repo_"),
		field.String("name").Unique().MaxLen(64).Annotations(entgql.OrderField("NAME")),
		field.Enum("type").Values("COMPOSER", "VCS", "ARTIFACT").Immutable(),
		field.String("url").Optional().Nillable().MaxLen(2048),
		folded("url_folded"), // of url
		field.JSON("packages", []string{}).Default([]string{}).Comment("Patterns taken from this source; empty means all it has."),
		field.JSON("paths", []string{}).Optional().
			Comment("Of a git repository: patterns of the composer.json of its packages, such as packages/*/composer.json; null: the one at the top."),
		field.JSON("pack_from", []string{}).Optional().
			Comment("Of a Composer repository: hosts beside its own from whose git repositories archives are packed of versions that have none; null: the usual public ones."),
		field.String("known_hosts").Optional().Nillable().Annotations(entgql.Skip()).
			Comment("Of a git repository over ssh: its host's keys, as pinned at first use."),
		field.String("source_state").Optional().Nillable().MaxLen(64).Annotations(entgql.Skip()).
			Comment("Of a git repository: digest of the branches and tags that were last seen; another one starts a sync."),
		field.Int("priority").Default(100).Comment("Lower is asked first.").Annotations(entgql.OrderField("PRIORITY")),
		field.Enum("dist_mode").Values("REWRITE", "MIRROR").Default("REWRITE"),
		field.Enum("credential_type").
			Values("NONE", "HTTP_BASIC", "BEARER", "HEADER", "GITHUB", "GITLAB", "BITBUCKET", "GITEA", "SSH_KEY").
			Default("NONE"),
		field.Bytes("credential").Optional().Nillable().Sensitive().Annotations(entgql.Skip()).
			Comment("Sealed JSON of user name, secret and header."),
		field.Time("credential_expires_at").Optional().Nillable().Annotations(entgql.Skip()).
			Comment("When the credential ends, where the host tells."),
		field.Int("cooldown_days").Default(0).Comment("Releases first seen fewer days ago are held back."),
		field.JSON("cooldown_exceptions", []string{}).Optional().Comment("Patterns of packages that are not."),
		field.Bool("enabled").Default(true),
		field.Bool("listed").Default(true).
			Comment("The source lists its packages, and is mirrored as a whole; else packages are fetched when they are first asked for."),
		field.Enum("status").Values("PENDING", "SYNCING", "READY", "FAILED", "DISABLED").Default("PENDING"),
		field.Time("last_synced_at").Optional().Nillable().Annotations(entgql.OrderField("LAST_SYNCED_AT")),
		field.String("last_error").Optional().Nillable(),
		field.String("notice").Optional().Nillable().
			Comment("What a person should know although the last sync went well: packages missing from the source that are not believed gone."),
		field.Time("failing_told_at").Optional().Nillable().Annotations(entgql.Skip()).
			Comment("When it was told that its source fails; null once it was told that it works again."),
		field.Time("doubted_at").Optional().Nillable().Annotations(entgql.Skip()).
			Comment("When the source was first seen to have lost too many packages at once; null while it has not."),
		field.Int("doubted_lost").Default(0).Annotations(entgql.Skip()).Comment("How many it had lost then; more is doubted anew."),
		field.Bool("removals_confirmed").Default(false).Annotations(entgql.Skip()).
			Comment("A person said that what the source lost is gone; the next sync believes it."),
		field.Time("advisories_at").Optional().Nillable().Annotations(entgql.Skip()).Comment("When its source was last asked for advisories."),
		field.JSON("filter_lists", []string{}).Optional().Annotations(entgql.Skip()).
			Comment("Filter lists that the documents of its source are read for; another set has them all read anew."),
		field.Bytes("webhook_secret").Optional().Nillable().Sensitive().Annotations(entgql.Skip()).
			Comment("Sealed: what deliveries of its host are signed with; null where none are taken."),
		field.Time("webhook_secret_at").Optional().Nillable().Comment("When it was made."),
		field.Time("webhook_received_at").Optional().Nillable().Comment("When the last delivery that it fits came."),
		field.String("webhook_outcome").Optional().Nillable().MaxLen(255).Comment("What came of that one, for people."),
		field.Time("webhook_push_at").Optional().Nillable().Annotations(entgql.Skip()).
			Comment("When one last told of a push: while that is not long ago, nobody needs to ask the host for changes."),
		field.String("organization_id").Optional().Nillable().Comment("The organization that it was added with."),
		field.String("upstream_id").Optional().Nillable().MaxLen(64).Annotations(entgql.Skip()).
			Comment("Its id at the host of that organization, which outlives a change of its name."),
		field.Bool("adopted").Default(false).Annotations(entgql.Skip()).
			Comment("A person had added it before it became one of the organization: it stays when that is removed."),
		createdAt(),
	}
}

// Indexes of the Repository.
func (Repository) Indexes() []ent.Index {
	return []ent.Index{index.Fields("organization_id", "upstream_id").Unique()}
}

// Edges of the Repository.
func (Repository) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("syncs", SyncRun.Type).
			Annotations(entsql.OnDelete(entsql.Cascade), entgql.Skip(entgql.SkipAll)),
		edge.To("package_rows", Pkg.Type).
			Annotations(entsql.OnDelete(entsql.SetNull), entgql.Skip(entgql.SkipAll)),
		edge.To("filter_entries", FilterEntry.Type).
			Annotations(entsql.OnDelete(entsql.Cascade), entgql.Skip(entgql.SkipAll)),
		edge.To("advisories", Advisory.Type).
			Annotations(entsql.OnDelete(entsql.Cascade), entgql.Skip(entgql.SkipAll)),
		edge.To("pins", Pin.Type).
			Annotations(entsql.OnDelete(entsql.Cascade), entgql.Skip(entgql.SkipAll)),
		edge.From("organization", Organization.Type).Ref("repositories").Field("organization_id").Unique().
			Annotations(entgql.Skip(entgql.SkipAll)),
		edge.To("claims", Claim.Type).
			Annotations(entsql.OnDelete(entsql.SetNull), entgql.Skip(entgql.SkipAll)),
	}
}

// Annotations of the Repository.
func (Repository) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.RelayConnection()}
}
