-- Modify "repositories" table
ALTER TABLE "repositories" ADD COLUMN "webhook_secret" bytea NULL, ADD COLUMN "webhook_secret_at" timestamptz NULL, ADD COLUMN "webhook_received_at" timestamptz NULL, ADD COLUMN "webhook_outcome" character varying NULL, ADD COLUMN "webhook_push_at" timestamptz NULL;
-- Modify "sync_runs" table
ALTER TABLE "sync_runs" ADD COLUMN "again" boolean NULL;
