// Writes packed twins of the built files beside them; the server sends them as they are.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

for (const f of readdirSync("dist", { recursive: true, withFileTypes: true })) {
  if (!f.isFile() || !/\.(js|css|svg)$/.test(f.name)) continue;
  const path = join(f.parentPath, f.name);
  const bytes = readFileSync(path);
  if (bytes.length < 500) continue;
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
}
