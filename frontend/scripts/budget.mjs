// Fails when the built dashboard is larger than agreed. Sizes are gzipped, in KB.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";

const size = (path) => gzipSync(readFileSync(path), { level: 9 }).length / 1000;
const assets = readdirSync("dist/assets").filter((f) => /\.(js|css)$/.test(f));
const js = assets.filter((f) => f.endsWith(".js")).map((f) => ({ f, kb: size(`dist/assets/${f}`) }));
const css = assets.filter((f) => f.endsWith(".css")).map((f) => ({ f, kb: size(`dist/assets/${f}`) }));
const html = readFileSync("dist/index.html", "utf8");
const first = js.filter(({ f }) => html.includes(f));
const sum = (list) => list.reduce((total, { kb }) => total + kb, 0);
const limits = [
  ["JavaScript of the first page", sum(first), 150],
  ["largest other chunk", Math.max(...js.filter((c) => !first.includes(c)).map((c) => c.kb)), 60],
  ["all JavaScript", sum(js), 350],
  ["CSS", sum(css), 12],
  ["index.html", statSync("dist/index.html").size / 1000, 2],
];
let over = false;
for (const [what, kb, limit] of limits) {
  console.log(`${kb > limit ? "OVER " : "ok   "} ${what}: ${kb.toFixed(1)} KB of ${limit} KB`);
  over ||= kb > limit;
}
if (over || /<script>|style=/.test(html)) process.exit(1);
