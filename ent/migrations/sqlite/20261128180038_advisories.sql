-- Add column "advisories_at" to table: "repositories"
ALTER TABLE `repositories` ADD COLUMN `advisories_at` datetime NULL;
-- Create "advisories" table
CREATE TABLE `advisories` (`id` text NOT NULL, `package` text NOT NULL, `advisory_id` text NOT NULL, `affected_versions` text NOT NULL, `title` text NOT NULL, `cve` text NULL, `link` text NULL, `severity` text NULL, `reported_at` datetime NOT NULL, `source` text NOT NULL, `remote_id` text NOT NULL, `updated_at` datetime NOT NULL, `repository_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `advisories_repositories_advisories` FOREIGN KEY (`repository_id`) REFERENCES `repositories` (`id`) ON DELETE CASCADE);
-- Create index "advisory_repository_id_package_advisory_id" to table: "advisories"
CREATE UNIQUE INDEX `advisory_repository_id_package_advisory_id` ON `advisories` (`repository_id`, `package`, `advisory_id`);
