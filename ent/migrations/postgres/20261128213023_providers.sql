-- Drop index "requirement_package_id_name" from table: "requirements"
DROP INDEX "requirement_package_id_name";
-- Modify "requirements" table
ALTER TABLE "requirements" ADD COLUMN "provided" boolean NOT NULL DEFAULT false;
-- Create index "requirement_package_id_name_provided" to table: "requirements"
CREATE UNIQUE INDEX "requirement_package_id_name_provided" ON "requirements" ("package_id", "name", "provided");
