import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test as base, expect, type Page } from "@playwright/test";
import type { default as Axe, RunOptions } from "axe-core";
import { type Provider, startProvider } from "./provider";
import { type Broker, owner, startBroker } from "./server";

export { expect } from "@playwright/test";

declare global {
  interface Window {
    axe: typeof Axe;
  }
}

type Fixtures = {
  /** Whether the server has an owner when it starts. */
  withOwner: boolean;
  /** The name that the server is opened by; passkeys need one that is no address. */
  host: string;
  /** A sign-in service beside the server, at which everybody who comes is signed in already; null: none. */
  provider: Provider | null;
  withProvider: boolean;
  broker: Broker;
  /** What the browser complained of; a test fails when it is not empty. */
  complaints: string[];
};

/** A test with a server of its own, in a browser that may not complain of anything. */
export const test = base.extend<Fixtures>({
  withOwner: [true, { option: true }],
  host: ["127.0.0.1", { option: true }],
  withProvider: [false, { option: true }],
  provider: async ({ withProvider }, use) => {
    const provider = withProvider ? await startProvider() : null;
    await use(provider);
    await provider?.stop();
  },
  broker: async ({ withOwner, host, provider }, use) => {
    const broker = await startBroker(withOwner, host, provider?.settings);
    await use(broker);
    await broker.stop();
  },
  baseURL: async ({ broker }, use) => use(broker.url),
  complaints: [
    async ({ page, broker, provider }, use) => {
      const complaints: string[] = [];
      await page.addInitScript(() => {
        document.addEventListener("securitypolicyviolation", (event) =>
          console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
        );
      });
      page.on("pageerror", (error) => complaints.push(`page error: ${error.stack ?? error}`));
      page.on("console", (message) => {
        if (message.type() !== "error" && message.type() !== "warning") return;
        const document = message.location().url === page.url();
        if (document && message.text().includes("404 (Not Found)")) return; // an address that is no page's
        complaints.push(`${message.type()}: ${message.text()}`);
      });
      page.on("request", (request) => {
        const ours = [broker.url, provider?.url].some((url) => url && request.url().startsWith(url));
        if (!ours) complaints.push(`request to another server: ${request.url()}`);
      });
      await use(complaints);
      expect(complaints, "what the browser complained of").toEqual([]);
    },
    { auto: true },
  ],
});

const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** The rules whose outcome depends on the theme: it changes colours and nothing else. */
const colourRules = ["color-contrast", "link-in-text-block"];

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Expects that axe finds nothing on the page as it stands, in the light and in the dark theme. */
export async function expectAccessible(page: Page, what: string) {
  const wasDark = await setDark(page, false);
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(`${axe};0`);
  for (const dark of [false, true]) {
    await setDark(page, dark);
    const runOnly: RunOptions["runOnly"] = dark ? colourRules : { type: "tag", values: rules };
    const found = await page.evaluate(async (runOnly) => {
      const { violations } = await window.axe.run({ runOnly, resultTypes: ["violations"] });
      return violations.map((v) => ({ rule: v.id, nodes: v.nodes.map((n) => `${n.html} ${n.failureSummary}`) }));
    }, runOnly);
    expect(found, `${what}, ${dark ? "dark" : "light"}`).toEqual([]);
  }
  await setDark(page, wasDark);
}

/** Sets the theme, which is in force at once: the browser wants no motion, so that nothing may move. Tells which it was. */
function setDark(page: Page, dark: boolean): Promise<boolean> {
  return page.evaluate((wanted) => {
    const { classList } = document.documentElement;
    const was = classList.contains("dark");
    classList.toggle("dark", wanted);
    if (document.getAnimations().length > 0) throw new Error("something moves, although the reader wants no motion");
    return was;
  }, dark);
}

/** Expects that the page scrolls down only. */
export async function expectToFit(page: Page, what: string) {
  const [wide, window] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  expect(wide, `${what} is as wide as the window`).toBe(window);
}

/** The same at the widths of a desktop, of a phone, and of a page that is enlarged fourfold. */
export async function expectToFitEverywhere(page: Page, what: string) {
  for (const width of [1280, 375, 320]) {
    await page.setViewportSize({ width, height: 800 });
    await expectToFit(page, `${what}, ${width} pixels`);
  }
}

/** Signs a person in, the owner unless another one is named, and waits for the overview. */
export async function signIn(page: Page, email = owner.email) {
  await page.goto("/login");
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(owner.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
}

/** Expects a text nowhere: not in the page, its fields, its address, its history or what the browser keeps. */
export async function expectNowhere(page: Page, secret: string) {
  const places = await page.evaluate(() => ({
    page: document.documentElement.outerHTML,
    fields: [...document.querySelectorAll("input, textarea")].map((field) => (field as HTMLInputElement).value),
    address: location.href,
    history: history.state,
    kept: [{ ...localStorage }, { ...sessionStorage }, document.cookie],
  }));
  expect(JSON.stringify(places).includes(secret), "the secret is still somewhere").toBe(false);
}

/** What the server answers to a request with a token. */
export async function health(page: Page, broker: Broker, secret: string) {
  const answer = await page.request.get(`${broker.url}/health`, {
    headers: { Authorization: `Basic ${Buffer.from(`token:${secret}`).toString("base64")}` },
  });
  return { status: answer.status(), body: await answer.json() };
}
