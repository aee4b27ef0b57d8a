-- Modify "packages" table
ALTER TABLE "packages" ADD COLUMN "removed_repository_id" character varying NULL;
-- Create "claims" table
CREATE TABLE "claims" ("id" character varying NOT NULL, "pattern" character varying NOT NULL, "closed_at" timestamptz NULL, "removed_repository_id" character varying NULL, "created_at" timestamptz NOT NULL, "repository_id" character varying NULL, PRIMARY KEY ("id"), CONSTRAINT "claims_repositories_claims" FOREIGN KEY ("repository_id") REFERENCES "repositories" ("id") ON UPDATE NO ACTION ON DELETE SET NULL);
-- Create index "claim_pattern" to table: "claims"
CREATE INDEX "claim_pattern" ON "claims" ("pattern");
-- Create index "claim_repository_id_pattern" to table: "claims"
CREATE UNIQUE INDEX "claim_repository_id_pattern" ON "claims" ("repository_id", "pattern");
-- What repositories own are claims of theirs.
INSERT INTO "claims" ("id", "pattern", "repository_id", "created_at") SELECT 'claim_' || substr(md5(r."id" || ' ' || o."value"), 1, 26), o."value", r."id", now() FROM "repositories" r, jsonb_array_elements_text(CASE jsonb_typeof(r."owns") WHEN 'array' THEN r."owns" ELSE '[]' END) o("value") ON CONFLICT DO NOTHING;
-- Modify "repositories" table
ALTER TABLE "repositories" DROP COLUMN "owns";
