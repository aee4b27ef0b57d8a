// Writes src/gql: the types of the operations in src, from the schema of the server.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { preset } from "@graphql-codegen/client-preset";
import { codegen } from "@graphql-codegen/core";
import { buildSchema, parse, Source } from "graphql";

const files = (dir, pick) =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((f) => f.isFile() && pick(f.name))
    .map((f) => join(f.parentPath, f.name))
    .sort();

const sdl = files("../graph", (n) => n.endsWith(".graphqls"))
  .map((f) => readFileSync(f, "utf8"))
  .join("\n");
const documents = files("src", (n) => n.endsWith(".graphql")).map((location) => {
  const rawSDL = readFileSync(location, "utf8");
  return { location, rawSDL, document: parse(new Source(rawSDL, location)) };
});

const outputs = await preset.buildGeneratesSection({
  baseOutputDir: "src/gql/",
  schema: parse(sdl),
  schemaAst: buildSchema(sdl),
  documents,
  config: {
    documentMode: "string",
    useTypeImports: true,
    enumsAsTypes: true,
    scalars: { Time: "string", Cursor: "string", Long: "number", ID: "string" },
  },
  presetConfig: { fragmentMasking: false },
  plugins: [],
  pluginMap: {},
});
mkdirSync("src/gql", { recursive: true });
for (const output of outputs) {
  writeFileSync(output.filename, await codegen(output));
}
