-- Add column "package_rules" to table: "tokens"
ALTER TABLE `tokens` ADD COLUMN `package_rules` json NULL;
