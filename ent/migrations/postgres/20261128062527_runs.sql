-- Modify "sync_runs" table
ALTER TABLE "sync_runs" ALTER COLUMN "attempt" SET DEFAULT 0, ADD COLUMN "worker" character varying NOT NULL DEFAULT '';
