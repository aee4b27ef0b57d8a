-- Modify "repositories" table
ALTER TABLE "repositories" ADD COLUMN "listed" boolean NOT NULL DEFAULT true, ADD COLUMN "doubted_lost" bigint NOT NULL DEFAULT 0;
