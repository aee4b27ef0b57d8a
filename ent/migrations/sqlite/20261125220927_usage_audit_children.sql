-- Usage is counted by more than before: its tables are made anew.
ALTER TABLE usage_hours RENAME TO usage_hours_before;
ALTER TABLE download_days RENAME TO download_days_before;
DROP INDEX usagehour_token_id_hour_package;
DROP INDEX usagehour_hour;
DROP INDEX usagehour_package_hour;
DROP INDEX downloadday_token_id_day_package_version;
DROP INDEX downloadday_package_version_day;
DROP INDEX downloadday_day;
-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_tokens" table
CREATE TABLE `new_tokens` (`id` text NOT NULL, `description` text NOT NULL, `permission` text NOT NULL DEFAULT ('READ_ONLY'), `packages` json NOT NULL, `networks` json NOT NULL, `rate_limit` integer NULL, `external_id` text NULL, `labels` json NOT NULL, `created_at` datetime NOT NULL, `created_by` text NOT NULL, `parent_id` text NULL, `expires_at` datetime NULL, `last_used_at` datetime NULL, `last_used_address` text NULL, `last_used_client` text NULL, `revoked_at` datetime NULL, `revoked_by` text NULL, `revoked_reason` text NULL, `disabled_at` datetime NULL, `disabled_reason` text NULL, `enabled_at` datetime NULL, `leaked_at` datetime NULL, `leaked_url` text NULL, PRIMARY KEY (`id`));
-- Copy rows from old table "tokens" to new temporary table "new_tokens"
INSERT INTO `new_tokens` (`id`, `description`, `permission`, `packages`, `networks`, `rate_limit`, `external_id`, `labels`, `created_at`, `created_by`, `expires_at`, `last_used_at`, `last_used_address`, `last_used_client`, `revoked_at`, `revoked_by`, `revoked_reason`) SELECT `id`, `description`, `permission`, `packages`, `networks`, `rate_limit`, `external_id`, `labels`, `created_at`, `created_by`, `expires_at`, `last_used_at`, `last_used_address`, `last_used_client`, `revoked_at`, `revoked_by`, `revoked_reason` FROM `tokens`;
-- Drop "tokens" table after copying rows
DROP TABLE `tokens`;
-- Rename temporary table "new_tokens" to "tokens"
ALTER TABLE `new_tokens` RENAME TO `tokens`;
-- Create index "token_external_id" to table: "tokens"
CREATE UNIQUE INDEX `token_external_id` ON `tokens` (`external_id`) WHERE revoked_at IS NULL;
-- Create index "token_parent_id" to table: "tokens"
CREATE INDEX `token_parent_id` ON `tokens` (`parent_id`);
-- Create index "token_created_at" to table: "tokens"
CREATE INDEX `token_created_at` ON `tokens` (`created_at`);
-- Create index "token_last_used_at" to table: "tokens"
CREATE INDEX `token_last_used_at` ON `tokens` (`last_used_at`);
-- Create index "token_expires_at" to table: "tokens"
CREATE INDEX `token_expires_at` ON `tokens` (`expires_at`);
-- Create "address_days" table
CREATE TABLE `address_days` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `day` datetime NOT NULL, `token_id` text NOT NULL, `secret_id` text NOT NULL, `address` text NOT NULL, `client` text NOT NULL DEFAULT (''), `first_at` datetime NOT NULL, `last_at` datetime NOT NULL, `requests` integer NOT NULL DEFAULT (0), `refused` integer NOT NULL DEFAULT (0));
-- Create index "addressday_day_token_id_secret_id_address" to table: "address_days"
CREATE UNIQUE INDEX `addressday_day_token_id_secret_id_address` ON `address_days` (`day`, `token_id`, `secret_id`, `address`);
-- Create index "addressday_secret_id_day" to table: "address_days"
CREATE INDEX `addressday_secret_id_day` ON `address_days` (`secret_id`, `day`);
-- Create index "addressday_token_id_day" to table: "address_days"
CREATE INDEX `addressday_token_id_day` ON `address_days` (`token_id`, `day`);
-- Create "audit_events" table
CREATE TABLE `audit_events` (`id` text NOT NULL, `number` integer NOT NULL, `at` datetime NOT NULL, `actor` text NOT NULL, `actor_id` text NOT NULL DEFAULT (''), `action` text NOT NULL, `target` text NULL, `address` text NULL, `client` text NULL, `details` text NOT NULL DEFAULT ('{}'), `hash` blob NOT NULL, PRIMARY KEY (`id`));
-- Create index "audit_events_number_key" to table: "audit_events"
CREATE UNIQUE INDEX `audit_events_number_key` ON `audit_events` (`number`);
-- Create index "auditevent_at" to table: "audit_events"
CREATE INDEX `auditevent_at` ON `audit_events` (`at`);
-- Create index "auditevent_actor_id" to table: "audit_events"
CREATE INDEX `auditevent_actor_id` ON `audit_events` (`actor_id`);
-- Create index "auditevent_action" to table: "audit_events"
CREATE INDEX `auditevent_action` ON `audit_events` (`action`);
-- Create index "auditevent_target" to table: "audit_events"
CREATE INDEX `auditevent_target` ON `audit_events` (`target`);
-- Create "audit_heads" table
CREATE TABLE `audit_heads` (`id` text NOT NULL, `base` integer NOT NULL DEFAULT (0), `base_hash` blob NOT NULL, `number` integer NOT NULL DEFAULT (0), `hash` blob NOT NULL, `mac` blob NOT NULL, PRIMARY KEY (`id`));
-- Create "download_days" table
CREATE TABLE `download_days` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `day` datetime NOT NULL, `token_id` text NOT NULL, `secret_id` text NOT NULL DEFAULT (''), `package` text NOT NULL, `version` text NOT NULL, `address` text NOT NULL DEFAULT (''), `client` text NOT NULL DEFAULT (''), `first_at` datetime NOT NULL, `last_at` datetime NOT NULL, `downloads` integer NOT NULL DEFAULT (0), `installs` integer NOT NULL DEFAULT (0), `bytes` integer NOT NULL DEFAULT (0));
-- Create index "downloadday_day_token_id_secret_id_package_version_address" to table: "download_days"
CREATE UNIQUE INDEX `downloadday_day_token_id_secret_id_package_version_address` ON `download_days` (`day`, `token_id`, `secret_id`, `package`, `version`, `address`);
-- Create index "downloadday_package_version_day" to table: "download_days"
CREATE INDEX `downloadday_package_version_day` ON `download_days` (`package`, `version`, `day`);
-- Create index "downloadday_token_id_day" to table: "download_days"
CREATE INDEX `downloadday_token_id_day` ON `download_days` (`token_id`, `day`);
-- Create "usage_days" table
CREATE TABLE `usage_days` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `day` datetime NOT NULL, `token_id` text NOT NULL, `secret_id` text NOT NULL DEFAULT (''), `repository_id` text NOT NULL DEFAULT (''), `package` text NOT NULL DEFAULT (''), `version` text NOT NULL DEFAULT (''), `requests` integer NOT NULL DEFAULT (0), `metadata` integer NOT NULL DEFAULT (0), `not_modified` integer NOT NULL DEFAULT (0), `downloads` integer NOT NULL DEFAULT (0), `installs` integer NOT NULL DEFAULT (0), `bytes` integer NOT NULL DEFAULT (0), `refused` integer NOT NULL DEFAULT (0), `refused_limit` integer NOT NULL DEFAULT (0), `refused_package` integer NOT NULL DEFAULT (0), `refused_permission` integer NOT NULL DEFAULT (0), `refused_network` integer NOT NULL DEFAULT (0), `refused_ended` integer NOT NULL DEFAULT (0));
-- Create index "usageday_day_token_id_secret_id_repository_id_package_version" to table: "usage_days"
CREATE UNIQUE INDEX `usageday_day_token_id_secret_id_repository_id_package_version` ON `usage_days` (`day`, `token_id`, `secret_id`, `repository_id`, `package`, `version`);
-- Create index "usageday_token_id_day" to table: "usage_days"
CREATE INDEX `usageday_token_id_day` ON `usage_days` (`token_id`, `day`);
-- Create index "usageday_package_day" to table: "usage_days"
CREATE INDEX `usageday_package_day` ON `usage_days` (`package`, `day`);
-- Create "usage_hours" table
CREATE TABLE `usage_hours` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `hour` datetime NOT NULL, `token_id` text NOT NULL, `secret_id` text NOT NULL DEFAULT (''), `repository_id` text NOT NULL DEFAULT (''), `package` text NOT NULL DEFAULT (''), `version` text NOT NULL DEFAULT (''), `requests` integer NOT NULL DEFAULT (0), `metadata` integer NOT NULL DEFAULT (0), `not_modified` integer NOT NULL DEFAULT (0), `downloads` integer NOT NULL DEFAULT (0), `installs` integer NOT NULL DEFAULT (0), `bytes` integer NOT NULL DEFAULT (0), `refused` integer NOT NULL DEFAULT (0), `refused_limit` integer NOT NULL DEFAULT (0), `refused_package` integer NOT NULL DEFAULT (0), `refused_permission` integer NOT NULL DEFAULT (0), `refused_network` integer NOT NULL DEFAULT (0), `refused_ended` integer NOT NULL DEFAULT (0));
-- Create index "usagehour_hour_token_id_secret_id_repository_id_package_version" to table: "usage_hours"
CREATE UNIQUE INDEX `usagehour_hour_token_id_secret_id_repository_id_package_version` ON `usage_hours` (`hour`, `token_id`, `secret_id`, `repository_id`, `package`, `version`);
-- Create index "usagehour_token_id_hour" to table: "usage_hours"
CREATE INDEX `usagehour_token_id_hour` ON `usage_hours` (`token_id`, `hour`);
-- Create index "usagehour_package_hour" to table: "usage_hours"
CREATE INDEX `usagehour_package_hour` ON `usage_hours` (`package`, `hour`);
-- Create "usage_totals" table
CREATE TABLE `usage_totals` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `span` text NOT NULL, `at` integer NOT NULL, `kind` text NOT NULL, `subject` text NOT NULL DEFAULT (''), `requests` integer NOT NULL DEFAULT (0), `metadata` integer NOT NULL DEFAULT (0), `not_modified` integer NOT NULL DEFAULT (0), `downloads` integer NOT NULL DEFAULT (0), `installs` integer NOT NULL DEFAULT (0), `bytes` integer NOT NULL DEFAULT (0), `refused` integer NOT NULL DEFAULT (0), `refused_limit` integer NOT NULL DEFAULT (0), `refused_package` integer NOT NULL DEFAULT (0), `refused_permission` integer NOT NULL DEFAULT (0), `refused_network` integer NOT NULL DEFAULT (0), `refused_ended` integer NOT NULL DEFAULT (0));
-- Create index "usagetotal_kind_subject_span_at" to table: "usage_totals"
CREATE UNIQUE INDEX `usagetotal_kind_subject_span_at` ON `usage_totals` (`kind`, `subject`, `span`, `at`);
-- Create index "usagetotal_kind_span_at" to table: "usage_totals"
CREATE INDEX `usagetotal_kind_span_at` ON `usage_totals` (`kind`, `span`, `at`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
-- What was counted so far moves into the new tables.
INSERT INTO usage_hours (hour, token_id, package, requests, not_modified, downloads, installs, bytes, refused) SELECT hour, token_id, package, requests, not_modified, downloads, installs, bytes, refused FROM usage_hours_before;
INSERT INTO usage_days (day, token_id, package, requests, not_modified, downloads, installs, bytes, refused) SELECT substr(hour, 1, 10) || ' 00:00:00+00:00' AS day, token_id, package, SUM(requests), SUM(not_modified), SUM(downloads), SUM(installs), SUM(bytes), SUM(refused) FROM usage_hours_before GROUP BY 1, 2, 3;
INSERT INTO usage_totals (span, at, kind, subject, requests, not_modified, downloads, installs, bytes, refused) SELECT span, CASE span WHEN 'HOUR' THEN unixepoch(substr(hour, 1, 19)) WHEN 'DAY' THEN unixepoch(substr(hour, 1, 10)) ELSE unixepoch(substr(hour, 1, 7) || '-01') END AS at, kind, CASE kind WHEN 'TOKEN' THEN token_id WHEN 'PACKAGE' THEN package ELSE '' END AS subject, SUM(requests), SUM(not_modified), SUM(downloads), SUM(installs), SUM(bytes), SUM(refused) FROM usage_hours_before CROSS JOIN (SELECT 'HOUR' AS span UNION ALL SELECT 'DAY' UNION ALL SELECT 'MONTH') AS spans CROSS JOIN (SELECT 'ALL' AS kind UNION ALL SELECT 'TOKEN' UNION ALL SELECT 'PACKAGE') AS kinds WHERE kind <> 'PACKAGE' OR package <> '' GROUP BY 1, 2, 3, 4;
INSERT INTO download_days (day, token_id, package, version, first_at, last_at, downloads, installs, bytes) SELECT day, token_id, package, version, day, day, downloads, installs, bytes FROM download_days_before;
DROP TABLE usage_hours_before;
DROP TABLE download_days_before;
