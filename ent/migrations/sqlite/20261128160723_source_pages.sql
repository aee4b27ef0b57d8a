-- Add column "credential_expires_at" to table: "repositories"
ALTER TABLE `repositories` ADD COLUMN `credential_expires_at` datetime NULL;
-- Create "requirements" table
CREATE TABLE `requirements` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `name` text NOT NULL, `package_id` text NOT NULL, CONSTRAINT `requirements_packages_requirements` FOREIGN KEY (`package_id`) REFERENCES `packages` (`id`) ON DELETE CASCADE);
-- Create index "requirement_package_id_name" to table: "requirements"
CREATE UNIQUE INDEX `requirement_package_id_name` ON `requirements` (`package_id`, `name`);
-- Create index "requirement_name_package_id" to table: "requirements"
CREATE INDEX `requirement_name_package_id` ON `requirements` (`name`, `package_id`);
