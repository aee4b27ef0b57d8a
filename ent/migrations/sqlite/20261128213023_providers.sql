-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_requirements" table
CREATE TABLE `new_requirements` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `name` text NOT NULL, `provided` bool NOT NULL DEFAULT (false), `package_id` text NOT NULL, CONSTRAINT `requirements_packages_requirements` FOREIGN KEY (`package_id`) REFERENCES `packages` (`id`) ON DELETE CASCADE);
-- Copy rows from old table "requirements" to new temporary table "new_requirements"
INSERT INTO `new_requirements` (`id`, `name`, `package_id`) SELECT `id`, `name`, `package_id` FROM `requirements`;
-- Drop "requirements" table after copying rows
DROP TABLE `requirements`;
-- Rename temporary table "new_requirements" to "requirements"
ALTER TABLE `new_requirements` RENAME TO `requirements`;
-- Create index "requirement_package_id_name_provided" to table: "requirements"
CREATE UNIQUE INDEX `requirement_package_id_name_provided` ON `requirements` (`package_id`, `name`, `provided`);
-- Create index "requirement_name_package_id" to table: "requirements"
CREATE INDEX `requirement_name_package_id` ON `requirements` (`name`, `package_id`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
