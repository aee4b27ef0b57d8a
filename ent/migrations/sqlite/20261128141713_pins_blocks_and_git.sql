-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_package_versions" table
CREATE TABLE `new_package_versions` (`id` text NOT NULL, `version` text NOT NULL, `normalized_version` text NOT NULL, `dev` bool NOT NULL DEFAULT (false), `position` integer NOT NULL DEFAULT (0), `reference` text NULL, `released_at` datetime NULL, `licenses` json NOT NULL, `gone_at` datetime NULL, `downloads` integer NOT NULL DEFAULT (0), `dist_id` text NULL, `pin_id` text NULL, `package_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `package_versions_dists_versions` FOREIGN KEY (`dist_id`) REFERENCES `dists` (`id`) ON DELETE SET NULL, CONSTRAINT `package_versions_pins_versions` FOREIGN KEY (`pin_id`) REFERENCES `pins` (`id`) ON DELETE SET NULL, CONSTRAINT `package_versions_packages_versions` FOREIGN KEY (`package_id`) REFERENCES `packages` (`id`) ON DELETE CASCADE);
-- Copy rows from old table "package_versions" to new temporary table "new_package_versions"
INSERT INTO `new_package_versions` (`id`, `version`, `normalized_version`, `dev`, `position`, `reference`, `released_at`, `licenses`, `gone_at`, `downloads`, `dist_id`, `package_id`) SELECT `id`, `version`, `normalized_version`, `dev`, `position`, `reference`, `released_at`, `licenses`, `gone_at`, `downloads`, `dist_id`, `package_id` FROM `package_versions`;
-- Drop "package_versions" table after copying rows
DROP TABLE `package_versions`;
-- Rename temporary table "new_package_versions" to "package_versions"
ALTER TABLE `new_package_versions` RENAME TO `package_versions`;
-- Create index "packageversion_package_id_normalized_version" to table: "package_versions"
CREATE UNIQUE INDEX `packageversion_package_id_normalized_version` ON `package_versions` (`package_id`, `normalized_version`);
-- Create index "packageversion_package_id_position" to table: "package_versions"
CREATE INDEX `packageversion_package_id_position` ON `package_versions` (`package_id`, `position`);
-- Create index "packageversion_dist_id" to table: "package_versions"
CREATE INDEX `packageversion_dist_id` ON `package_versions` (`dist_id`);
-- Create index "packageversion_pin_id" to table: "package_versions"
CREATE INDEX `packageversion_pin_id` ON `package_versions` (`pin_id`);
-- Create index "packageversion_gone_at" to table: "package_versions"
CREATE INDEX `packageversion_gone_at` ON `package_versions` (`gone_at`) WHERE gone_at IS NOT NULL;
-- Create "new_repositories" table
CREATE TABLE `new_repositories` (`id` text NOT NULL, `name` text NOT NULL, `type` text NOT NULL, `url` text NULL, `url_folded` text NOT NULL DEFAULT (''), `packages` json NOT NULL, `paths` json NULL, `known_hosts` text NULL, `source_state` text NULL, `priority` integer NOT NULL DEFAULT (100), `dist_mode` text NOT NULL DEFAULT ('REWRITE'), `credential_type` text NOT NULL DEFAULT ('NONE'), `credential` blob NULL, `cooldown_days` integer NOT NULL DEFAULT (0), `cooldown_exceptions` json NULL, `enabled` bool NOT NULL DEFAULT (true), `listed` bool NOT NULL DEFAULT (true), `status` text NOT NULL DEFAULT ('PENDING'), `last_synced_at` datetime NULL, `last_error` text NULL, `notice` text NULL, `doubted_at` datetime NULL, `doubted_lost` integer NOT NULL DEFAULT (0), `removals_confirmed` bool NOT NULL DEFAULT (false), `created_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Copy rows from old table "repositories" to new temporary table "new_repositories"
INSERT INTO `new_repositories` (`id`, `name`, `type`, `url`, `url_folded`, `packages`, `priority`, `dist_mode`, `credential_type`, `credential`, `enabled`, `listed`, `status`, `last_synced_at`, `last_error`, `notice`, `doubted_at`, `doubted_lost`, `removals_confirmed`, `created_at`) SELECT `id`, `name`, `type`, `url`, `url_folded`, `packages`, `priority`, `dist_mode`, `credential_type`, `credential`, `enabled`, `listed`, `status`, `last_synced_at`, `last_error`, `notice`, `doubted_at`, `doubted_lost`, `removals_confirmed`, `created_at` FROM `repositories`;
-- Drop "repositories" table after copying rows
DROP TABLE `repositories`;
-- Rename temporary table "new_repositories" to "repositories"
ALTER TABLE `new_repositories` RENAME TO `repositories`;
-- Create index "repositories_name_key" to table: "repositories"
CREATE UNIQUE INDEX `repositories_name_key` ON `repositories` (`name`);
-- Create index "repositories_by_name" to table: "repositories"
CREATE INDEX `repositories_by_name` ON `repositories` (`name`, `id`);
-- Create index "repositories_by_priority" to table: "repositories"
CREATE INDEX `repositories_by_priority` ON `repositories` (`priority`, `id`);
-- Create index "repositories_by_last_synced_at" to table: "repositories"
CREATE INDEX `repositories_by_last_synced_at` ON `repositories` ((COALESCE(last_synced_at, '') || ' ' || id));
-- Create "blocks" table
CREATE TABLE `blocks` (`id` text NOT NULL, `package` text NOT NULL, `versions` text NOT NULL, `reason` text NOT NULL, `link` text NULL, `created_by` text NOT NULL, `created_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create index "blocks_by_package" to table: "blocks"
CREATE INDEX `blocks_by_package` ON `blocks` (`package`, `id`);
-- Create "pins" table
CREATE TABLE `pins` (`id` text NOT NULL, `package` text NOT NULL, `normalized_version` text NOT NULL, `seen_at` datetime NULL, `released_at` datetime NULL, `reference` text NOT NULL DEFAULT (''), `address` text NOT NULL DEFAULT (''), `type` text NOT NULL DEFAULT (''), `url` text NOT NULL DEFAULT (''), `shasum` text NOT NULL DEFAULT (''), `code` blob NULL, `sha256` text NOT NULL DEFAULT (''), `sha1` text NOT NULL DEFAULT (''), `size` integer NOT NULL DEFAULT (0), `change` blob NULL, `changed_at` datetime NULL, `changed_reference` text NOT NULL DEFAULT (''), `changed_sha256` text NOT NULL DEFAULT (''), `changed_sha1` text NOT NULL DEFAULT (''), `changed_size` integer NOT NULL DEFAULT (0), `overwritten` bool NOT NULL DEFAULT (false), `changed_metadata` blob NULL, `told` json NOT NULL, `rejected` json NOT NULL, `repository_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `pins_repositories_pins` FOREIGN KEY (`repository_id`) REFERENCES `repositories` (`id`) ON DELETE CASCADE);
-- Create index "pin_repository_id_package_normalized_version" to table: "pins"
CREATE UNIQUE INDEX `pin_repository_id_package_normalized_version` ON `pins` (`repository_id`, `package`, `normalized_version`);
-- Create index "pin_repository_id_seen_at" to table: "pins"
CREATE INDEX `pin_repository_id_seen_at` ON `pins` (`repository_id`, `seen_at`);
-- Create index "pin_changed_at" to table: "pins"
CREATE INDEX `pin_changed_at` ON `pins` (`changed_at`) WHERE changed_at IS NOT NULL;
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
