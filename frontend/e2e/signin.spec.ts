import type { Page } from "@playwright/test";
import { owner } from "./server";
import { expect, expectAccessible, expectToFitEverywhere, signIn, test } from "./test";

/** Gives the browser a device that makes passkeys, and sees who it is. */
async function addAuthenticator(page: Page) {
  const device = await page.context().newCDPSession(page);
  await device.send("WebAuthn.enable");
  await device.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

test.describe("passkeys", () => {
  test.use({ host: "localhost" });

  test("a passkey is made, signs in alone and beside the password, and is removed", async ({ page }) => {
    await addAuthenticator(page);
    await signIn(page);
    await page.getByRole("link", { name: "Your account" }).click();
    await page.getByRole("button", { name: "Add a passkey…" }).click();
    const dialog = page.getByRole("dialog", { name: "Add a passkey" });
    await dialog.getByLabel("Name").fill("Laptop");
    await dialog.getByLabel("Your password").fill("wrong");
    await page.keyboard.press("Enter");
    await expect(dialog.getByLabel("Your password")).toHaveAccessibleDescription("The password is wrong.");
    await expectAccessible(page, "adding a passkey");
    await dialog.getByLabel("Your password").fill(owner.password);
    await page.keyboard.press("Enter");
    await expect(page.getByText("The passkey was added.")).toBeVisible();
    const panel = page.getByRole("region", { name: "Passkeys" });
    await expect(panel.getByText(/^Made .*never used$/)).toBeVisible();
    await expectAccessible(page, "passkeys");
    await expectToFitEverywhere(page, "passkeys");
    await page.setViewportSize({ width: 1280, height: 720 });

    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page.getByRole("button", { name: "Sign in with a passkey" })).toBeVisible();
    await expectAccessible(page, "signing in with a passkey");
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Email").fill(owner.email);
    await page.getByLabel("Password").fill(owner.password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("button", { name: "Use a passkey" }).click();
    await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();

    await page.getByRole("link", { name: "Your account" }).click();
    await page.getByRole("button", { name: "Remove the passkey Laptop" }).click();
    const ask = page.getByRole("dialog", { name: "Remove the passkey Laptop?" });
    await ask.getByLabel("Your password").fill(owner.password);
    await ask.getByRole("button", { name: "Remove", exact: true }).click();
    await expect(page.getByText("The passkey was removed.")).toBeVisible();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await expect(page.getByText(/This passkey does not sign in here/)).toBeVisible();
  });
});

test.describe("the sign-in service", () => {
  test.use({ withProvider: true });

  test("a colleague signs in, a stranger is told why not, and an account is linked", async ({ page, provider }) => {
    await page.goto("/tokens");
    await expect(page.getByText("Sign in to continue.")).toBeVisible();
    await expectAccessible(page, "signing in with a service");
    await expectToFitEverywhere(page, "signing in with a service");
    await page.setViewportSize({ width: 1280, height: 720 });
    await page.getByRole("link", { name: "Sign in with Example" }).click();
    await expect(page.getByText("No access tokens yet.")).toBeVisible();
    await page.getByRole("link", { name: "Your account" }).click();
    await expect(page.getByText("anna@example.org, Viewer")).toBeVisible();
    await expect(page.getByText(/^You have no password\./)).toBeVisible();
    await expectAccessible(page, "an account without a password");
    await page.getByRole("button", { name: "Sign out" }).click();

    if (provider) provider.person = { sub: "eve", email: "eve@evil.example", email_verified: true };
    await page.getByRole("link", { name: "Sign in with Example" }).click();
    await expect(page.getByText("Nobody here knows you yet. Ask an owner for an invitation.")).toBeVisible();
    await expectAccessible(page, "a stranger");

    await page.getByLabel("Email").fill(owner.email);
    await page.getByLabel("Password").fill(owner.password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("link", { name: "Your account" }).click();
    await page.getByRole("button", { name: "Sign in with Example as well…" }).click();
    const dialog = page.getByRole("dialog", { name: "Sign in with Example as well?" });
    await dialog.getByLabel("Your password").fill(owner.password);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("button", { name: /^No longer sign in with / })).toBeVisible();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("link", { name: "Sign in with Example" }).click();
    await page.getByRole("link", { name: "Your account" }).click();
    await expect(page.getByText(`${owner.email}, Owner`)).toBeVisible();
  });
});
