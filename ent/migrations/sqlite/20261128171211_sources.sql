-- Add column "pack_from" to table: "repositories"
ALTER TABLE `repositories` ADD COLUMN `pack_from` json NULL;
