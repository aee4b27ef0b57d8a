-- Add column "again" to table: "sync_runs"
ALTER TABLE `sync_runs` ADD COLUMN `again` bool NULL;
-- Add column "webhook_secret" to table: "repositories"
ALTER TABLE `repositories` ADD COLUMN `webhook_secret` blob NULL;
-- Add column "webhook_secret_at" to table: "repositories"
ALTER TABLE `repositories` ADD COLUMN `webhook_secret_at` datetime NULL;
-- Add column "webhook_received_at" to table: "repositories"
ALTER TABLE `repositories` ADD COLUMN `webhook_received_at` datetime NULL;
-- Add column "webhook_outcome" to table: "repositories"
ALTER TABLE `repositories` ADD COLUMN `webhook_outcome` text NULL;
-- Add column "webhook_push_at" to table: "repositories"
ALTER TABLE `repositories` ADD COLUMN `webhook_push_at` datetime NULL;
