/// <reference types="vitest/config" />
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import { tanstackRouter } from "@tanstack/router-plugin/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** What every page needs, in few files: else each small module that two pages share would be a file of its own. */
const shared = [
  { name: "vendor", test: /node_modules\/(react|react-dom|scheduler|@tanstack)\// },
  { name: "shared", test: /src\/(lib|gql)\// },
];

// For browsers, this package has the browser read entities as HTML, which the content security policy forbids.
const entities = "decode-named-character-reference";
const alias = { [entities]: fileURLToPath(new URL(`node_modules/${entities}/index.js`, import.meta.url)) };

/** The server that the dashboard asks while it is worked on. */
const server = process.env.BROKER_URL ?? "http://localhost:8080";

export default defineConfig({
  resolve: { alias },
  plugins: [tanstackRouter({ target: "react", autoCodeSplitting: true }), react(), tailwindcss()],
  build: {
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2023",
    rolldownOptions: { output: { codeSplitting: { groups: shared } } },
  },
  server: { proxy: { "/graphql": server, "/health": server } },
  test: {
    testTimeout: 30_000,
    // The files of tests share what they import and the document, in an order that changes: half the time goes into
    // either otherwise. So none may mock a module; see test/api.tsx for what stands in for the server.
    isolate: false,
    pool: "threads",
    sequence: { shuffle: true },
    projects: [
      { extends: true, test: { name: "logic", environment: "node", include: ["src/**/*.test.ts"] } },
      {
        extends: true,
        test: { name: "parts", environment: "jsdom", include: ["src/**/*.test.tsx"], setupFiles: ["test/setup.ts"] },
      },
    ],
  },
});
