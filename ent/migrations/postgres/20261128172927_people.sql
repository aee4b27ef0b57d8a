-- Modify "users" table
ALTER TABLE "users" ADD COLUMN "invitation_hash" bytea NULL, ADD COLUMN "invitation_ends_at" timestamptz NULL, ADD COLUMN "totp_secret" bytea NULL, ADD COLUMN "totp_enabled_at" timestamptz NULL, ADD COLUMN "totp_last_step" bigint NOT NULL DEFAULT 0, ADD COLUMN "recovery_codes" bytea NULL;
-- Create index "users_invitation_hash_key" to table: "users"
CREATE UNIQUE INDEX "users_invitation_hash_key" ON "users" ("invitation_hash");
-- Create index "users_by_email" to table: "users"
CREATE INDEX "users_by_email" ON "users" ("email" COLLATE "C", "id" COLLATE "C");
