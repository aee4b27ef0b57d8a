-- Drop index "packages_name_key" from table: "packages"
DROP INDEX "packages_name_key";
-- Drop index "pkg_repository_id" from table: "packages"
DROP INDEX "pkg_repository_id";
-- Modify "packages" table
ALTER TABLE "packages" DROP CONSTRAINT "packages_repositories_package_rows", ALTER COLUMN "repository_id" DROP NOT NULL, ADD COLUMN "stable_validator" character varying NOT NULL DEFAULT '', ADD COLUMN "dev_validator" character varying NOT NULL DEFAULT '', ADD COLUMN "digest" bytea NULL, ADD COLUMN "gone_at" timestamptz NULL, ADD CONSTRAINT "packages_repositories_package_rows" FOREIGN KEY ("repository_id") REFERENCES "repositories" ("id") ON UPDATE NO ACTION ON DELETE SET NULL;
-- Create index "pkg_gone_at" to table: "packages"
CREATE INDEX "pkg_gone_at" ON "packages" ("gone_at") WHERE (gone_at IS NOT NULL);
-- Create index "pkg_name" to table: "packages"
CREATE INDEX "pkg_name" ON "packages" ("name");
-- Create index "pkg_repository_id_name" to table: "packages"
CREATE UNIQUE INDEX "pkg_repository_id_name" ON "packages" ("repository_id", "name");
-- A name that moved from one repository to another left dists of the first; they go on in a package of their own.
INSERT INTO "packages" ("id", "name", "repository_id", "created_at", "gone_at") SELECT 'pkg_' || substr(min(d."id"), 6), p."name", d."repository_id", min(d."created_at"), now() FROM "dists" d JOIN "packages" p ON p."id" = d."package_id" WHERE d."repository_id" <> p."repository_id" GROUP BY p."id", p."name", d."repository_id";
UPDATE "dists" d SET "package_id" = m."id" FROM "packages" p, "packages" m WHERE p."id" = d."package_id" AND m."name" = p."name" AND m."repository_id" = d."repository_id" AND m."id" <> p."id";
-- Complete "dists" table
ALTER TABLE "dists" ADD COLUMN "normalized_version" character varying NOT NULL DEFAULT '', ADD COLUMN "gone_at" timestamptz NULL;
UPDATE "dists" d SET "normalized_version" = coalesce((SELECT min(v."normalized_version") FROM "package_versions" v WHERE v."dist_id" = d."id"), d."version"), "gone_at" = CASE WHEN EXISTS (SELECT 1 FROM "package_versions" v WHERE v."dist_id" = d."id") THEN NULL ELSE now() END;
-- Drop index "dist_archive_id" from table: "dists"
DROP INDEX "dist_archive_id";
-- Modify "dists" table
ALTER TABLE "dists" DROP COLUMN "repository_id", ALTER COLUMN "normalized_version" DROP DEFAULT;
-- Create index "dist_archive_id" to table: "dists"
CREATE INDEX "dist_archive_id" ON "dists" ("archive_id") WHERE (archive_id IS NOT NULL);
-- Create index "dist_gone_at" to table: "dists"
CREATE INDEX "dist_gone_at" ON "dists" ("gone_at") WHERE (gone_at IS NOT NULL);
-- Modify "documents" table
ALTER TABLE "documents" DROP COLUMN "last_modified", DROP COLUMN "upstream_validator";
-- Modify "package_versions" table
ALTER TABLE "package_versions" DROP COLUMN "metadata", ADD COLUMN "gone_at" timestamptz NULL;
-- Create index "packageversion_gone_at" to table: "package_versions"
CREATE INDEX "packageversion_gone_at" ON "package_versions" ("gone_at") WHERE (gone_at IS NOT NULL);
-- Modify "repositories" table
ALTER TABLE "repositories" ADD COLUMN "notice" character varying NULL, ADD COLUMN "doubted_at" timestamptz NULL, ADD COLUMN "removals_confirmed" boolean NOT NULL DEFAULT false;
-- Modify "sync_runs" table
ALTER TABLE "sync_runs" ADD COLUMN "notice" character varying NULL;
