-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_users" table
CREATE TABLE `new_users` (`id` text NOT NULL, `email` text NOT NULL, `name` text NULL, `role` text NOT NULL, `password_hash` text NOT NULL, `invitation_hash` blob NULL, `invitation_ends_at` datetime NULL, `totp_secret` blob NULL, `totp_enabled_at` datetime NULL, `totp_last_step` integer NOT NULL DEFAULT (0), `recovery_codes` blob NULL, `last_sign_in_at` datetime NULL, `created_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Copy rows from old table "users" to new temporary table "new_users"
INSERT INTO `new_users` (`id`, `email`, `name`, `role`, `password_hash`, `last_sign_in_at`, `created_at`) SELECT `id`, `email`, `name`, `role`, `password_hash`, `last_sign_in_at`, `created_at` FROM `users`;
-- Drop "users" table after copying rows
DROP TABLE `users`;
-- Rename temporary table "new_users" to "users"
ALTER TABLE `new_users` RENAME TO `users`;
-- Create index "users_email_key" to table: "users"
CREATE UNIQUE INDEX `users_email_key` ON `users` (`email`);
-- Create index "users_invitation_hash_key" to table: "users"
CREATE UNIQUE INDEX `users_invitation_hash_key` ON `users` (`invitation_hash`);
-- Create index "users_by_email" to table: "users"
CREATE INDEX `users_by_email` ON `users` (`email`, `id`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
