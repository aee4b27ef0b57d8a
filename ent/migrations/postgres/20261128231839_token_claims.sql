-- Modify "tokens" table
ALTER TABLE "tokens" ADD COLUMN "claim_hash" bytea NULL, ADD COLUMN "claim_days" bigint NULL, ADD COLUMN "claim_ends_at" timestamptz NULL, ADD COLUMN "claimed_at" timestamptz NULL, ADD COLUMN "claimed_by" character varying NULL, ADD COLUMN "claimed_address" character varying NULL, ADD COLUMN "claimed_client" character varying NULL;
-- Create index "token_claim_hash" to table: "tokens"
CREATE UNIQUE INDEX "token_claim_hash" ON "tokens" ("claim_hash");
