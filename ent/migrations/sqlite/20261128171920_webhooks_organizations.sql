-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Add column "again" to table: "sync_runs"
ALTER TABLE `sync_runs` ADD COLUMN `again` bool NULL;
-- Create "new_repositories" table
CREATE TABLE `new_repositories` (`id` text NOT NULL, `name` text NOT NULL, `type` text NOT NULL, `url` text NULL, `url_folded` text NOT NULL DEFAULT (''), `packages` json NOT NULL, `paths` json NULL, `pack_from` json NULL, `known_hosts` text NULL, `source_state` text NULL, `priority` integer NOT NULL DEFAULT (100), `dist_mode` text NOT NULL DEFAULT ('REWRITE'), `credential_type` text NOT NULL DEFAULT ('NONE'), `credential` blob NULL, `credential_expires_at` datetime NULL, `cooldown_days` integer NOT NULL DEFAULT (0), `cooldown_exceptions` json NULL, `enabled` bool NOT NULL DEFAULT (true), `listed` bool NOT NULL DEFAULT (true), `status` text NOT NULL DEFAULT ('PENDING'), `last_synced_at` datetime NULL, `last_error` text NULL, `notice` text NULL, `doubted_at` datetime NULL, `doubted_lost` integer NOT NULL DEFAULT (0), `removals_confirmed` bool NOT NULL DEFAULT (false), `webhook_secret` blob NULL, `webhook_secret_at` datetime NULL, `webhook_received_at` datetime NULL, `webhook_outcome` text NULL, `webhook_push_at` datetime NULL, `upstream_id` text NULL, `created_at` datetime NOT NULL, `organization_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `repositories_organizations_repositories` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON DELETE SET NULL);
-- Copy rows from old table "repositories" to new temporary table "new_repositories"
INSERT INTO `new_repositories` (`id`, `name`, `type`, `url`, `url_folded`, `packages`, `paths`, `pack_from`, `known_hosts`, `source_state`, `priority`, `dist_mode`, `credential_type`, `credential`, `credential_expires_at`, `cooldown_days`, `cooldown_exceptions`, `enabled`, `listed`, `status`, `last_synced_at`, `last_error`, `notice`, `doubted_at`, `doubted_lost`, `removals_confirmed`, `created_at`) SELECT `id`, `name`, `type`, `url`, `url_folded`, `packages`, `paths`, `pack_from`, `known_hosts`, `source_state`, `priority`, `dist_mode`, `credential_type`, `credential`, `credential_expires_at`, `cooldown_days`, `cooldown_exceptions`, `enabled`, `listed`, `status`, `last_synced_at`, `last_error`, `notice`, `doubted_at`, `doubted_lost`, `removals_confirmed`, `created_at` FROM `repositories`;
-- Drop "repositories" table after copying rows
DROP TABLE `repositories`;
-- Rename temporary table "new_repositories" to "repositories"
ALTER TABLE `new_repositories` RENAME TO `repositories`;
-- Create index "repositories_name_key" to table: "repositories"
CREATE UNIQUE INDEX `repositories_name_key` ON `repositories` (`name`);
-- Create index "repository_organization_id_upstream_id" to table: "repositories"
CREATE UNIQUE INDEX `repository_organization_id_upstream_id` ON `repositories` (`organization_id`, `upstream_id`);
-- Create index "repositories_by_name" to table: "repositories"
CREATE INDEX `repositories_by_name` ON `repositories` (`name`, `id`);
-- Create index "repositories_by_priority" to table: "repositories"
CREATE INDEX `repositories_by_priority` ON `repositories` (`priority`, `id`);
-- Create index "repositories_by_last_synced_at" to table: "repositories"
CREATE INDEX `repositories_by_last_synced_at` ON `repositories` ((COALESCE(last_synced_at, '') || ' ' || id));
-- Create "organizations" table
CREATE TABLE `organizations` (`id` text NOT NULL, `host` text NOT NULL, `url` text NOT NULL, `name` text NOT NULL, `credential` blob NULL, `has_credential` bool NOT NULL DEFAULT (false), `include` json NULL, `exclude` json NULL, `forks` bool NOT NULL DEFAULT (false), `archived` bool NOT NULL DEFAULT (false), `enabled` bool NOT NULL DEFAULT (true), `last_synced_at` datetime NULL, `last_error` text NULL, `notice` text NULL, `due_at` datetime NOT NULL, `walked_until` datetime NULL, `seen` json NULL, `webhook_secret` blob NULL, `webhook_secret_at` datetime NULL, `webhook_received_at` datetime NULL, `webhook_outcome` text NULL, `created_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create index "organization_host_url_name" to table: "organizations"
CREATE UNIQUE INDEX `organization_host_url_name` ON `organizations` (`host`, `url`, `name`);
-- Create index "organizations_by_name" to table: "organizations"
CREATE INDEX `organizations_by_name` ON `organizations` (`name`, `id`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
