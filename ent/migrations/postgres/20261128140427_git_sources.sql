-- Modify "repositories" table
ALTER TABLE "repositories" ADD COLUMN "paths" jsonb NULL, ADD COLUMN "known_hosts" character varying NULL, ADD COLUMN "source_state" character varying NULL;
