-- Add column "paths" to table: "repositories"
ALTER TABLE `repositories` ADD COLUMN `paths` json NULL;
-- Add column "known_hosts" to table: "repositories"
ALTER TABLE `repositories` ADD COLUMN `known_hosts` text NULL;
-- Add column "source_state" to table: "repositories"
ALTER TABLE `repositories` ADD COLUMN `source_state` text NULL;
