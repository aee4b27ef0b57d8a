// Package migrations embeds the versioned SQL of both databases, one file a step, oldest first by name.
package migrations

import "embed"

//go:embed sqlite/*.sql
var SQLite embed.FS

//go:embed postgres/*.sql
var Postgres embed.FS
