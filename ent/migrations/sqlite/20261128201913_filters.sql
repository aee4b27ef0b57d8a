-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_advisories" table
CREATE TABLE `new_advisories` (`id` text NOT NULL, `package` text NOT NULL, `advisory_id` text NOT NULL, `affected_versions` text NOT NULL, `title` text NOT NULL, `cve` text NULL, `link` text NULL, `severity` text NULL, `reported_at` datetime NOT NULL, `created_by` text NULL, `source` text NOT NULL, `remote_id` text NOT NULL, `updated_at` datetime NOT NULL, `repository_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `advisories_repositories_advisories` FOREIGN KEY (`repository_id`) REFERENCES `repositories` (`id`) ON DELETE CASCADE);
-- Copy rows from old table "advisories" to new temporary table "new_advisories"
INSERT INTO `new_advisories` (`id`, `package`, `advisory_id`, `affected_versions`, `title`, `cve`, `link`, `severity`, `reported_at`, `source`, `remote_id`, `updated_at`, `repository_id`) SELECT `id`, `package`, `advisory_id`, `affected_versions`, `title`, `cve`, `link`, `severity`, `reported_at`, `source`, `remote_id`, `updated_at`, `repository_id` FROM `advisories`;
-- Drop "advisories" table after copying rows
DROP TABLE `advisories`;
-- Rename temporary table "new_advisories" to "advisories"
ALTER TABLE `new_advisories` RENAME TO `advisories`;
-- Create index "advisory_repository_id_package_advisory_id" to table: "advisories"
CREATE UNIQUE INDEX `advisory_repository_id_package_advisory_id` ON `advisories` (`repository_id`, `package`, `advisory_id`);
-- Create index "advisories_by_package" to table: "advisories"
CREATE INDEX `advisories_by_package` ON `advisories` (`package`, `id`) WHERE created_by IS NOT NULL;
-- Add column "filter_lists" to table: "repositories"
ALTER TABLE `repositories` ADD COLUMN `filter_lists` json NULL;
-- Create "filter_entries" table
CREATE TABLE `filter_entries` (`id` text NOT NULL, `package` text NOT NULL, `list` text NOT NULL, `versions` text NOT NULL, `reason` text NOT NULL DEFAULT (''), `link` text NOT NULL DEFAULT (''), `entry_id` text NOT NULL DEFAULT (''), `source` text NOT NULL DEFAULT (''), `repository_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `filter_entries_repositories_filter_entries` FOREIGN KEY (`repository_id`) REFERENCES `repositories` (`id`) ON DELETE CASCADE);
-- Create index "filterentry_repository_id_package" to table: "filter_entries"
CREATE INDEX `filterentry_repository_id_package` ON `filter_entries` (`repository_id`, `package`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
