-- Modify "sessions" table
ALTER TABLE "sessions" ADD COLUMN "previous_hash" bytea NULL, ADD COLUMN "previous_until" timestamptz NULL, ADD COLUMN "renew" boolean NOT NULL DEFAULT false, ADD COLUMN "method" character varying NOT NULL DEFAULT 'password';
-- Create index "sessions_previous_hash_key" to table: "sessions"
CREATE UNIQUE INDEX "sessions_previous_hash_key" ON "sessions" ("previous_hash");
-- Create "departures" table
CREATE TABLE "departures" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- Create "used_once" table
CREATE TABLE "used_once" ("id" character varying NOT NULL, "ends_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- Create index "usedonce_ends_at" to table: "used_once"
CREATE INDEX "usedonce_ends_at" ON "used_once" ("ends_at");
-- Create "identities" table
CREATE TABLE "identities" ("id" character varying NOT NULL, "issuer" character varying NOT NULL, "subject" character varying NOT NULL, "by_rules" boolean NOT NULL DEFAULT false, "created_at" timestamptz NOT NULL, "last_used_at" timestamptz NOT NULL, "user_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "identities_users_identities" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- Create index "identity_issuer_subject" to table: "identities"
CREATE UNIQUE INDEX "identity_issuer_subject" ON "identities" ("issuer", "subject");
-- Create index "identity_user_id" to table: "identities"
CREATE INDEX "identity_user_id" ON "identities" ("user_id");
-- Create "passkeys" table
CREATE TABLE "passkeys" ("id" character varying NOT NULL, "name" character varying NOT NULL, "credential_id" bytea NOT NULL, "public_key" bytea NOT NULL, "aaguid" bytea NOT NULL, "transports" jsonb NULL, "backup_eligible" boolean NOT NULL, "sign_count" bigint NOT NULL, "created_at" timestamptz NOT NULL, "last_used_at" timestamptz NULL, "user_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "passkeys_users_passkeys" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- Create index "passkey_user_id" to table: "passkeys"
CREATE INDEX "passkey_user_id" ON "passkeys" ("user_id");
-- Create index "passkeys_credential_id_key" to table: "passkeys"
CREATE UNIQUE INDEX "passkeys_credential_id_key" ON "passkeys" ("credential_id");
