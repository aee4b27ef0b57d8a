-- Modify "advisories" table
ALTER TABLE "advisories" ALTER COLUMN "repository_id" DROP NOT NULL, ADD COLUMN "created_by" character varying NULL;
-- Create index "advisories_by_package" to table: "advisories"
CREATE INDEX "advisories_by_package" ON "advisories" ("package" COLLATE "C", "id" COLLATE "C") WHERE (created_by IS NOT NULL);
-- Modify "repositories" table
ALTER TABLE "repositories" ADD COLUMN "filter_lists" jsonb NULL;
-- Create "filter_entries" table
CREATE TABLE "filter_entries" ("id" character varying NOT NULL, "package" character varying NOT NULL, "list" character varying NOT NULL, "versions" character varying NOT NULL, "reason" character varying NOT NULL DEFAULT '', "link" character varying NOT NULL DEFAULT '', "entry_id" character varying NOT NULL DEFAULT '', "source" character varying NOT NULL DEFAULT '', "repository_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "filter_entries_repositories_filter_entries" FOREIGN KEY ("repository_id") REFERENCES "repositories" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- Create index "filterentry_repository_id_package" to table: "filter_entries"
CREATE INDEX "filterentry_repository_id_package" ON "filter_entries" ("repository_id", "package");
