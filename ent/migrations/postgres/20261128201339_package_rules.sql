-- Modify "tokens" table
ALTER TABLE "tokens" ADD COLUMN "package_rules" jsonb NULL;
