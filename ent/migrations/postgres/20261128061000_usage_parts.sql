-- Create "usage_parts" table
CREATE TABLE "usage_parts" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, PRIMARY KEY ("id"));

-- Drop "root_documents" table
DROP TABLE "root_documents";
