-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_sync_runs" table
CREATE TABLE `new_sync_runs` (`id` text NOT NULL, `status` text NOT NULL DEFAULT ('QUEUED'), `active` bool NULL DEFAULT (true), `attempt` integer NOT NULL DEFAULT (0), `worker` text NOT NULL DEFAULT (''), `heartbeat_at` datetime NOT NULL, `trigger` text NOT NULL, `created_at` datetime NOT NULL, `started_at` datetime NULL, `finished_at` datetime NULL, `packages_done` integer NOT NULL DEFAULT (0), `packages_total` integer NULL, `versions_added` integer NOT NULL DEFAULT (0), `versions_removed` integer NOT NULL DEFAULT (0), `skipped` json NOT NULL, `error` text NULL, `repository_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `sync_runs_repositories_syncs` FOREIGN KEY (`repository_id`) REFERENCES `repositories` (`id`) ON DELETE CASCADE);
-- Copy rows from old table "sync_runs" to new temporary table "new_sync_runs"
INSERT INTO `new_sync_runs` (`id`, `status`, `active`, `attempt`, `heartbeat_at`, `trigger`, `created_at`, `started_at`, `finished_at`, `packages_done`, `packages_total`, `versions_added`, `versions_removed`, `skipped`, `error`, `repository_id`) SELECT `id`, `status`, `active`, IFNULL(`attempt`, (0)) AS `attempt`, `heartbeat_at`, `trigger`, `created_at`, `started_at`, `finished_at`, `packages_done`, `packages_total`, `versions_added`, `versions_removed`, `skipped`, `error`, `repository_id` FROM `sync_runs`;
-- Drop "sync_runs" table after copying rows
DROP TABLE `sync_runs`;
-- Rename temporary table "new_sync_runs" to "sync_runs"
ALTER TABLE `new_sync_runs` RENAME TO `sync_runs`;
-- Create index "syncrun_repository_id_created_at" to table: "sync_runs"
CREATE INDEX `syncrun_repository_id_created_at` ON `sync_runs` (`repository_id`, `created_at`);
-- Create index "syncrun_repository_id_active" to table: "sync_runs"
CREATE UNIQUE INDEX `syncrun_repository_id_active` ON `sync_runs` (`repository_id`, `active`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
