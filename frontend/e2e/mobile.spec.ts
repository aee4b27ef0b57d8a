import { download, makeToken, mirror } from "./api";
import { expect, expectAccessible, expectToFit, signIn, test } from "./test";

test.use({ viewport: { width: 360, height: 740 } });

test("everything fits a small screen", async ({ page, broker }) => {
  await page.goto("/login");
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await expectToFit(page, "signing in");
  await signIn(page);
  await expectToFit(page, "the overview");
  await expectAccessible(page, "the overview, small");

  await page.getByRole("link", { name: "Add repository" }).click();
  await page.getByLabel("URL").fill(broker.upstream);
  await expectToFit(page, "adding a repository");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect(page.getByText("Synced", { exact: true })).toBeVisible({ timeout: 30_000 });
  await expectToFit(page, "repositories");
  await expectAccessible(page, "repositories, small");
  await page.getByRole("link", { name: "127-0-0-1", exact: true }).click();
  await expect(page.getByText("Succeeded")).toBeVisible();
  await expectToFit(page, "a repository");

  await page.goto("/packages");
  await expect(page.getByRole("rowheader").first()).toBeVisible();
  await expectToFit(page, "packages");
  await expectAccessible(page, "packages, small");
  await page.goto("/packages/globex/cache");
  await expect(page.getByText("composer require globex/cache")).toBeVisible();
  await expectToFit(page, "a package");
  await expectAccessible(page, "a package, small");

  await page.goto(`/tokens?new=1&description=${"Long-description-".repeat(8)}`);
  await expect(page.getByRole("dialog", { name: "Create Token" })).toBeVisible();
  await expectToFit(page, "creating a token");
  await expectAccessible(page, "creating a token, small");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await expect(page.getByRole("dialog", { name: "Copy your token now" })).toBeVisible();
  await expect(page.getByRole("tab", { name: "Composer" })).toBeVisible();
  await expectToFit(page, "the new token");
  await page.getByRole("button", { name: "Show the token" }).click();
  await expectToFit(page, "the new token, shown");
  await expectAccessible(page, "the new token, small");
  await page.getByRole("button", { name: "Copy the token" }).click();
  await page.getByRole("button", { name: "Done" }).click();
  await expect(page.getByRole("rowheader")).toBeVisible();
  await expectToFit(page, "tokens");
  await page.getByRole("checkbox", { name: /^Select Long/ }).check();
  await expectToFit(page, "tokens, one selected");
  await expectAccessible(page, "tokens, small");
});

test("the pages for what was done and used fit a small screen", async ({ page, broker }) => {
  await signIn(page);
  await mirror(page, broker);
  const { id, secret } = await makeToken(page, "Long description of a token, ".repeat(4).trim());
  await download(page, secret, "globex/cache");
  await page.goto(`/tokens/${id}`);
  await expect(page.getByRole("rowheader").first()).toBeVisible();
  await expectToFit(page, "a token");
  await expectAccessible(page, "a token, small");
  await page.goto("/audit?from=2026-01-01");
  await page.getByRole("rowheader").getByRole("button").first().click();
  await expectToFit(page, "audit");
  await expectAccessible(page, "audit, small");
  await page.goto("/settings");
  await expect(page.getByLabel("Keep events for")).toBeVisible();
  await expectToFit(page, "settings");
  await expectAccessible(page, "settings, small");
  await page.goto("/usage");
  await expect(page.getByText("Busiest tokens")).toBeVisible();
  await expectToFit(page, "usage");
  await expectAccessible(page, "usage, small");
});
