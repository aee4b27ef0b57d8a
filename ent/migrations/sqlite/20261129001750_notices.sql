-- Add column "failing_told_at" to table: "repositories"
ALTER TABLE `repositories` ADD COLUMN `failing_told_at` datetime NULL;
-- Create "notices" table
CREATE TABLE `notices` (`id` text NOT NULL, `kind` text NOT NULL, `at` datetime NOT NULL, `summary` text NOT NULL DEFAULT (''), `path` text NOT NULL DEFAULT (''), `body` text NOT NULL DEFAULT (''), `created_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create index "notice_created_at" to table: "notices"
CREATE INDEX `notice_created_at` ON `notices` (`created_at`);
-- Create "notice_deliveries" table
CREATE TABLE `notice_deliveries` (`id` text NOT NULL, `endpoint_id` text NOT NULL, `notice_id` text NOT NULL, `kind` text NOT NULL, `status` text NOT NULL DEFAULT ('PENDING'), `attempts` integer NOT NULL DEFAULT (0), `next_at` datetime NOT NULL, `gives_up_at` datetime NOT NULL, `attempted_at` datetime NULL, `took_ms` integer NULL, `answer_status` integer NULL, `answer` text NOT NULL DEFAULT (''), `error` text NULL, `created_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create index "noticedelivery_endpoint_id_created_at" to table: "notice_deliveries"
CREATE INDEX `noticedelivery_endpoint_id_created_at` ON `notice_deliveries` (`endpoint_id`, `created_at`);
-- Create index "noticedelivery_notice_id" to table: "notice_deliveries"
CREATE INDEX `noticedelivery_notice_id` ON `notice_deliveries` (`notice_id`);
-- Create index "noticedelivery_created_at" to table: "notice_deliveries"
CREATE INDEX `noticedelivery_created_at` ON `notice_deliveries` (`created_at`);
-- Create index "noticedelivery_endpoint_id_status_next_at" to table: "notice_deliveries"
CREATE INDEX `noticedelivery_endpoint_id_status_next_at` ON `notice_deliveries` (`endpoint_id`, `status`, `next_at`);
-- Create "notice_endpoints" table
CREATE TABLE `notice_endpoints` (`id` text NOT NULL, `url` text NOT NULL, `description` text NOT NULL DEFAULT (''), `kinds` json NOT NULL, `secret` blob NOT NULL, `previous_secret` blob NULL, `previous_secret_ends_at` datetime NULL, `enabled` bool NOT NULL DEFAULT (true), `disabled_at` datetime NULL, `disabled_reason` text NULL, `failing_since` datetime NULL, `delivered_at` datetime NULL, `created_by` text NOT NULL, `created_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create "notice_mails" table
CREATE TABLE `notice_mails` (`id` text NOT NULL, `user_id` text NOT NULL, `notice_id` text NOT NULL, `at_once` bool NOT NULL, `created_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create index "noticemail_user_id_notice_id" to table: "notice_mails"
CREATE UNIQUE INDEX `noticemail_user_id_notice_id` ON `notice_mails` (`user_id`, `notice_id`);
-- Create "notice_readers" table
CREATE TABLE `notice_readers` (`id` text NOT NULL, `choices` json NOT NULL, `mailed_at` datetime NULL, `next_at` datetime NULL, `failures` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create "token_networks" table
CREATE TABLE `token_networks` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `token_id` text NOT NULL, `network` text NOT NULL);
-- Create index "tokennetwork_token_id_network" to table: "token_networks"
CREATE UNIQUE INDEX `tokennetwork_token_id_network` ON `token_networks` (`token_id`, `network`);
