import type { Page } from "@playwright/test";
import { type Broker, owner } from "./server";
import { expect, expectAccessible, expectNowhere, expectToFitEverywhere, health, signIn, test } from "./test";

const rowOf = (page: Page, name: string) =>
  page.getByRole("row").filter({ has: page.getByRole("rowheader", { name }) });

async function act(page: Page, name: string, action: string) {
  await page.getByRole("button", { name: `Actions of ${name}` }).click();
  await page.getByRole("menuitem", { name: action }).click();
}

async function setUp(page: Page, broker: Broker) {
  await page.goto(broker.setupLink);
  await expect(page.getByRole("heading", { name: "Set up this server" })).toBeVisible();
  await expect(page).toHaveURL(/\/setup$/); // the code leaves the address bar
  await expectAccessible(page, "setup");
  await expectToFitEverywhere(page, "setup");
  await page.setViewportSize({ width: 1280, height: 720 });
  await page.getByLabel("Email").fill(owner.email);
  await page.getByLabel("Password").fill("short");
  await page.getByRole("button", { name: "Create owner" }).click();
  await expect(page.getByLabel("Password")).toHaveAccessibleDescription(/12/);
  await expect(page.getByLabel("Password")).toHaveAttribute("aria-invalid", "true");
  await expectAccessible(page, "setup, refused");
  await page.getByLabel("Password").fill(owner.password);
  await page.getByRole("button", { name: "Create owner" }).click();
  await expect(page.getByRole("heading", { name: "Overview" })).toBeFocused();
  await expect(page).toHaveTitle("Overview · Package broker");
  await expect(page.getByRole("listitem").filter({ hasText: "(to do)" })).toHaveCount(4);
  await expectAccessible(page, "overview of a new server");
}

async function addRepository(page: Page, broker: Broker) {
  await page.getByRole("link", { name: "Add repository" }).click();
  const dialog = page.getByRole("dialog", { name: "Add repository" });
  await dialog.getByLabel("URL").fill("ftp://127.0.0.1");
  await dialog.getByRole("button", { name: "Add" }).click();
  await expect(dialog.getByLabel("URL")).toHaveAttribute("aria-invalid", "true");
  await expectAccessible(page, "adding a repository");
  await dialog.getByLabel("URL").fill(broker.upstream);
  await expect(dialog.getByLabel("Name", { exact: true })).toHaveValue("127-0-0-1");
  await dialog.getByLabel("Name", { exact: true }).fill("fixture");
  await dialog.getByRole("button", { name: "Add" }).click();
  await expect(dialog).toBeHidden();
  await expect(rowOf(page, "fixture")).toContainText("Synced", { timeout: 30_000 });
  await expectAccessible(page, "repositories");
  await page.getByRole("link", { name: "fixture" }).click();
  await expect(page.getByRole("heading", { name: "fixture" })).toBeFocused();
  await expect(page.getByRole("row").filter({ hasText: "Succeeded" })).toBeVisible();
  await expectAccessible(page, "a repository");
}

async function lookAtPackages(page: Page) {
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Packages" }).click();
  await expect(page.getByRole("heading", { name: "Packages" })).toBeFocused();
  await expect(page.getByRole("status").filter({ hasText: /^\d+ packages$/ })).toBeVisible();
  await expectAccessible(page, "packages");
  await page.getByLabel("Search packages").fill("globex/cache");
  await expect(page).toHaveURL(/\/packages\?q=globex/);
  await page.getByRole("link", { name: "globex/cache", exact: true }).click();
  await expect(page.getByRole("heading", { name: "globex/cache" })).toBeFocused();
  await expect(page.getByText("composer require globex/cache")).toBeVisible();
  await page.getByLabel("Version", { exact: true }).selectOption("1.0.0");
  await expect(page).toHaveURL(/v=/);
  await expectAccessible(page, "a package");
}

async function createToken(page: Page, description: string): Promise<void> {
  await page.getByRole("button", { name: "Create Token" }).click();
  const dialog = page.getByRole("dialog", { name: "Create Token" });
  await expect(page).toHaveURL(/new=1/);
  await dialog.getByLabel("Description").fill(description);
  await dialog.getByRole("button", { name: "Create", exact: true }).click();
  await expect(page.getByRole("dialog", { name: "Copy your token now" })).toBeVisible();
}

/** Reads the secret of the open reveal, and leaves it masked again. */
async function readSecret(page: Page): Promise<string> {
  const token = page.getByRole("region", { name: "Token" });
  await expect(token.locator("code")).toHaveText(/^pkb_ro_•+$/);
  await page.getByRole("button", { name: "Show the token" }).click();
  const secret = (await token.locator("code").textContent()) ?? "";
  expect(secret).toMatch(/^pkb_ro_\w{20,}$/);
  await page.getByRole("button", { name: "Hide the token" }).click();
  await expectNowhere(page, secret);
  return secret;
}

/** Goes through the reveal: what it shows, what it asks, what it copies. */
async function passReveal(page: Page, broker: Broker): Promise<string> {
  const reveal = page.getByRole("dialog", { name: "Copy your token now" });
  await expect(page.getByRole("button", { name: "Copy the token" })).toBeFocused();
  const secret = await readSecret(page);
  const { host } = new URL(broker.url);
  await expect(reveal.getByRole("tabpanel")).toContainText(`http-basic.${host} token pkb_ro_•`);
  await expectAccessible(page, "the new token");
  for (const tab of ["auth.json", "CI variable", "Test it"]) {
    await reveal.getByRole("tab", { name: tab }).click();
    await expect(reveal.getByRole("tabpanel")).toContainText(host);
  }
  await reveal.getByRole("button", { name: "Done" }).click();
  const ask = page.getByRole("alertdialog", { name: "Close without copying?" });
  await expect(ask.getByRole("button", { name: "Go back" })).toBeFocused();
  await expectAccessible(page, "closing without a copy");
  await page.keyboard.press("Enter");
  await expect(ask).toBeHidden();
  await page.keyboard.press("Escape");
  await expect(ask).toBeVisible();
  await ask.getByRole("button", { name: "Go back" }).click();
  await reveal.getByRole("button", { name: "Copy the token" }).click();
  await expect(reveal.getByText("Copied.")).toBeAttached();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret);
  await page.evaluate(() => navigator.clipboard.writeText(""));
  await reveal.getByRole("button", { name: "Done" }).click();
  await expect(reveal).toBeHidden();
  return secret;
}

async function narrowAndSort(page: Page) {
  await page.getByLabel("Filter by description").fill("ci");
  await expect(page).toHaveURL(/q=ci$/);
  await page.getByLabel("Status").selectOption("Active");
  await page.getByLabel("Permissions").selectOption("Read-only");
  await page.getByLabel("Sort by").selectOption("Description");
  await expect(page).toHaveURL(/\/tokens\?q=ci&status=active&access=read&sort=name$/);
  await page.reload();
  await expect(page.getByLabel("Filter by description")).toHaveValue("ci");
  await expect(page.getByLabel("Sort by")).toHaveValue("name");
  await expect(page.getByRole("rowheader")).toHaveText([/^CI, deploy/, /^CI, tests/]);
  await expectAccessible(page, "tokens, narrowed");
  await page.getByRole("button", { name: "Create Token" }).click();
  await expect(page.getByRole("dialog", { name: "Create Token" })).toBeVisible();
  await expectAccessible(page, "creating a token");
  await page.goBack();
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(page).toHaveURL(/sort=name$/);
  await page.getByLabel("Filter by description").fill("nobody");
  await expect(page.getByText("No tokens match these filters.")).toBeVisible();
  await expectAccessible(page, "no tokens match");
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expect(page).toHaveURL(/\/tokens\?sort=name$/);
}

async function edit(page: Page) {
  await act(page, "CI, tests", "Edit");
  const dialog = page.getByRole("dialog", { name: "Edit token" });
  await dialog.getByLabel("Description").fill("CI, all tests");
  await dialog.getByRole("radio", { name: /^Only these/ }).check();
  await dialog.getByLabel("Package patterns").fill("globex/*");
  await dialog.getByLabel("Requests per hour").fill("99,999,999");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog.getByLabel("Requests per hour")).toHaveAccessibleDescription(/10,000,000/);
  await expectAccessible(page, "editing a token");
  await dialog.getByLabel("Requests per hour").fill("5,000");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toBeHidden();
  await expect(rowOf(page, "CI, all tests")).toContainText("globex/*");
  await page.getByRole("link", { name: "CI, all tests" }).click();
  await expect(page.getByRole("heading", { name: "CI, all tests" })).toBeFocused();
  await expect(page.getByText(/of 5,000 requests this hour$/)).toBeVisible();
  await page.goBack();
}

async function remove(page: Page) {
  await act(page, "CI, all tests", "Delete");
  const ask = page.getByRole("alertdialog", { name: "Delete “CI, all tests”?" });
  await expect(ask.getByRole("button", { name: "Keep token" })).toBeFocused();
  await expectAccessible(page, "deleting a token");
  await page.keyboard.press("Enter");
  await expect(ask).toBeHidden();
  await act(page, "CI, all tests", "Delete");
  await ask.getByRole("button", { name: "Delete token" }).click();
  await expect(page.getByText("“CI, all tests” stopped working.")).toBeVisible();
  await expect(rowOf(page, "CI, all tests")).toContainText("Revoked");
  await expectAccessible(page, "tokens, one revoked");
}

test.describe("a new server", () => {
  test.use({ withOwner: false });

  test("is set up by its link, then offers the packages of a repository", async ({ page, broker }) => {
    await setUp(page, broker);
    await addRepository(page, broker);
    await lookAtPackages(page);
    await page.getByRole("link", { name: "Overview" }).click();
    await expect(page.getByRole("listitem").filter({ hasText: "(done)" })).toHaveText([/^Add a repository/]);
    await expectAccessible(page, "overview of a server that mirrors");
    await page.goto(broker.setupLink);
    await expect(page).toHaveURL(/\/login$/); // the link works once
  });
});

test("a token is made, used, changed and deleted, and its secret is shown once", async ({ page, broker }) => {
  await signIn(page);
  await page.getByRole("link", { name: "Access Tokens" }).click();
  await expect(page.getByText("No access tokens yet.")).toBeVisible();
  await expectAccessible(page, "no tokens yet");
  await createToken(page, "CI, tests");
  const secret = await passReveal(page, broker);
  await expectNowhere(page, secret);
  await expect(page).toHaveURL(/\/tokens$/);
  expect(await health(page, broker, secret)).toMatchObject({ status: 200, body: { description: "CI, tests" } });
  await createToken(page, "CI, deploy");
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("button", { name: "Close anyway" }).click();
  await expect(page.getByRole("dialog")).toBeHidden();
  await narrowAndSort(page);
  await edit(page);
  expect((await health(page, broker, secret)).body).toMatchObject({ packages: ["globex/*"] });
  await remove(page);
  expect(await health(page, broker, secret)).toMatchObject({ status: 403, body: { error: "TOKEN_REVOKED" } });
});

test("a person signs out, is refused with a wrong password, and comes back to where they were going", async ({
  page,
}) => {
  await signIn(page);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await page.goto("/tokens?sort=name");
  await expect(page).toHaveURL(/\/login\?next=/);
  await expectAccessible(page, "signing in");
  await page.getByLabel("Email").fill(owner.email);
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText(/wrong/i);
  await expectAccessible(page, "signing in, refused");
  await page.getByLabel("Password").fill(owner.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "Access Tokens" })).toBeVisible();
  await expect(page).toHaveURL(/\/tokens\?sort=name$/);
});

test("a link that names another server as the way back leads to this one", async ({ page, broker }) => {
  for (const next of ["//evil.example", "/%09/evil.example", "https://evil.example"]) {
    await page.context().clearCookies();
    await page.goto(`/login?next=${encodeURIComponent(decodeURIComponent(next))}`);
    await page.getByLabel("Email").fill(owner.email);
    await page.getByLabel("Password").fill(owner.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
    expect(new URL(page.url()).origin).toBe(broker.url);
  }
});

test("an address that leads nowhere says so", async ({ page }) => {
  await page.goto("/nowhere");
  await expect(page.getByRole("heading", { name: "There is no page here" })).toBeVisible();
  await expectAccessible(page, "no page");
  await page.getByRole("link", { name: "Go to the overview" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
});

test("the theme is kept", async ({ page }) => {
  await signIn(page);
  await page.getByRole("button", { name: "Use the dark theme" }).click();
  await page.reload();
  await expect(page.locator("html")).toHaveClass(/dark/);
  await page.getByRole("button", { name: "Use the light theme" }).click();
  await page.reload();
  await expect(page.locator("html")).not.toHaveClass(/dark/);
});
