-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- A name that moved from one repository to another left dists of the first; they go on in a package of their own.
CREATE TABLE `moved_packages` AS SELECT 'pkg_' || substr(min(d.`id`), 6) AS `id`, p.`id` AS `was`, p.`name` AS `name`, d.`repository_id` AS `repository_id`, min(d.`created_at`) AS `created_at` FROM `dists` d JOIN `packages` p ON p.`id` = d.`package_id` WHERE d.`repository_id` <> p.`repository_id` GROUP BY p.`id`, p.`name`, d.`repository_id`;
-- Create "new_dists" table
CREATE TABLE `new_dists` (`id` text NOT NULL, `version` text NOT NULL, `normalized_version` text NOT NULL, `reference` text NOT NULL, `type` text NOT NULL, `url` text NOT NULL, `shasum` text NOT NULL DEFAULT (''), `created_at` datetime NOT NULL, `gone_at` datetime NULL, `archive_id` text NULL, `package_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `dists_archives_dists` FOREIGN KEY (`archive_id`) REFERENCES `archives` (`id`) ON DELETE SET NULL, CONSTRAINT `dists_packages_dists` FOREIGN KEY (`package_id`) REFERENCES `packages` (`id`) ON DELETE CASCADE);
-- Copy rows from old table "dists" to new temporary table "new_dists"
INSERT INTO `new_dists` (`id`, `version`, `normalized_version`, `reference`, `type`, `url`, `shasum`, `created_at`, `gone_at`, `archive_id`, `package_id`) SELECT d.`id`, d.`version`, coalesce(v.`normalized_version`, d.`version`), d.`reference`, d.`type`, d.`url`, d.`shasum`, d.`created_at`, CASE WHEN v.`id` IS NULL THEN strftime('%Y-%m-%d %H:%M:%S+00:00', 'now') END, d.`archive_id`, coalesce(m.`id`, d.`package_id`) FROM `dists` d LEFT JOIN `package_versions` v ON v.`id` = (SELECT min(x.`id`) FROM `package_versions` x WHERE x.`dist_id` = d.`id`) LEFT JOIN `moved_packages` m ON m.`was` = d.`package_id` AND m.`repository_id` = d.`repository_id`;
-- Drop "dists" table after copying rows
DROP TABLE `dists`;
-- Rename temporary table "new_dists" to "dists"
ALTER TABLE `new_dists` RENAME TO `dists`;
-- Create index "dist_package_id_version_reference" to table: "dists"
CREATE UNIQUE INDEX `dist_package_id_version_reference` ON `dists` (`package_id`, `version`, `reference`);
-- Create index "dist_archive_id" to table: "dists"
CREATE INDEX `dist_archive_id` ON `dists` (`archive_id`) WHERE archive_id IS NOT NULL;
-- Create index "dist_gone_at" to table: "dists"
CREATE INDEX `dist_gone_at` ON `dists` (`gone_at`) WHERE gone_at IS NOT NULL;
-- Create "new_documents" table
CREATE TABLE `new_documents` (`id` text NOT NULL, `dev` bool NOT NULL, `body` blob NOT NULL, `size` integer NOT NULL, `digest` blob NOT NULL, `package_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `documents_packages_documents` FOREIGN KEY (`package_id`) REFERENCES `packages` (`id`) ON DELETE CASCADE);
-- Copy rows from old table "documents" to new temporary table "new_documents"
INSERT INTO `new_documents` (`id`, `dev`, `body`, `size`, `digest`, `package_id`) SELECT `id`, `dev`, `body`, `size`, `digest`, `package_id` FROM `documents`;
-- Drop "documents" table after copying rows
DROP TABLE `documents`;
-- Rename temporary table "new_documents" to "documents"
ALTER TABLE `new_documents` RENAME TO `documents`;
-- Create index "document_package_id_dev" to table: "documents"
CREATE UNIQUE INDEX `document_package_id_dev` ON `documents` (`package_id`, `dev`);
-- Create "new_package_versions" table
CREATE TABLE `new_package_versions` (`id` text NOT NULL, `version` text NOT NULL, `normalized_version` text NOT NULL, `dev` bool NOT NULL DEFAULT (false), `position` integer NOT NULL DEFAULT (0), `reference` text NULL, `released_at` datetime NULL, `licenses` json NOT NULL, `gone_at` datetime NULL, `downloads` integer NOT NULL DEFAULT (0), `dist_id` text NULL, `package_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `package_versions_dists_versions` FOREIGN KEY (`dist_id`) REFERENCES `dists` (`id`) ON DELETE SET NULL, CONSTRAINT `package_versions_packages_versions` FOREIGN KEY (`package_id`) REFERENCES `packages` (`id`) ON DELETE CASCADE);
-- Copy rows from old table "package_versions" to new temporary table "new_package_versions"
INSERT INTO `new_package_versions` (`id`, `version`, `normalized_version`, `dev`, `position`, `reference`, `released_at`, `licenses`, `downloads`, `dist_id`, `package_id`) SELECT `id`, `version`, `normalized_version`, `dev`, `position`, `reference`, `released_at`, `licenses`, `downloads`, `dist_id`, `package_id` FROM `package_versions`;
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
-- Create index "packageversion_gone_at" to table: "package_versions"
CREATE INDEX `packageversion_gone_at` ON `package_versions` (`gone_at`) WHERE gone_at IS NOT NULL;
-- Create "new_packages" table
CREATE TABLE `new_packages` (`id` text NOT NULL, `name` text NOT NULL, `type` text NOT NULL DEFAULT ('library'), `description` text NOT NULL DEFAULT (''), `description_folded` text NOT NULL DEFAULT (''), `abandoned` text NULL, `latest_version_id` text NULL, `version_count` integer NOT NULL DEFAULT (0), `released_at` datetime NULL, `downloads` integer NOT NULL DEFAULT (0), `stable_validator` text NOT NULL DEFAULT (''), `dev_validator` text NOT NULL DEFAULT (''), `digest` blob NULL, `gone_at` datetime NULL, `created_at` datetime NOT NULL, `repository_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `packages_repositories_package_rows` FOREIGN KEY (`repository_id`) REFERENCES `repositories` (`id`) ON DELETE SET NULL);
-- Copy rows from old table "packages" to new temporary table "new_packages"
INSERT INTO `new_packages` (`id`, `name`, `type`, `description`, `description_folded`, `abandoned`, `latest_version_id`, `version_count`, `released_at`, `downloads`, `created_at`, `repository_id`) SELECT `id`, `name`, `type`, `description`, `description_folded`, `abandoned`, `latest_version_id`, `version_count`, `released_at`, `downloads`, `created_at`, `repository_id` FROM `packages`;
-- Drop "packages" table after copying rows
DROP TABLE `packages`;
-- Rename temporary table "new_packages" to "packages"
ALTER TABLE `new_packages` RENAME TO `packages`;
INSERT INTO `packages` (`id`, `name`, `repository_id`, `created_at`, `gone_at`) SELECT `id`, `name`, `repository_id`, `created_at`, strftime('%Y-%m-%d %H:%M:%S+00:00', 'now') FROM `moved_packages`;
DROP TABLE `moved_packages`;
-- Create index "pkg_repository_id_name" to table: "packages"
CREATE UNIQUE INDEX `pkg_repository_id_name` ON `packages` (`repository_id`, `name`);
-- Create index "pkg_name" to table: "packages"
CREATE INDEX `pkg_name` ON `packages` (`name`);
-- Create index "pkg_type" to table: "packages"
CREATE INDEX `pkg_type` ON `packages` (`type`);
-- Create index "pkg_downloads" to table: "packages"
CREATE INDEX `pkg_downloads` ON `packages` (`downloads`);
-- Create index "pkg_released_at" to table: "packages"
CREATE INDEX `pkg_released_at` ON `packages` (`released_at`);
-- Create index "pkg_gone_at" to table: "packages"
CREATE INDEX `pkg_gone_at` ON `packages` (`gone_at`) WHERE gone_at IS NOT NULL;
-- Create "new_repositories" table
CREATE TABLE `new_repositories` (`id` text NOT NULL, `name` text NOT NULL, `type` text NOT NULL, `url` text NULL, `url_folded` text NOT NULL DEFAULT (''), `packages` json NOT NULL, `owns` json NOT NULL, `priority` integer NOT NULL DEFAULT (100), `dist_mode` text NOT NULL DEFAULT ('REWRITE'), `credential_type` text NOT NULL DEFAULT ('NONE'), `credential` blob NULL, `enabled` bool NOT NULL DEFAULT (true), `status` text NOT NULL DEFAULT ('PENDING'), `last_synced_at` datetime NULL, `last_error` text NULL, `notice` text NULL, `doubted_at` datetime NULL, `removals_confirmed` bool NOT NULL DEFAULT (false), `created_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Copy rows from old table "repositories" to new temporary table "new_repositories"
INSERT INTO `new_repositories` (`id`, `name`, `type`, `url`, `url_folded`, `packages`, `owns`, `priority`, `dist_mode`, `credential_type`, `credential`, `enabled`, `status`, `last_synced_at`, `last_error`, `created_at`) SELECT `id`, `name`, `type`, `url`, `url_folded`, `packages`, `owns`, `priority`, `dist_mode`, `credential_type`, `credential`, `enabled`, `status`, `last_synced_at`, `last_error`, `created_at` FROM `repositories`;
-- Drop "repositories" table after copying rows
DROP TABLE `repositories`;
-- Rename temporary table "new_repositories" to "repositories"
ALTER TABLE `new_repositories` RENAME TO `repositories`;
-- Create index "repositories_name_key" to table: "repositories"
CREATE UNIQUE INDEX `repositories_name_key` ON `repositories` (`name`);
-- Add column "notice" to table: "sync_runs"
ALTER TABLE `sync_runs` ADD COLUMN `notice` text NULL;
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
