-- Add columns "description_folded" and "search_text" to table: "tokens"
ALTER TABLE `tokens` ADD COLUMN `description_folded` text NOT NULL DEFAULT '';
ALTER TABLE `tokens` ADD COLUMN `search_text` text NOT NULL DEFAULT '';
-- Add column "description_folded" to table: "packages"
ALTER TABLE `packages` ADD COLUMN `description_folded` text NOT NULL DEFAULT '';
-- Add column "url_folded" to table: "repositories"
ALTER TABLE `repositories` ADD COLUMN `url_folded` text NOT NULL DEFAULT '';
-- Add column "search_text" to table: "audit_events"
ALTER TABLE `audit_events` ADD COLUMN `search_text` text NOT NULL DEFAULT '';
