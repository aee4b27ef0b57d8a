-- Add column "leaked_at" to table: "token_secrets"
ALTER TABLE `token_secrets` ADD COLUMN `leaked_at` datetime NULL;
-- Add column "disabled_by_token" to table: "tokens"
ALTER TABLE `tokens` ADD COLUMN `disabled_by_token` text NULL;
-- Add column "leaked_until" to table: "tokens"
ALTER TABLE `tokens` ADD COLUMN `leaked_until` datetime NULL;
-- Create index "token_external_id_all" to table: "tokens"
CREATE INDEX `token_external_id_all` ON `tokens` (`external_id`);
