-- Create "usage_parts" table
CREATE TABLE `usage_parts` (`id` text NOT NULL, `created_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Drop "root_documents" table
DROP TABLE `root_documents`;
