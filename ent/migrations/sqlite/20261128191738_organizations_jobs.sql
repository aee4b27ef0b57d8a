-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_sync_runs" table
CREATE TABLE `new_sync_runs` (`id` text NOT NULL, `status` text NOT NULL DEFAULT ('QUEUED'), `active` bool NULL DEFAULT (true), `attempt` integer NOT NULL DEFAULT (0), `worker` text NOT NULL DEFAULT (''), `heartbeat_at` datetime NOT NULL, `trigger` text NOT NULL, `again` bool NULL, `job` integer NULL, `created_at` datetime NOT NULL, `started_at` datetime NULL, `finished_at` datetime NULL, `packages_done` integer NOT NULL DEFAULT (0), `packages_total` integer NULL, `versions_added` integer NOT NULL DEFAULT (0), `versions_removed` integer NOT NULL DEFAULT (0), `versions_changed` integer NOT NULL DEFAULT (0), `archives_ahead` integer NOT NULL DEFAULT (0), `skipped` json NOT NULL, `error` text NULL, `notice` text NULL, `repository_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `sync_runs_repositories_syncs` FOREIGN KEY (`repository_id`) REFERENCES `repositories` (`id`) ON DELETE CASCADE);
-- Copy rows from old table "sync_runs" to new temporary table "new_sync_runs"
INSERT INTO `new_sync_runs` (`id`, `status`, `active`, `attempt`, `worker`, `heartbeat_at`, `trigger`, `again`, `created_at`, `started_at`, `finished_at`, `packages_done`, `packages_total`, `versions_added`, `versions_removed`, `skipped`, `error`, `notice`, `repository_id`) SELECT `id`, `status`, `active`, `attempt`, `worker`, `heartbeat_at`, `trigger`, `again`, `created_at`, `started_at`, `finished_at`, `packages_done`, `packages_total`, `versions_added`, `versions_removed`, `skipped`, `error`, `notice`, `repository_id` FROM `sync_runs`;
-- Drop "sync_runs" table after copying rows
DROP TABLE `sync_runs`;
-- Rename temporary table "new_sync_runs" to "sync_runs"
ALTER TABLE `new_sync_runs` RENAME TO `sync_runs`;
-- Create index "syncrun_repository_id_created_at" to table: "sync_runs"
CREATE INDEX `syncrun_repository_id_created_at` ON `sync_runs` (`repository_id`, `created_at`);
-- Create index "syncrun_repository_id_active" to table: "sync_runs"
CREATE UNIQUE INDEX `syncrun_repository_id_active` ON `sync_runs` (`repository_id`, `active`);
-- Create "new_repositories" table
CREATE TABLE `new_repositories` (`id` text NOT NULL, `name` text NOT NULL, `type` text NOT NULL, `url` text NULL, `url_folded` text NOT NULL DEFAULT (''), `packages` json NOT NULL, `paths` json NULL, `pack_from` json NULL, `known_hosts` text NULL, `source_state` text NULL, `priority` integer NOT NULL DEFAULT (100), `dist_mode` text NOT NULL DEFAULT ('REWRITE'), `credential_type` text NOT NULL DEFAULT ('NONE'), `credential` blob NULL, `credential_expires_at` datetime NULL, `cooldown_days` integer NOT NULL DEFAULT (0), `cooldown_exceptions` json NULL, `enabled` bool NOT NULL DEFAULT (true), `listed` bool NOT NULL DEFAULT (true), `status` text NOT NULL DEFAULT ('PENDING'), `last_synced_at` datetime NULL, `last_error` text NULL, `notice` text NULL, `doubted_at` datetime NULL, `doubted_lost` integer NOT NULL DEFAULT (0), `removals_confirmed` bool NOT NULL DEFAULT (false), `advisories_at` datetime NULL, `webhook_secret` blob NULL, `webhook_secret_at` datetime NULL, `webhook_received_at` datetime NULL, `webhook_outcome` text NULL, `webhook_push_at` datetime NULL, `upstream_id` text NULL, `adopted` bool NOT NULL DEFAULT (false), `created_at` datetime NOT NULL, `organization_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `repositories_organizations_repositories` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON DELETE SET NULL);
-- Copy rows from old table "repositories" to new temporary table "new_repositories"
INSERT INTO `new_repositories` (`id`, `name`, `type`, `url`, `url_folded`, `packages`, `paths`, `pack_from`, `known_hosts`, `source_state`, `priority`, `dist_mode`, `credential_type`, `credential`, `credential_expires_at`, `cooldown_days`, `cooldown_exceptions`, `enabled`, `listed`, `status`, `last_synced_at`, `last_error`, `notice`, `doubted_at`, `doubted_lost`, `removals_confirmed`, `advisories_at`, `webhook_secret`, `webhook_secret_at`, `webhook_received_at`, `webhook_outcome`, `webhook_push_at`, `upstream_id`, `created_at`, `organization_id`) SELECT `id`, `name`, `type`, `url`, `url_folded`, `packages`, `paths`, `pack_from`, `known_hosts`, `source_state`, `priority`, `dist_mode`, `credential_type`, `credential`, `credential_expires_at`, `cooldown_days`, `cooldown_exceptions`, `enabled`, `listed`, `status`, `last_synced_at`, `last_error`, `notice`, `doubted_at`, `doubted_lost`, `removals_confirmed`, `advisories_at`, `webhook_secret`, `webhook_secret_at`, `webhook_received_at`, `webhook_outcome`, `webhook_push_at`, `upstream_id`, `created_at`, `organization_id` FROM `repositories`;
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
-- Create "new_organizations" table
CREATE TABLE `new_organizations` (`id` text NOT NULL, `host` text NOT NULL, `url` text NOT NULL, `name` text NOT NULL, `place` text NULL, `credential` blob NULL, `has_credential` bool NOT NULL DEFAULT (false), `include` json NULL, `exclude` json NULL, `forks` bool NOT NULL DEFAULT (false), `archived` bool NOT NULL DEFAULT (false), `enabled` bool NOT NULL DEFAULT (true), `last_synced_at` datetime NULL, `last_error` text NULL, `notice` text NULL, `due_at` datetime NOT NULL, `wait_until` datetime NULL, `walked_until` datetime NULL, `seen` json NULL, `webhook_secret` blob NULL, `webhook_secret_at` datetime NULL, `webhook_received_at` datetime NULL, `webhook_outcome` text NULL, `created_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Copy rows from old table "organizations" to new temporary table "new_organizations"
INSERT INTO `new_organizations` (`id`, `host`, `url`, `name`, `credential`, `has_credential`, `include`, `exclude`, `forks`, `archived`, `enabled`, `last_synced_at`, `last_error`, `notice`, `due_at`, `walked_until`, `seen`, `webhook_secret`, `webhook_secret_at`, `webhook_received_at`, `webhook_outcome`, `created_at`) SELECT `id`, `host`, `url`, `name`, `credential`, `has_credential`, `include`, `exclude`, `forks`, `archived`, `enabled`, `last_synced_at`, `last_error`, `notice`, `due_at`, `walked_until`, `seen`, `webhook_secret`, `webhook_secret_at`, `webhook_received_at`, `webhook_outcome`, `created_at` FROM `organizations`;
-- Drop "organizations" table after copying rows
DROP TABLE `organizations`;
-- Rename temporary table "new_organizations" to "organizations"
ALTER TABLE `new_organizations` RENAME TO `organizations`;
-- Create index "organizations_place_key" to table: "organizations"
CREATE UNIQUE INDEX `organizations_place_key` ON `organizations` (`place`);
-- Create index "organization_host_url_name" to table: "organizations"
CREATE UNIQUE INDEX `organization_host_url_name` ON `organizations` (`host`, `url`, `name`);
-- Create index "organizations_by_name" to table: "organizations"
CREATE INDEX `organizations_by_name` ON `organizations` (`name`, `id`);
-- Hosts tell no acme from Acme. Where there are both, the first of them keeps the place, and the other one stays.
UPDATE organizations SET place = lower(host || ' ' || url || ' ' || name)
  WHERE id IN (SELECT min(id) FROM organizations GROUP BY lower(host || ' ' || url || ' ' || name));
-- What no organization added was added by a person before; so was what nothing tells of any more.
UPDATE repositories SET adopted = true WHERE organization_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM audit_events
  WHERE action = 'repository.create' AND target = repositories.id AND details LIKE '%"organization":"%');
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
