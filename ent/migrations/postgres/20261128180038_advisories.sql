-- Modify "repositories" table
ALTER TABLE "repositories" ADD COLUMN "advisories_at" timestamptz NULL;
-- Create "advisories" table
CREATE TABLE "advisories" ("id" character varying NOT NULL, "package" character varying NOT NULL, "advisory_id" character varying NOT NULL, "affected_versions" character varying NOT NULL, "title" character varying NOT NULL, "cve" character varying NULL, "link" character varying NULL, "severity" character varying NULL, "reported_at" timestamptz NOT NULL, "source" character varying NOT NULL, "remote_id" character varying NOT NULL, "updated_at" timestamptz NOT NULL, "repository_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "advisories_repositories_advisories" FOREIGN KEY ("repository_id") REFERENCES "repositories" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- Create index "advisory_repository_id_package_advisory_id" to table: "advisories"
CREATE UNIQUE INDEX "advisory_repository_id_package_advisory_id" ON "advisories" ("repository_id", "package", "advisory_id");
