// Fails when the built dashboard is larger than agreed. Sizes are gzipped, in KB.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";

const text = (file) => readFileSync(`dist/assets/${file}`, "utf8");
const size = (file) => gzipSync(readFileSync(`dist/assets/${file}`), { level: 9 }).length / 1000;
const sum = (files) => [...files].reduce((total, file) => total + size(file), 0);
const assets = readdirSync("dist/assets");
const scripts = assets.filter((file) => file.endsWith(".js"));
const html = readFileSync("dist/index.html", "utf8");

/** The scripts that must be there before one of these runs: themselves, and what they import at once. */
function withImports(files, found = new Set()) {
  for (const file of files) {
    if (found.has(file)) continue;
    found.add(file);
    withImports(
      [...text(file).matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)].map(([, name]) => name),
      found,
    );
  }
  return found;
}

/** The scripts of a route, by its file's name; it is an error when there are none, as the name must have changed. */
function chunksOf(route) {
  const own = scripts.filter((file) => file.startsWith(`${route}-`));
  if (own.length === 0) throw new Error(`no script is named after the route ${route}`);
  return own;
}

const first = withImports(scripts.filter((file) => html.includes(file)));
const frame = chunksOf("_app");
const pages = readdirSync("src/routes/_app").map((file) => file.replace(".tsx", "").replaceAll("$", "_"));
const firstLoad = (page) => sum(withImports([...first, ...frame, ...chunksOf(page)]));
const outside = (page) => sum(withImports([...first, ...chunksOf(page)]));
const limits = [
  ["JavaScript of every page", sum(first), 135],
  ["first load of Access Tokens", firstLoad("tokens.index"), 150],
  ["first load of the largest page", Math.max(...pages.map(firstLoad)), 150],
  ["first load of the pages for token holders", Math.max(...["access", "claim"].map(outside)), 150],
  ["largest other chunk", Math.max(...scripts.filter((file) => !first.has(file)).map(size)), 60],
  ["all JavaScript", sum(scripts), 350],
  ["CSS", sum(assets.filter((file) => file.endsWith(".css"))), 12],
  ["index.html", statSync("dist/index.html").size / 1000, 2],
];
let over = false;
for (const [what, kb, limit] of limits) {
  console.log(`${kb > limit ? "OVER " : "ok   "} ${what}: ${kb.toFixed(1)} KB of ${limit} KB`);
  over ||= kb > limit;
}
if (over || /<script>|style=/.test(html)) process.exit(1);
