package schema

import (
	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// SyncSkip is a package or version that a sync left out, and why.
type SyncSkip struct {
	Package string `json:"package"`
	Version string `json:"version,omitempty"`
	Reason  string `json:"reason"`
}

// SyncRun is one attempt to bring a repository's metadata up to date.
type SyncRun struct{ ent.Schema }

// Fields of the SyncRun.
func (SyncRun) Fields() []ent.Field {
	return []ent.Field{
		idField("sync_"),
		field.String("repository_id").Immutable(),
		field.Enum("status").Values("QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED").Default("QUEUED"),
		field.Bool("active").Optional().Nillable().Default(true).
			Comment("True while queued or running, null after: a repository has one active run at most."),
		field.Int("attempt").Default(0).Comment("How often it was begun: counted when a worker takes it."),
		field.String("worker").Default("").Comment("Names the one worker that may write it; empty before the first. Whoever else works on it stops."),
		field.Time("heartbeat_at").Default(now).Comment("Last sign of life of whoever works on it."),
		field.String("trigger").Immutable().Comment("create, manual, update, schedule, change or webhook"),
		field.Bool("again").Optional().Nillable().Annotations(entgql.Skip()).
			Comment("True where what it reads changed after it began: another run follows it."),
		field.Int64("job").Optional().Nillable().Annotations(entgql.Skip()).Comment("Its job in the queue; null until that is known."),
		createdAt(),
		field.Time("started_at").Optional().Nillable(),
		field.Time("finished_at").Optional().Nillable(),
		field.Int("packages_done").Default(0),
		field.Int("packages_total").Optional().Nillable(),
		field.Int("versions_added").Default(0),
		field.Int("versions_removed").Default(0),
		field.Int("versions_changed").Default(0).Comment("Versions of which the source says something else than what is served."),
		field.Int("archives_ahead").Default(0).Comment("Archives that were fetched before anybody asked for them, also after it ended."),
		field.JSON("skipped", []SyncSkip{}).Default([]SyncSkip{}),
		field.String("error").Optional().Nillable(),
		field.String("notice").Optional().Nillable().Comment("What a person should know although it went well."),
	}
}

// Edges of the SyncRun.
func (SyncRun) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("repository", Repository.Type).Ref("syncs").Field("repository_id").Unique().Required().Immutable(),
	}
}

// Indexes of the SyncRun.
func (SyncRun) Indexes() []ent.Index {
	return []ent.Index{index.Fields("repository_id", "created_at"), index.Fields("repository_id", "active").Unique()}
}

// Annotations of the SyncRun.
func (SyncRun) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.RelayConnection()}
}
