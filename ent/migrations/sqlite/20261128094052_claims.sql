-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "claims" table
CREATE TABLE `claims` (`id` text NOT NULL, `pattern` text NOT NULL, `closed_at` datetime NULL, `removed_repository_id` text NULL, `created_at` datetime NOT NULL, `repository_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `claims_repositories_claims` FOREIGN KEY (`repository_id`) REFERENCES `repositories` (`id`) ON DELETE SET NULL);
-- Create index "claim_repository_id_pattern" to table: "claims"
CREATE UNIQUE INDEX `claim_repository_id_pattern` ON `claims` (`repository_id`, `pattern`);
-- Create index "claim_pattern" to table: "claims"
CREATE INDEX `claim_pattern` ON `claims` (`pattern`);
-- What repositories own are claims of theirs.
INSERT OR IGNORE INTO `claims` (`id`, `pattern`, `repository_id`, `created_at`) SELECT 'claim_' || lower(hex(randomblob(13))), o.`value`, r.`id`, strftime('%Y-%m-%d %H:%M:%S+00:00', 'now') FROM `repositories` r, json_each(r.`owns`) o;
-- Add column "removed_repository_id" to table: "packages"
ALTER TABLE `packages` ADD COLUMN `removed_repository_id` text NULL;
-- Create "new_repositories" table
CREATE TABLE `new_repositories` (`id` text NOT NULL, `name` text NOT NULL, `type` text NOT NULL, `url` text NULL, `url_folded` text NOT NULL DEFAULT (''), `packages` json NOT NULL, `priority` integer NOT NULL DEFAULT (100), `dist_mode` text NOT NULL DEFAULT ('REWRITE'), `credential_type` text NOT NULL DEFAULT ('NONE'), `credential` blob NULL, `enabled` bool NOT NULL DEFAULT (true), `status` text NOT NULL DEFAULT ('PENDING'), `last_synced_at` datetime NULL, `last_error` text NULL, `notice` text NULL, `doubted_at` datetime NULL, `removals_confirmed` bool NOT NULL DEFAULT (false), `created_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Copy rows from old table "repositories" to new temporary table "new_repositories"
INSERT INTO `new_repositories` (`id`, `name`, `type`, `url`, `url_folded`, `packages`, `priority`, `dist_mode`, `credential_type`, `credential`, `enabled`, `status`, `last_synced_at`, `last_error`, `notice`, `doubted_at`, `removals_confirmed`, `created_at`) SELECT `id`, `name`, `type`, `url`, `url_folded`, `packages`, `priority`, `dist_mode`, `credential_type`, `credential`, `enabled`, `status`, `last_synced_at`, `last_error`, `notice`, `doubted_at`, `removals_confirmed`, `created_at` FROM `repositories`;
-- Drop "repositories" table after copying rows
DROP TABLE `repositories`;
-- Rename temporary table "new_repositories" to "repositories"
ALTER TABLE `new_repositories` RENAME TO `repositories`;
-- Create index "repositories_name_key" to table: "repositories"
CREATE UNIQUE INDEX `repositories_name_key` ON `repositories` (`name`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
