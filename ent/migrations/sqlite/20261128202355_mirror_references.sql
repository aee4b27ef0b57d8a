-- Add column "mirror_reference" to table: "dists"
ALTER TABLE `dists` ADD COLUMN `mirror_reference` text NOT NULL DEFAULT '';
