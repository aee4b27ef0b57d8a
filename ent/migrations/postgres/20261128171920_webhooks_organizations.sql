-- Modify "sync_runs" table
ALTER TABLE "sync_runs" ADD COLUMN "again" boolean NULL;
-- Create "organizations" table
CREATE TABLE "organizations" ("id" character varying NOT NULL, "host" character varying NOT NULL, "url" character varying NOT NULL, "name" character varying NOT NULL, "credential" bytea NULL, "has_credential" boolean NOT NULL DEFAULT false, "include" jsonb NULL, "exclude" jsonb NULL, "forks" boolean NOT NULL DEFAULT false, "archived" boolean NOT NULL DEFAULT false, "enabled" boolean NOT NULL DEFAULT true, "last_synced_at" timestamptz NULL, "last_error" character varying NULL, "notice" character varying NULL, "due_at" timestamptz NOT NULL, "walked_until" timestamptz NULL, "seen" jsonb NULL, "webhook_secret" bytea NULL, "webhook_secret_at" timestamptz NULL, "webhook_received_at" timestamptz NULL, "webhook_outcome" character varying NULL, "created_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- Create index "organization_host_url_name" to table: "organizations"
CREATE UNIQUE INDEX "organization_host_url_name" ON "organizations" ("host", "url", "name");
-- Create index "organizations_by_name" to table: "organizations"
CREATE INDEX "organizations_by_name" ON "organizations" ("name" COLLATE "C", "id" COLLATE "C");
-- Modify "repositories" table
ALTER TABLE "repositories" ADD COLUMN "webhook_secret" bytea NULL, ADD COLUMN "webhook_secret_at" timestamptz NULL, ADD COLUMN "webhook_received_at" timestamptz NULL, ADD COLUMN "webhook_outcome" character varying NULL, ADD COLUMN "webhook_push_at" timestamptz NULL, ADD COLUMN "upstream_id" character varying NULL, ADD COLUMN "organization_id" character varying NULL, ADD CONSTRAINT "repositories_organizations_repositories" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE SET NULL;
-- Create index "repository_organization_id_upstream_id" to table: "repositories"
CREATE UNIQUE INDEX "repository_organization_id_upstream_id" ON "repositories" ("organization_id", "upstream_id");
