-- Create "archives" table
CREATE TABLE `archives` (`id` text NOT NULL, `sha256` text NOT NULL, `sha1` text NOT NULL, `size` integer NOT NULL, `created_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create index "archives_sha256_key" to table: "archives"
CREATE UNIQUE INDEX `archives_sha256_key` ON `archives` (`sha256`);
-- Create "changes" table
CREATE TABLE `changes` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `topic` text NOT NULL, `subject` text NOT NULL, `created_at` datetime NOT NULL);
-- Create "dists" table
CREATE TABLE `dists` (`id` text NOT NULL, `version` text NOT NULL, `reference` text NOT NULL, `type` text NOT NULL, `url` text NOT NULL, `shasum` text NOT NULL DEFAULT (''), `created_at` datetime NOT NULL, `archive_id` text NULL, `package_id` text NOT NULL, `repository_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `dists_archives_dists` FOREIGN KEY (`archive_id`) REFERENCES `archives` (`id`) ON DELETE SET NULL, CONSTRAINT `dists_packages_dists` FOREIGN KEY (`package_id`) REFERENCES `packages` (`id`) ON DELETE CASCADE, CONSTRAINT `dists_repositories_dists` FOREIGN KEY (`repository_id`) REFERENCES `repositories` (`id`) ON DELETE CASCADE);
-- Create index "dist_package_id_version_reference" to table: "dists"
CREATE UNIQUE INDEX `dist_package_id_version_reference` ON `dists` (`package_id`, `version`, `reference`);
-- Create index "dist_archive_id" to table: "dists"
CREATE INDEX `dist_archive_id` ON `dists` (`archive_id`);
-- Create index "dist_repository_id" to table: "dists"
CREATE INDEX `dist_repository_id` ON `dists` (`repository_id`);
-- Create "documents" table
CREATE TABLE `documents` (`id` text NOT NULL, `dev` bool NOT NULL, `body` blob NOT NULL, `size` integer NOT NULL, `digest` blob NOT NULL, `last_modified` integer NOT NULL, `upstream_validator` text NOT NULL DEFAULT (''), `package_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `documents_packages_documents` FOREIGN KEY (`package_id`) REFERENCES `packages` (`id`) ON DELETE CASCADE);
-- Create index "document_package_id_dev" to table: "documents"
CREATE UNIQUE INDEX `document_package_id_dev` ON `documents` (`package_id`, `dev`);
-- Create "download_days" table
CREATE TABLE `download_days` (`id` text NOT NULL, `day` datetime NOT NULL, `token_id` text NOT NULL, `package` text NOT NULL, `version` text NOT NULL, `downloads` integer NOT NULL DEFAULT (0), `installs` integer NOT NULL DEFAULT (0), `bytes` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "downloadday_token_id_day_package_version" to table: "download_days"
CREATE UNIQUE INDEX `downloadday_token_id_day_package_version` ON `download_days` (`token_id`, `day`, `package`, `version`);
-- Create index "downloadday_package_version_day" to table: "download_days"
CREATE INDEX `downloadday_package_version_day` ON `download_days` (`package`, `version`, `day`);
-- Create index "downloadday_day" to table: "download_days"
CREATE INDEX `downloadday_day` ON `download_days` (`day`);
-- Create "package_versions" table
CREATE TABLE `package_versions` (`id` text NOT NULL, `version` text NOT NULL, `normalized_version` text NOT NULL, `dev` bool NOT NULL DEFAULT (false), `position` integer NOT NULL DEFAULT (0), `reference` text NULL, `released_at` datetime NULL, `licenses` json NOT NULL, `metadata` text NOT NULL DEFAULT (''), `downloads` integer NOT NULL DEFAULT (0), `dist_id` text NULL, `package_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `package_versions_dists_versions` FOREIGN KEY (`dist_id`) REFERENCES `dists` (`id`) ON DELETE SET NULL, CONSTRAINT `package_versions_packages_versions` FOREIGN KEY (`package_id`) REFERENCES `packages` (`id`) ON DELETE CASCADE);
-- Create index "packageversion_package_id_normalized_version" to table: "package_versions"
CREATE UNIQUE INDEX `packageversion_package_id_normalized_version` ON `package_versions` (`package_id`, `normalized_version`);
-- Create index "packageversion_package_id_position" to table: "package_versions"
CREATE INDEX `packageversion_package_id_position` ON `package_versions` (`package_id`, `position`);
-- Create index "packageversion_dist_id" to table: "package_versions"
CREATE INDEX `packageversion_dist_id` ON `package_versions` (`dist_id`);
-- Create "packages" table
CREATE TABLE `packages` (`id` text NOT NULL, `name` text NOT NULL, `type` text NOT NULL DEFAULT ('library'), `description` text NOT NULL DEFAULT (''), `abandoned` text NULL, `latest_version_id` text NULL, `version_count` integer NOT NULL DEFAULT (0), `released_at` datetime NULL, `downloads` integer NOT NULL DEFAULT (0), `created_at` datetime NOT NULL, `repository_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `packages_repositories_package_rows` FOREIGN KEY (`repository_id`) REFERENCES `repositories` (`id`) ON DELETE CASCADE);
-- Create index "packages_name_key" to table: "packages"
CREATE UNIQUE INDEX `packages_name_key` ON `packages` (`name`);
-- Create index "pkg_repository_id" to table: "packages"
CREATE INDEX `pkg_repository_id` ON `packages` (`repository_id`);
-- Create index "pkg_type" to table: "packages"
CREATE INDEX `pkg_type` ON `packages` (`type`);
-- Create index "pkg_downloads" to table: "packages"
CREATE INDEX `pkg_downloads` ON `packages` (`downloads`);
-- Create index "pkg_released_at" to table: "packages"
CREATE INDEX `pkg_released_at` ON `packages` (`released_at`);
-- Create "rate_windows" table
CREATE TABLE `rate_windows` (`id` text NOT NULL, `window` integer NOT NULL, `current` integer NOT NULL, `previous` integer NOT NULL, PRIMARY KEY (`id`));
-- Create "repositories" table
CREATE TABLE `repositories` (`id` text NOT NULL, `name` text NOT NULL, `type` text NOT NULL, `url` text NULL, `packages` json NOT NULL, `owns` json NOT NULL, `priority` integer NOT NULL DEFAULT (100), `dist_mode` text NOT NULL DEFAULT ('REWRITE'), `credential_type` text NOT NULL DEFAULT ('NONE'), `credential` blob NULL, `enabled` bool NOT NULL DEFAULT (true), `status` text NOT NULL DEFAULT ('PENDING'), `last_synced_at` datetime NULL, `last_error` text NULL, `created_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create index "repositories_name_key" to table: "repositories"
CREATE UNIQUE INDEX `repositories_name_key` ON `repositories` (`name`);
-- Create "root_documents" table
CREATE TABLE `root_documents` (`id` text NOT NULL, `view` text NOT NULL, `digest` blob NOT NULL, `last_modified` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "root_documents_view_key" to table: "root_documents"
CREATE UNIQUE INDEX `root_documents_view_key` ON `root_documents` (`view`);
-- Create index "root_documents_last_modified_key" to table: "root_documents"
CREATE UNIQUE INDEX `root_documents_last_modified_key` ON `root_documents` (`last_modified`);
-- Create "sessions" table
CREATE TABLE `sessions` (`id` text NOT NULL, `hash` blob NOT NULL, `created_at` datetime NOT NULL, `seen_at` datetime NOT NULL, `expires_at` datetime NOT NULL, `address` text NOT NULL DEFAULT (''), `client` text NOT NULL DEFAULT (''), `user_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `sessions_users_sessions` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE);
-- Create index "sessions_hash_key" to table: "sessions"
CREATE UNIQUE INDEX `sessions_hash_key` ON `sessions` (`hash`);
-- Create index "session_user_id" to table: "sessions"
CREATE INDEX `session_user_id` ON `sessions` (`user_id`);
-- Create index "session_expires_at" to table: "sessions"
CREATE INDEX `session_expires_at` ON `sessions` (`expires_at`);
-- Create "settings" table
CREATE TABLE `settings` (`id` text NOT NULL, `value` text NOT NULL DEFAULT (''), `updated_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create "sign_in_throttles" table
CREATE TABLE `sign_in_throttles` (`id` text NOT NULL, `failures` integer NOT NULL DEFAULT (0), `last_failure_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create "sync_runs" table
CREATE TABLE `sync_runs` (`id` text NOT NULL, `status` text NOT NULL DEFAULT ('QUEUED'), `active` bool NULL DEFAULT (true), `attempt` integer NOT NULL DEFAULT (1), `heartbeat_at` datetime NOT NULL, `trigger` text NOT NULL, `created_at` datetime NOT NULL, `started_at` datetime NULL, `finished_at` datetime NULL, `packages_done` integer NOT NULL DEFAULT (0), `packages_total` integer NULL, `versions_added` integer NOT NULL DEFAULT (0), `versions_removed` integer NOT NULL DEFAULT (0), `skipped` json NOT NULL, `error` text NULL, `repository_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `sync_runs_repositories_syncs` FOREIGN KEY (`repository_id`) REFERENCES `repositories` (`id`) ON DELETE CASCADE);
-- Create index "syncrun_repository_id_created_at" to table: "sync_runs"
CREATE INDEX `syncrun_repository_id_created_at` ON `sync_runs` (`repository_id`, `created_at`);
-- Create index "syncrun_repository_id_active" to table: "sync_runs"
CREATE UNIQUE INDEX `syncrun_repository_id_active` ON `sync_runs` (`repository_id`, `active`);
-- Create "tokens" table
CREATE TABLE `tokens` (`id` text NOT NULL, `description` text NOT NULL, `permission` text NOT NULL DEFAULT ('READ_ONLY'), `packages` json NOT NULL, `networks` json NOT NULL, `rate_limit` integer NULL, `external_id` text NULL, `labels` json NOT NULL, `created_at` datetime NOT NULL, `created_by` text NOT NULL, `expires_at` datetime NULL, `last_used_at` datetime NULL, `last_used_address` text NULL, `last_used_client` text NULL, `revoked_at` datetime NULL, `revoked_by` text NULL, `revoked_reason` text NULL, PRIMARY KEY (`id`));
-- Create index "token_external_id" to table: "tokens"
CREATE UNIQUE INDEX `token_external_id` ON `tokens` (`external_id`) WHERE revoked_at IS NULL;
-- Create index "token_created_at" to table: "tokens"
CREATE INDEX `token_created_at` ON `tokens` (`created_at`);
-- Create index "token_last_used_at" to table: "tokens"
CREATE INDEX `token_last_used_at` ON `tokens` (`last_used_at`);
-- Create index "token_expires_at" to table: "tokens"
CREATE INDEX `token_expires_at` ON `tokens` (`expires_at`);
-- Create "token_secrets" table
CREATE TABLE `token_secrets` (`id` text NOT NULL, `hash` blob NOT NULL, `hint` text NOT NULL, `created_at` datetime NOT NULL, `expires_at` datetime NULL, `last_used_at` datetime NULL, `last_used_address` text NULL, `last_used_client` text NULL, `token_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `token_secrets_tokens_secrets` FOREIGN KEY (`token_id`) REFERENCES `tokens` (`id`) ON DELETE CASCADE);
-- Create index "token_secrets_hash_key" to table: "token_secrets"
CREATE UNIQUE INDEX `token_secrets_hash_key` ON `token_secrets` (`hash`);
-- Create index "tokensecret_token_id" to table: "token_secrets"
CREATE INDEX `tokensecret_token_id` ON `token_secrets` (`token_id`);
-- Create "usage_hours" table
CREATE TABLE `usage_hours` (`id` text NOT NULL, `hour` datetime NOT NULL, `token_id` text NOT NULL, `package` text NOT NULL DEFAULT (''), `requests` integer NOT NULL DEFAULT (0), `not_modified` integer NOT NULL DEFAULT (0), `downloads` integer NOT NULL DEFAULT (0), `installs` integer NOT NULL DEFAULT (0), `bytes` integer NOT NULL DEFAULT (0), `refused` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "usagehour_token_id_hour_package" to table: "usage_hours"
CREATE UNIQUE INDEX `usagehour_token_id_hour_package` ON `usage_hours` (`token_id`, `hour`, `package`);
-- Create index "usagehour_hour" to table: "usage_hours"
CREATE INDEX `usagehour_hour` ON `usage_hours` (`hour`);
-- Create index "usagehour_package_hour" to table: "usage_hours"
CREATE INDEX `usagehour_package_hour` ON `usage_hours` (`package`, `hour`);
-- Create "users" table
CREATE TABLE `users` (`id` text NOT NULL, `email` text NOT NULL, `name` text NULL, `role` text NOT NULL, `password_hash` text NOT NULL, `last_sign_in_at` datetime NULL, `created_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create index "users_email_key" to table: "users"
CREATE UNIQUE INDEX `users_email_key` ON `users` (`email`);
