import { defineConfig } from "@playwright/test";

const quiet = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--js-flags=--no-opt --no-maglev --single-threaded", // no script runs long enough to be worth optimizing
];

/**
 * The browser tests run the real server: see e2e/server.ts. Chromium's headless shell computes a third less than Chromium
 * itself, which CHROMIUM=/usr/bin/chromium has them use.
 */
export default defineConfig({
  testDir: "e2e",
  globalSetup: "./e2e/build.ts",
  outputDir: "test-results",
  workers: 2,
  fullyParallel: true,
  forbidOnly: true,
  // A busy machine may be slow once; what fails twice is broken, and what passed the second time is listed as flaky.
  retries: process.env.CI ? 1 : 0,
  timeout: 120_000,
  globalTimeout: 1_500_000, // on a busy machine ten minutes were not enough
  reporter: "list",
  expect: { timeout: 10_000 },
  use: {
    browserName: "chromium",
    actionTimeout: 10_000,
    contextOptions: { reducedMotion: "reduce" },
    permissions: ["clipboard-read", "clipboard-write"],
    trace: "off",
    launchOptions: { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium-headless-shell", args: quiet },
  },
});
