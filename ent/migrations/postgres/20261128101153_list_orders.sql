-- Create index "claims_by_pattern" to table: "claims"
CREATE INDEX "claims_by_pattern" ON "claims" ("pattern" COLLATE "C", "id" COLLATE "C");
-- Drop index "pkg_downloads" from table: "packages"
DROP INDEX "pkg_downloads";
-- Drop index "pkg_released_at" from table: "packages"
DROP INDEX "pkg_released_at";
-- Create index "packages_by_id" to table: "packages"
CREATE INDEX "packages_by_id" ON "packages" ("id" COLLATE "C");
-- Create index "packages_by_name" to table: "packages"
CREATE INDEX "packages_by_name" ON "packages" ("name" COLLATE "C", "id" COLLATE "C");
-- Create index "packages_by_downloads" to table: "packages"
CREATE INDEX "packages_by_downloads" ON "packages" ("downloads", "id" COLLATE "C");
-- Create index "packages_by_released_at" to table: "packages"
CREATE INDEX "packages_by_released_at" ON "packages" ((COALESCE(released_at, '-infinity'::timestamp with time zone)), "id" COLLATE "C");
-- Create index "repositories_by_id" to table: "repositories"
CREATE INDEX "repositories_by_id" ON "repositories" ("id" COLLATE "C");
-- Create index "repositories_by_name" to table: "repositories"
CREATE INDEX "repositories_by_name" ON "repositories" ("name" COLLATE "C", "id" COLLATE "C");
-- Create index "repositories_by_priority" to table: "repositories"
CREATE INDEX "repositories_by_priority" ON "repositories" ("priority", "id" COLLATE "C");
-- Create index "repositories_by_last_synced_at" to table: "repositories"
CREATE INDEX "repositories_by_last_synced_at" ON "repositories" ((COALESCE(last_synced_at, '-infinity'::timestamp with time zone)), "id" COLLATE "C");
-- Drop index "token_created_at" from table: "tokens"
DROP INDEX "token_created_at";
-- Create index "tokens_by_created_at" to table: "tokens"
CREATE INDEX "tokens_by_created_at" ON "tokens" ("created_at", "id" COLLATE "C");
-- Create index "tokens_by_description_folded" to table: "tokens"
CREATE INDEX "tokens_by_description_folded" ON "tokens" ("description_folded" COLLATE "C", "id" COLLATE "C");
-- Create index "tokens_by_expires_at" to table: "tokens"
CREATE INDEX "tokens_by_expires_at" ON "tokens" ((COALESCE(expires_at, 'infinity'::timestamp with time zone)), "id" COLLATE "C");
-- Create index "tokens_by_last_used_at" to table: "tokens"
CREATE INDEX "tokens_by_last_used_at" ON "tokens" ((COALESCE(last_used_at, '-infinity'::timestamp with time zone)), "id" COLLATE "C");
