-- Modify "repositories" table
ALTER TABLE "repositories" ADD COLUMN "listed" boolean NOT NULL DEFAULT true;
