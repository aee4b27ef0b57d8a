import type { Page } from "@playwright/test";
import { api } from "./api";
import { owner } from "./server";
import { expect, expectAccessible, signIn, test } from "./test";

const again = (page: Page) => page.getByRole("dialog", { name: "Your session ended" });

/** Ends the session, as signing out elsewhere does, without the page knowing. */
const endSession = (page: Page) => page.context().clearCookies();

async function signInAgain(page: Page) {
  await expect(again(page).getByLabel("Password")).toBeFocused();
  await page.keyboard.type(owner.password);
  await page.keyboard.press("Enter");
  await expect(again(page)).toBeHidden();
}

test("a session that ends keeps the form that is open, and it can be sent again", async ({ page }) => {
  await signIn(page);
  await page.goto("/tokens?new=1");
  const form = page.getByRole("dialog", { name: "Create Token" });
  await form.getByLabel("Description").fill("Deploy of the shop");
  await form.getByRole("radio", { name: /^Only these/ }).check();
  await form.getByLabel("Package patterns").fill("acme/*");
  await endSession(page);
  await form.getByRole("button", { name: "Create", exact: true }).click();
  await expect(again(page).getByLabel("Email")).toHaveValue(owner.email);
  await expectAccessible(page, "signing in again");

  await again(page).getByLabel("Password").fill("not the password");
  await again(page).getByRole("button", { name: "Sign in" }).click();
  await expect(again(page).getByRole("alert")).toHaveText("Email or password is wrong.");
  await page.keyboard.press("Escape"); // closes what lies above, and not the form below
  await expect(again(page)).toBeHidden();
  await expect(form).toBeVisible();
  await form.getByRole("button", { name: "Create", exact: true }).click();
  await signInAgain(page);

  await expect(form.getByRole("alert")).toHaveText("Your session had ended. Try again.");
  await expect(form.getByLabel("Description")).toHaveValue("Deploy of the shop");
  await expect(form.getByLabel("Package patterns")).toHaveValue("acme/*");
  await form.getByRole("button", { name: "Create", exact: true }).click();
  await expect(page.getByRole("dialog", { name: "Copy your token now" })).toBeVisible();
  const made = "{ tokens { edges { node { description packages } } } }";
  expect(await api(page, made)).toEqual({
    tokens: { edges: [{ node: { description: "Deploy of the shop", packages: ["acme/*"] } }] },
  });
});

test("a session that ends is renewed over the page, whatever asked the server", async ({ page }) => {
  await signIn(page);
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByLabel("Keep events for").fill("90");
  await endSession(page);
  const save = page.getByRole("region", { name: "Audit" }).getByRole("button", { name: "Save" });
  await save.click();
  await signInAgain(page);
  await expect(page.getByLabel("Keep events for")).toHaveValue("90");
  await save.click();
  await expect(page.getByText("Audit: saved.")).toBeVisible();

  await page.getByRole("link", { name: "Access Tokens" }).click();
  await expect(page.getByText("No access tokens yet.")).toBeVisible();
  await endSession(page);
  await page.getByLabel("Status").selectOption("Revoked");
  await signInAgain(page);
  await expect(page.getByText("No tokens match these filters.")).toBeVisible();
});

test("another person who signs in sees nothing of what the one before typed", async ({ page, broker }) => {
  await signIn(page);
  const maintainer = await broker.makeUser("maintainer");
  await page.goto("/repositories?new=1");
  await page.getByLabel("URL").fill("https://secret.example.org");
  await endSession(page);
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await again(page).getByLabel("Email").fill(maintainer);
  await again(page).getByLabel("Password").fill(owner.password);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page.getByText(maintainer)).toBeVisible();
  await expect(page.getByRole("link", { name: "Settings" })).toHaveCount(0);
  await expect(page).toHaveURL(`${broker.url}/`);
});
