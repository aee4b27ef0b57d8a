import type { Page } from "@playwright/test";
import { api, download, makeToken, mirror } from "./api";
import { expect, expectAccessible, expectNowhere, expectToFitEverywhere, health, signIn, test } from "./test";

/** Reads the page again until a text is there: usage is written every few seconds. */
async function reloadUntil(page: Page, text: string | RegExp) {
  await expect(async () => {
    await page.reload();
    await expect(page.getByText(text).first()).toBeVisible({ timeout: 2_000 });
  }).toPass({ timeout: 30_000 });
}

/** Rotates the token whose page is open; returns the new secret. */
async function rotate(page: Page, keeps: string): Promise<string> {
  await page.getByRole("button", { name: "Rotate…" }).click();
  const dialog = page.getByRole("dialog", { name: "Rotate token" });
  await expect(dialog.getByLabel("Old token keeps working for")).toHaveValue("86400");
  await dialog.getByLabel("Old token keeps working for").selectOption(keeps);
  await dialog.getByRole("button", { name: "Rotate token" }).click();
  const reveal = page.getByRole("dialog", { name: "Copy your new token now" });
  await reveal.getByRole("button", { name: "Copy the token" }).click();
  await expect(reveal.getByText("Copied.")).toBeAttached();
  const secret = await page.evaluate(() => navigator.clipboard.readText());
  await page.evaluate(() => navigator.clipboard.writeText(""));
  await expectAccessible(page, "the new token of a rotation");
  await reveal.getByRole("button", { name: "Done" }).click();
  await expect(reveal).toBeHidden();
  await expectNowhere(page, secret);
  return secret;
}

async function confirm(page: Page, title: string | RegExp, action: string) {
  const ask = page.getByRole("alertdialog", { name: title });
  await ask.getByRole("button", { name: action }).click();
  await expect(ask).toBeHidden();
}

test("a token is rotated while it is used, and the page tells who still uses the old secret", async ({
  page,
  broker,
}) => {
  await signIn(page);
  await mirror(page, broker);
  const token = await makeToken(page, "Jenkins deploy");
  const version = await download(page, token.secret, "globex/cache");
  await page.goto(`/tokens/${token.id}`);
  await expect(page.getByRole("heading", { name: "Jenkins deploy" })).toBeFocused();
  await reloadUntil(page, "Who uses it: 1 address"); // read before the downloads below: a page may straddle a flush
  await reloadUntil(page, "globex/cache");
  await expect(page.getByText(/^[1-9]\d* of 1,000 requests this hour$/)).toBeVisible();
  await page.getByText("Who uses it: 1 address").click();
  await expect(page.getByRole("rowheader", { name: /^127\.0\.0\.1/ }).first()).toBeVisible();
  await page.getByText("Show table").click();
  await expectAccessible(page, "a token");
  const csv = await page.request.get((await page.getByRole("link", { name: "CSV" }).getAttribute("href")) ?? "");
  expect(await csv.text()).toContain("globex/cache");

  const fresh = await rotate(page, "1 hour");
  await expect(page.getByText("Nobody has used the old secret since the rotation began.")).toBeVisible();
  for (const secret of [token.secret, fresh]) expect((await health(page, broker, secret)).status).toBe(200);
  await download(page, token.secret, "globex/cache");
  await reloadUntil(page, "1 address still uses the old secret.");
  await expect(page.getByRole("button", { name: /^Rotate…/ })).toHaveAttribute("aria-disabled", "true");
  await expectAccessible(page, "a token that is being rotated");
  await page.getByRole("button", { name: "End now" }).click();
  await expectAccessible(page, "ending a rotation");
  await confirm(page, "End the old secret now?", "End now");
  await expect(page.getByRole("heading", { name: "Secret in force" })).toBeVisible();
  expect(await health(page, broker, token.secret)).toMatchObject({ status: 401, body: { error: "SECRET_REPLACED" } });

  const lost = await rotate(page, "7 days");
  await page.getByRole("button", { name: "Take back" }).click();
  await confirm(page, "Take the rotation back?", "Take back");
  await expect(page.getByRole("heading", { name: "Secret in force" })).toBeVisible();
  expect((await health(page, broker, lost)).status).toBe(401);
  expect((await health(page, broker, fresh)).status).toBe(200);

  await page.getByRole("button", { name: "7 days" }).click();
  await expect(page).toHaveURL(/\?days=7$/);
  await page.getByRole("link", { name: "globex/cache" }).first().click();
  await page.getByRole("link", { name: new RegExp(`who downloaded ${version}`) }).click();
  await expect(page).toHaveURL(/who=.*#who$/);
  await expect(page.getByLabel("Downloaded version")).toHaveValue(version);
  await expect(page.getByText(`1 token downloaded version ${version}.`)).toBeVisible();
  await expectAccessible(page, "who downloaded a package");
  await page.getByRole("link", { name: "Jenkins deploy" }).first().click();
  await expect(page.getByRole("heading", { name: "Jenkins deploy" })).toBeFocused();
});

/** Gives the token whose page is open a rule for acme/*, after one that the server refuses. */
async function narrow(page: Page, wrong: string, versions: string, before: string) {
  await page.getByRole("button", { name: "Edit" }).click();
  const dialog = page.getByRole("dialog", { name: "Edit token" });
  await dialog.getByRole("button", { name: "Add a rule" }).click();
  const rule = dialog.getByRole("group", { name: "Rule 1" });
  await expect(rule.getByLabel("Pattern")).toBeFocused();
  await page.keyboard.type("acme/*");
  await page.keyboard.press("Tab");
  await page.keyboard.type(wrong);
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(rule.getByLabel("Versions")).toBeFocused();
  await expect(rule.getByLabel("Versions")).toHaveAccessibleDescription(/^The versions of the rule for acme\/\*: /);
  await expectAccessible(page, "a package rule that is refused");
  await rule.getByLabel("Versions").fill(versions);
  await rule.getByLabel("Released before").fill(before);
  await expectToFitEverywhere(page, "package rules");
  await page.setViewportSize({ width: 1280, height: 720 });
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toBeHidden();
}

/** Asks on a token's page why it gets a version; returns the panel with the answer. */
async function explain(page: Page, name: string, version: string) {
  const panel = page.getByRole("region", { name: "Explain" });
  await panel.getByLabel("Package").fill(name);
  await panel.getByLabel("Version").fill(version);
  await page.keyboard.press("Enter");
  await expect(panel.getByRole("status")).toContainText(`${name} ${version}.`);
  return panel;
}

test("a token is narrowed, disabled, enabled and deleted on its page, which tells why", async ({ page, broker }) => {
  await signIn(page);
  await mirror(page, broker);
  const { id, secret } = await makeToken(page, "Docker builds");
  await page.goto("/tokens");
  await page
    .getByRole("row", { name: /Docker builds/ })
    .getByText("Read-only")
    .click(); // the row opens the page
  await expect(page).toHaveURL(new RegExp(`/tokens/${id}$`));
  await narrow(page, "^x", "^1.0", "2023-06-01");
  const sentence = "Only versions ^1.0 of acme/* that were released before Jun 1, 2023 (UTC).";
  await expect(page.getByText(sentence)).toBeVisible();
  const panel = await explain(page, "acme/lib", "1.2.0");
  await expect(panel.getByRole("listitem").filter({ hasText: "Decides" })).toContainText(/package rule.*\^1\.0/);
  await expect(page).toHaveURL(/\?explain=/);
  await expectAccessible(page, "a decision explained");
  await expectToFitEverywhere(page, "a decision explained");
  await page.setViewportSize({ width: 1280, height: 720 });
  await panel.getByRole("link", { name: "acme/lib 1.2.0" }).click();
  await expect(page).toHaveURL(/\/packages\/acme\/lib\?v=1\.2\.0$/);
  await page.goBack();
  await expect(panel.getByText("Not allowed")).toBeVisible();

  await page.getByRole("button", { name: "Disable…" }).click();
  await page.getByLabel("Reason (optional)").fill("Not needed in winter.");
  await expectAccessible(page, "disabling a token");
  await confirm(page, "Disable “Docker builds”?", "Disable token");
  await expect(page.getByText(/^Disabled .*Not needed in winter\.$/)).toBeVisible();
  expect((await health(page, broker, secret)).status).toBe(403);
  await expectAccessible(page, "a disabled token");
  await page.getByRole("button", { name: "Enable", exact: true }).click();
  await expect(page.getByText("Active", { exact: true })).toBeVisible();
  expect((await health(page, broker, secret)).status).toBe(200);
  await page.getByRole("button", { name: "Delete" }).click();
  await confirm(page, "Delete “Docker builds”?", "Delete token");
  await expect(page.getByText(/^Revoked .* by owner@example\.org/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Edit" })).toBeHidden();
  const events = page.getByRole("region", { name: "What was done to it" });
  await expect(events.getByRole("cell", { name: /^Token / })).toHaveText([
    "Token revoked",
    "Token enabled",
    "Token disabled",
    "Token changed",
    "Token created",
  ]);
  await events
    .getByRole("row", { name: /Token changed/ })
    .getByRole("button")
    .click();
  await expect(events.getByText(sentence)).toBeVisible();
  await expectAccessible(page, "a revoked token");

  await page.context().clearCookies();
  await signIn(page, await broker.makeUser("viewer"));
  await page.goto(`/tokens/${id}?explain=acme/lib@1.1.0`);
  const steps = panel.getByRole("listitem");
  await expect(steps.filter({ hasText: "Decides" })).toContainText("The token was revoked on");
  await expect(steps.filter({ hasText: "package rule" }).getByRole("img", { name: "Allows" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Edit" })).toBeHidden();
});

test("many tokens are deleted at once, by name and by filter, after their number was typed", async ({ page }) => {
  await signIn(page);
  const all = Array.from({ length: 53 }, (_, i) => `Contractor ${i}`);
  for (const description of ["Anna's laptop", ...all]) await makeToken(page, description);
  await page.goto("/tokens?sort=name");
  await page.getByLabel("Select Anna's laptop").check();
  const bar = page.getByRole("region", { name: "Selection" });
  await expect(bar).toContainText("1 selected");
  await page.getByLabel("Filter by description").fill("contractor");
  await expect(bar).toBeHidden(); // narrowing to others ends the selection
  await page.getByLabel("Select Contractor 0").check();
  await page.getByLabel("Select Contractor 1", { exact: true }).check();
  await expect(page.getByLabel("Select all shown")).not.toBeChecked();
  await bar.getByRole("button", { name: "Delete…" }).click();
  await expect(page.getByText("None was used in the last 7 days.")).toBeVisible();
  await expectAccessible(page, "deleting two tokens");
  await confirm(page, "Delete 2 tokens?", "Delete 2 tokens");
  await expect(page.getByText("2 tokens revoked.")).toBeVisible();

  await page.getByLabel("Status").selectOption("Active");
  await expect(page.getByRole("status").filter({ hasText: /^51 tokens$/ })).toBeAttached();
  await page.getByLabel("Select all shown").check();
  await expect(bar).toContainText("50 selected");
  await bar.getByRole("button", { name: "Select all 51 that match" }).click();
  await expect(bar).toContainText("All 51 that match selected");
  await bar.getByRole("button", { name: "Delete…" }).click();
  const ask = page.getByRole("alertdialog", { name: "Delete 51 tokens?" });
  await expect(ask.getByRole("button", { name: "Delete 51 tokens" })).toBeDisabled();
  await expectAccessible(page, "deleting all that match");
  await ask.getByLabel("Type 51 to confirm").fill("51");
  await confirm(page, "Delete 51 tokens?", "Delete 51 tokens");
  await expect(page.getByText("No tokens match these filters.")).toBeVisible();
  const live = "{ tokens(where: { status: [ACTIVE] }) { edges { node { description } } } }";
  expect(await api(page, live)).toEqual({ tokens: { edges: [{ node: { description: "Anna's laptop" } }] } });
});
