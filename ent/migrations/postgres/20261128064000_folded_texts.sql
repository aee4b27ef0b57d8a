-- Modify "audit_events" table
ALTER TABLE "audit_events" ADD COLUMN "search_text" text NOT NULL DEFAULT '';
-- Modify "packages" table
ALTER TABLE "packages" ADD COLUMN "description_folded" text NOT NULL DEFAULT '';
-- Modify "repositories" table
ALTER TABLE "repositories" ADD COLUMN "url_folded" text NOT NULL DEFAULT '';
-- Modify "tokens" table
ALTER TABLE "tokens" ADD COLUMN "description_folded" text NOT NULL DEFAULT '', ADD COLUMN "search_text" text NOT NULL DEFAULT '';
