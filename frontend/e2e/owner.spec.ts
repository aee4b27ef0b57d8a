import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { makeToken } from "./api";
import { expect, expectAccessible, signIn, test } from "./test";

/** Follows a link to a file; returns what is in it. */
async function file(page: Page, name: string): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name }).click()]);
  return readFile(await download.path(), "utf8");
}

async function setLongestLifetime(page: Page) {
  await page.getByRole("link", { name: "Settings" }).click();
  await expect(page.getByRole("heading", { name: "Settings" })).toBeFocused();
  await expectAccessible(page, "settings");
  await page.getByLabel("Default lifetime").fill("365");
  await page.getByLabel("Longest lifetime").fill("180");
  await page.getByRole("link", { name: "Usage" }).click();
  const ask = page.getByRole("alertdialog", { name: "Leave without saving?" });
  await expect(ask.getByRole("button", { name: "Stay here" })).toBeFocused();
  await expectAccessible(page, "leaving the settings");
  await page.keyboard.press("Enter");
  await expect(ask).toBeHidden();
  const save = page.getByRole("region", { name: "Tokens" }).getByRole("button", { name: "Save" });
  await save.click();
  await expect(page.getByLabel("Default lifetime")).toHaveAccessibleDescription(/longer than the longest one/);
  await expectAccessible(page, "settings, refused");
  await page.getByLabel("Default lifetime").fill("30");
  await save.click();
  await expect(page.getByText("Tokens: saved.")).toBeVisible();
  await expect(page.getByText("Not saved yet.")).toBeHidden();
}

test("the owner bounds lifetimes, and the form for a token keeps to it", async ({ page }) => {
  await signIn(page);
  await setLongestLifetime(page);
  await page.getByRole("link", { name: "Access Tokens" }).click(); // nothing asks: it was saved
  await page.getByRole("button", { name: "Create Token" }).click();
  const dialog = page.getByRole("dialog", { name: "Create Token" });
  await expect(dialog.getByLabel("Expiry")).toHaveValue("30");
  await expect(dialog.getByLabel("Expiry")).toHaveAccessibleDescription(/The owner allows at most 180 days\.$/);
  await expect(dialog.getByRole("option")).toHaveText([
    "7 days",
    "30 days (recommended)",
    "90 days",
    "180 days",
    "Pick a date…",
  ]);
  await dialog.getByLabel("Description").fill("At most");
  await dialog.getByLabel("Expiry").selectOption("180 days");
  await dialog.getByRole("button", { name: "Create", exact: true }).click();
  await expect(page.getByRole("dialog", { name: "Copy your token now" })).toBeVisible();
});

test("a leak that is reported marks its token, and the audit tells it", async ({ page, broker }) => {
  await signIn(page);
  const token = await makeToken(page, "GitLab CI");
  const url = "https://git.example.org/acme/shop/.env";
  const report = await page.request.post("/leaks", { data: { secret: token.secret, url } });
  expect(report.status()).toBe(202);
  await page.goto("/tokens?status=leaked");
  await expect(page.getByRole("row").filter({ hasText: "GitLab CI" })).toContainText("Leaked");
  await expectAccessible(page, "leaked tokens");
  await page.getByRole("link", { name: "GitLab CI" }).click();
  await expect(page.getByText(url)).toBeVisible();
  await expect(page.getByText(/secret.* found in a public place/)).toHaveCount(1); // told once
  await expectAccessible(page, "a leaked token");
  await page.getByRole("link", { name: "Show in Audit" }).click();
  await expect(page.getByRole("heading", { name: "Audit" })).toBeFocused();
  await expect(page).toHaveURL(new RegExp(`/audit\\?target=${token.id}$`));
  await expect(page.getByRole("status").filter({ hasText: /^2 events$/ })).toBeVisible();
  await page.getByLabel("Action").selectOption("Token found in a public place");
  await expect(page.getByRole("status").filter({ hasText: /^1 event$/ })).toBeVisible();
  await page.getByRole("rowheader").getByRole("button").click();
  await expect(page.getByRole("definition").filter({ hasText: url })).toBeVisible();
  const json = await file(page, "JSON Lines");
  expect(JSON.parse(json)).toMatchObject({ action: "token.leak", target: token.id });
  expect(await file(page, "CSV")).toContain("token.leak");
  await page.getByRole("button", { name: "Check the chain" }).click();
  await expect(page.getByText(/^The chain is whole: \d+ events\.$/)).toBeVisible();
  await expectAccessible(page, "audit, one event open");
  await page.getByLabel("Search events").fill("nothing like it");
  await expect(page.getByText("No events match these filters.")).toBeVisible();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expect(page).toHaveURL(`${broker.url}/audit`);
});

test("usage is told for a period, which stands in the address", async ({ page }) => {
  await signIn(page);
  await page.goto("/usage?days=365");
  await expect(page.getByText("Requests a week")).toBeVisible();
  await expect(page.getByRole("button", { name: "365 days" })).toHaveAttribute("aria-pressed", "true");
  await expectAccessible(page, "usage of a year");
  await page.getByRole("button", { name: "30 days" }).click();
  await expect(page).toHaveURL(/\/usage$/);
  expect(await file(page, "CSV")).toMatch(/^\w+(,\w+)+\r?\n/);
  const slider = page.getByRole("slider", { name: "Requests a day: choose a day" });
  await slider.focus();
  await page.keyboard.press("Home");
  await expect(slider).toHaveValue("0");
  await expectAccessible(page, "usage");
});

test("who may only look sees no actions, and is not led to the settings", async ({ page, broker }) => {
  await signIn(page);
  await makeToken(page, "CI");
  await page.context().clearCookies();
  await signIn(page, await broker.makeUser("viewer"));
  await expect(page.getByRole("navigation", { name: "Pages" }).getByRole("link")).toHaveText([
    "Overview",
    "Access Tokens",
    "Repositories",
    "Packages",
    "Versions",
    "Usage",
    "Audit",
  ]);
  await expect(page.locator("a[href^='/settings']")).toHaveCount(0);
  await page.goto("/tokens");
  await expect(page.getByRole("rowheader", { name: "CI" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Create Token" })).toBeHidden();
  await expect(page.getByRole("checkbox")).toHaveCount(0);
  await page.getByRole("link", { name: "CI" }).click();
  await expect(page.getByRole("button", { name: "Copy ID" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Rotate…" })).toBeHidden();
  await page.goto("/settings");
  await expect(page.getByText("You need the Owner role for this.")).toBeVisible();
  await expectAccessible(page, "settings for who may only look");
});
