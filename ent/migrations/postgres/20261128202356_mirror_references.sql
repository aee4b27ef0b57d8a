-- Modify "dists" table
ALTER TABLE "dists" ADD COLUMN "mirror_reference" character varying NOT NULL DEFAULT '';
