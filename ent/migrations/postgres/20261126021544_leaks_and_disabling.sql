-- Modify "token_secrets" table
ALTER TABLE "token_secrets" ADD COLUMN "leaked_at" timestamptz NULL;
-- Modify "tokens" table
ALTER TABLE "tokens" ADD COLUMN "disabled_by_token" character varying NULL, ADD COLUMN "leaked_until" timestamptz NULL;
-- Create index "token_external_id_all" to table: "tokens"
CREATE INDEX "token_external_id_all" ON "tokens" ("external_id");
