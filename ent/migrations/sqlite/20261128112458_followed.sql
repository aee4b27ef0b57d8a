-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_repositories" table
CREATE TABLE `new_repositories` (`id` text NOT NULL, `name` text NOT NULL, `type` text NOT NULL, `url` text NULL, `url_folded` text NOT NULL DEFAULT (''), `packages` json NOT NULL, `priority` integer NOT NULL DEFAULT (100), `dist_mode` text NOT NULL DEFAULT ('REWRITE'), `credential_type` text NOT NULL DEFAULT ('NONE'), `credential` blob NULL, `enabled` bool NOT NULL DEFAULT (true), `listed` bool NOT NULL DEFAULT (true), `status` text NOT NULL DEFAULT ('PENDING'), `last_synced_at` datetime NULL, `last_error` text NULL, `notice` text NULL, `doubted_at` datetime NULL, `doubted_lost` integer NOT NULL DEFAULT (0), `removals_confirmed` bool NOT NULL DEFAULT (false), `created_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Copy rows from old table "repositories" to new temporary table "new_repositories"
INSERT INTO `new_repositories` (`id`, `name`, `type`, `url`, `url_folded`, `packages`, `priority`, `dist_mode`, `credential_type`, `credential`, `enabled`, `status`, `last_synced_at`, `last_error`, `notice`, `doubted_at`, `removals_confirmed`, `created_at`) SELECT `id`, `name`, `type`, `url`, `url_folded`, `packages`, `priority`, `dist_mode`, `credential_type`, `credential`, `enabled`, `status`, `last_synced_at`, `last_error`, `notice`, `doubted_at`, `removals_confirmed`, `created_at` FROM `repositories`;
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
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
