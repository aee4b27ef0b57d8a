-- Modify "repositories" table
ALTER TABLE "repositories" ADD COLUMN "pack_from" jsonb NULL;
