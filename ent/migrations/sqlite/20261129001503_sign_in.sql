-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_sessions" table
CREATE TABLE `new_sessions` (`id` text NOT NULL, `hash` blob NOT NULL, `previous_hash` blob NULL, `previous_until` datetime NULL, `renew` bool NOT NULL DEFAULT (false), `method` text NOT NULL DEFAULT ('password'), `created_at` datetime NOT NULL, `seen_at` datetime NOT NULL, `expires_at` datetime NOT NULL, `address` text NOT NULL DEFAULT (''), `client` text NOT NULL DEFAULT (''), `user_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `sessions_users_sessions` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE);
-- Copy rows from old table "sessions" to new temporary table "new_sessions"
INSERT INTO `new_sessions` (`id`, `hash`, `created_at`, `seen_at`, `expires_at`, `address`, `client`, `user_id`) SELECT `id`, `hash`, `created_at`, `seen_at`, `expires_at`, `address`, `client`, `user_id` FROM `sessions`;
-- Drop "sessions" table after copying rows
DROP TABLE `sessions`;
-- Rename temporary table "new_sessions" to "sessions"
ALTER TABLE `new_sessions` RENAME TO `sessions`;
-- Create index "sessions_hash_key" to table: "sessions"
CREATE UNIQUE INDEX `sessions_hash_key` ON `sessions` (`hash`);
-- Create index "sessions_previous_hash_key" to table: "sessions"
CREATE UNIQUE INDEX `sessions_previous_hash_key` ON `sessions` (`previous_hash`);
-- Create index "session_user_id" to table: "sessions"
CREATE INDEX `session_user_id` ON `sessions` (`user_id`);
-- Create index "session_expires_at" to table: "sessions"
CREATE INDEX `session_expires_at` ON `sessions` (`expires_at`);
-- Create "departures" table
CREATE TABLE `departures` (`id` text NOT NULL, `created_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create "identities" table
CREATE TABLE `identities` (`id` text NOT NULL, `issuer` text NOT NULL, `subject` text NOT NULL, `by_rules` bool NOT NULL DEFAULT (false), `created_at` datetime NOT NULL, `last_used_at` datetime NOT NULL, `user_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `identities_users_identities` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE);
-- Create index "identity_issuer_subject" to table: "identities"
CREATE UNIQUE INDEX `identity_issuer_subject` ON `identities` (`issuer`, `subject`);
-- Create index "identity_user_id" to table: "identities"
CREATE INDEX `identity_user_id` ON `identities` (`user_id`);
-- Create "passkeys" table
CREATE TABLE `passkeys` (`id` text NOT NULL, `name` text NOT NULL, `credential_id` blob NOT NULL, `public_key` blob NOT NULL, `aaguid` blob NOT NULL, `transports` json NULL, `backup_eligible` bool NOT NULL, `sign_count` integer NOT NULL, `created_at` datetime NOT NULL, `last_used_at` datetime NULL, `user_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `passkeys_users_passkeys` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE);
-- Create index "passkeys_credential_id_key" to table: "passkeys"
CREATE UNIQUE INDEX `passkeys_credential_id_key` ON `passkeys` (`credential_id`);
-- Create index "passkey_user_id" to table: "passkeys"
CREATE INDEX `passkey_user_id` ON `passkeys` (`user_id`);
-- Create "used_once" table
CREATE TABLE `used_once` (`id` text NOT NULL, `ends_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create index "usedonce_ends_at" to table: "used_once"
CREATE INDEX `usedonce_ends_at` ON `used_once` (`ends_at`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
