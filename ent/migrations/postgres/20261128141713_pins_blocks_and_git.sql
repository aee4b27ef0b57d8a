-- Modify "repositories" table
ALTER TABLE "repositories" ADD COLUMN "paths" jsonb NULL, ADD COLUMN "known_hosts" character varying NULL, ADD COLUMN "source_state" character varying NULL, ADD COLUMN "cooldown_days" bigint NOT NULL DEFAULT 0, ADD COLUMN "cooldown_exceptions" jsonb NULL;
-- Create "blocks" table
CREATE TABLE "blocks" ("id" character varying NOT NULL, "package" character varying NOT NULL, "versions" character varying NOT NULL, "reason" character varying NOT NULL, "link" character varying NULL, "created_by" character varying NOT NULL, "created_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- Create index "blocks_by_package" to table: "blocks"
CREATE INDEX "blocks_by_package" ON "blocks" ("package" COLLATE "C", "id" COLLATE "C");
-- Create "pins" table
CREATE TABLE "pins" ("id" character varying NOT NULL, "package" character varying NOT NULL, "normalized_version" character varying NOT NULL, "seen_at" timestamptz NULL, "released_at" timestamptz NULL, "reference" character varying NOT NULL DEFAULT '', "address" character varying NOT NULL DEFAULT '', "type" character varying NOT NULL DEFAULT '', "url" character varying NOT NULL DEFAULT '', "shasum" character varying NOT NULL DEFAULT '', "code" bytea NULL, "sha256" character varying NOT NULL DEFAULT '', "sha1" character varying NOT NULL DEFAULT '', "size" bigint NOT NULL DEFAULT 0, "change" bytea NULL, "changed_at" timestamptz NULL, "changed_reference" character varying NOT NULL DEFAULT '', "changed_sha256" character varying NOT NULL DEFAULT '', "changed_sha1" character varying NOT NULL DEFAULT '', "changed_size" bigint NOT NULL DEFAULT 0, "overwritten" boolean NOT NULL DEFAULT false, "changed_metadata" bytea NULL, "told" jsonb NOT NULL, "rejected" jsonb NOT NULL, "repository_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "pins_repositories_pins" FOREIGN KEY ("repository_id") REFERENCES "repositories" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- Create index "pin_changed_at" to table: "pins"
CREATE INDEX "pin_changed_at" ON "pins" ("changed_at") WHERE (changed_at IS NOT NULL);
-- Create index "pin_repository_id_package_normalized_version" to table: "pins"
CREATE UNIQUE INDEX "pin_repository_id_package_normalized_version" ON "pins" ("repository_id", "package", "normalized_version");
-- Create index "pin_repository_id_seen_at" to table: "pins"
CREATE INDEX "pin_repository_id_seen_at" ON "pins" ("repository_id", "seen_at");
-- Modify "package_versions" table
ALTER TABLE "package_versions" ADD COLUMN "pin_id" character varying NULL, ADD CONSTRAINT "package_versions_pins_versions" FOREIGN KEY ("pin_id") REFERENCES "pins" ("id") ON UPDATE NO ACTION ON DELETE SET NULL;
-- Create index "packageversion_pin_id" to table: "package_versions"
CREATE INDEX "packageversion_pin_id" ON "package_versions" ("pin_id");
