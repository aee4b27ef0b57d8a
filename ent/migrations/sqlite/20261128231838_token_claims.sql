-- Add columns to table: "tokens", which is not written anew for them
ALTER TABLE `tokens` ADD COLUMN `claim_hash` blob NULL;
ALTER TABLE `tokens` ADD COLUMN `claim_days` integer NULL;
ALTER TABLE `tokens` ADD COLUMN `claim_ends_at` datetime NULL;
ALTER TABLE `tokens` ADD COLUMN `claimed_at` datetime NULL;
ALTER TABLE `tokens` ADD COLUMN `claimed_by` text NULL;
ALTER TABLE `tokens` ADD COLUMN `claimed_address` text NULL;
ALTER TABLE `tokens` ADD COLUMN `claimed_client` text NULL;
-- Create index "token_claim_hash" to table: "tokens"
CREATE UNIQUE INDEX `token_claim_hash` ON `tokens` (`claim_hash`);
