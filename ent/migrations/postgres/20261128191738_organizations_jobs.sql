-- Modify "organizations" table
ALTER TABLE "organizations" ADD COLUMN "place" character varying NULL, ADD COLUMN "wait_until" timestamptz NULL;
-- Create index "organizations_place_key" to table: "organizations"
CREATE UNIQUE INDEX "organizations_place_key" ON "organizations" ("place");
-- Modify "repositories" table
ALTER TABLE "repositories" ADD COLUMN "adopted" boolean NOT NULL DEFAULT false;
-- Modify "sync_runs" table
ALTER TABLE "sync_runs" ADD COLUMN "job" bigint NULL, ADD COLUMN "versions_changed" bigint NOT NULL DEFAULT 0, ADD COLUMN "archives_ahead" bigint NOT NULL DEFAULT 0;
-- Hosts tell no acme from Acme. Where there are both, the first of them keeps the place, and the other one stays.
UPDATE organizations SET place = lower(host || ' ' || url || ' ' || name)
  WHERE id IN (SELECT min(id) FROM organizations GROUP BY lower(host || ' ' || url || ' ' || name));
-- What no organization added was added by a person before; so was what nothing tells of any more.
UPDATE repositories SET adopted = true WHERE organization_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM audit_events
  WHERE action = 'repository.create' AND target = repositories.id AND details LIKE '%"organization":"%');
