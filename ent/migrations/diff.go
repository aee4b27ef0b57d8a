//go:build ignore

// Diff writes the migrations that bring both databases from what ent/migrations holds to what ent/schema says:
//
//	DEV_POSTGRES_URL=postgres://… go run ./ent/migrations/diff.go NAME
//
// DEV_POSTGRES_URL is an empty database for planning; it is left empty. SQLite is planned in memory.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"
	_ "github.com/lib/pq"
	_ "modernc.org/sqlite"

	entmigrate "broker/ent/migrate"
	"broker/ent/migrations"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: DEV_POSTGRES_URL=postgres://… go run ./ent/migrations/diff.go NAME")
	}
	if err := run(context.Background(), os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, name string) error {
	lite, err := sql.Open("sqlite", "file:dev?mode=memory&_fk=1")
	if err != nil {
		return fmt.Errorf("open sqlite: %w", err)
	}
	lite.SetMaxOpenConns(1)
	postgres, err := sql.Open("postgres", os.Getenv("DEV_POSTGRES_URL"))
	if err != nil {
		return fmt.Errorf("open postgres: %w", err)
	}
	// Both answer before either folder is written, or one dialect would be ahead of the other.
	if err := errors.Join(lite.PingContext(ctx), postgres.PingContext(ctx)); err != nil {
		return fmt.Errorf("reach the planning databases: %w", err)
	}
	if err := diff(ctx, entsql.OpenDB(dialect.SQLite, lite), "ent/migrations/sqlite", name); err != nil {
		return err
	}
	return diff(ctx, entsql.OpenDB(dialect.Postgres, postgres), "ent/migrations/postgres", name)
}

func diff(ctx context.Context, driver dialect.Driver, path, name string) error {
	dir, err := migrate.NewLocalDir(path)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	err = entmigrate.NewSchema(driver).NamedDiff(ctx, name,
		schema.WithDir(dir), schema.WithFormatter(migrate.DefaultFormatter), schema.WithMigrationMode(schema.ModeReplay),
		schema.WithDropColumn(true), schema.WithDropIndex(true), schema.WithErrNoPlan(true),
		schema.WithDiffHook(migrations.Orders(driver.Dialect())))
	if errors.Is(err, migrate.ErrNoPlan) {
		fmt.Println(path, "is up to date")
		return nil
	}
	if err != nil {
		return fmt.Errorf("plan %s: %w", path, err)
	}
	fmt.Println(path, "has a new migration")
	return nil
}
