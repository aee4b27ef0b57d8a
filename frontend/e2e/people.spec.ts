import { createHmac } from "node:crypto";
import type { Browser, Page } from "@playwright/test";
import { owner } from "./server";
import { expect, expectAccessible, expectNowhere, expectToFitEverywhere, signIn, test } from "./test";

const anna = { email: "anna@example.org", password: "a password of hers", next: "another good one here" };

/** What an authenticator app shows for a key, so many steps of 30 seconds from now (RFC 6238). */
function codeOf(key: string, steps = 0): string {
  const bits = [...key].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const bytes = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const hash = createHmac("sha1", bytes).update(counter).digest();
  const code = hash.readUInt32BE((hash.at(-1) ?? 0) & 15) & 0x7fffffff;
  return String(code % 1_000_000).padStart(6, "0");
}

async function openMenu(page: Page, of: string, item: string) {
  await page.getByRole("button", { name: `Actions of ${of}` }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

/** Invites somebody; returns the link. */
async function invite(page: Page): Promise<string> {
  await page.getByRole("link", { name: "People" }).click();
  await page.getByRole("button", { name: "Invite somebody" }).click();
  const dialog = page.getByRole("dialog", { name: "Invite somebody" });
  await dialog.getByLabel("Email").fill(anna.email);
  await dialog.getByRole("radio", { name: /^Maintainer/ }).check();
  await expectAccessible(page, "inviting");
  await dialog.getByRole("button", { name: "Invite", exact: true }).click();
  const shown = page.getByRole("dialog", { name: "Send this link" });
  const link = (await shown.getByText(/\/invite#/).innerText()).replaceAll(/\s/g, "");
  await shown.getByRole("button", { name: "Done" }).click();
  await expectNowhere(page, link.split("#")[1] ?? "");
  await expect(page.getByRole("row", { name: anna.email })).toContainText("Invited");
  await expectAccessible(page, "people");
  await expectToFitEverywhere(page, "people");
  await page.setViewportSize({ width: 1280, height: 720 });
  return link;
}

/** Opens a link in a browser of its own, and accepts the invitation. */
async function accept(browser: Browser, link: string): Promise<Page> {
  const page = await (await browser.newContext({ baseURL: new URL(link).origin })).newPage();
  await page.goto(link);
  await expect(page.getByText(anna.email)).toBeVisible();
  expect(page.url()).not.toContain("#");
  await page.getByLabel("Your name").fill("Anna");
  await page.getByLabel("Password", { exact: true }).fill(anna.password);
  await page.getByLabel("Password again").fill("something else");
  await page.getByRole("button", { name: "Accept and sign in" }).click();
  await expect(page.getByLabel("Password again")).toHaveAccessibleDescription("The two passwords differ.");
  await expectAccessible(page, "accepting");
  await page.getByLabel("Password again").fill(anna.password);
  await page.getByRole("button", { name: "Accept and sign in" }).click();
  await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
  await expect(page.getByRole("link", { name: "People" })).toHaveCount(0);
  return page;
}

async function changePassword(page: Page) {
  await page.getByRole("link", { name: "Your account" }).click();
  await page.getByLabel("Current password").fill("wrong");
  await page.getByLabel("New password").fill(anna.next);
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByLabel("Current password")).toHaveAccessibleDescription("The password is wrong.");
  await page.getByLabel("Current password").fill(anna.password);
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByText("Your password was changed. Your other sessions ended.")).toBeVisible();
  await expectAccessible(page, "the account");
  await expectToFitEverywhere(page, "the account");
  await page.setViewportSize({ width: 1280, height: 720 });
}

/** Sets a second factor up; returns its key and a recovery code. */
async function setUpSecondFactor(page: Page): Promise<{ key: string; recovery: string }> {
  await page.getByRole("button", { name: "Set up a second factor" }).click();
  const begin = page.getByRole("dialog", { name: "Set up a second factor" });
  await begin.getByLabel("Your password").fill(anna.next);
  await page.keyboard.press("Enter");
  const scan = page.getByRole("dialog", { name: "Scan this with your app" });
  await expect(scan.getByRole("img", { name: "QR code with the key" })).toBeVisible();
  const key = (await scan.locator("pre").innerText()).replaceAll(/\s/g, "");
  await expectAccessible(page, "scanning");
  await scan.getByRole("textbox", { name: "Code" }).fill(codeOf(key));
  await page.keyboard.press("Enter");
  const codes = page.getByRole("dialog", { name: "Keep your recovery codes" });
  const recovery = (await codes.locator("pre").innerText()).trim().split(/\s+/);
  expect(recovery).toHaveLength(10);
  await expectAccessible(page, "recovery codes");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Close anyway" }).click();
  await expect(page.getByRole("region", { name: "Authenticator app" })).toContainText("of which 10 are left");
  for (const secret of [key, ...recovery]) await expectNowhere(page, secret);
  return { key, recovery: recovery[0] ?? "" };
}

/** Signs out, and in again with both factors. */
async function signInWithBoth(page: Page, key: string, recovery: string) {
  await page.getByRole("button", { name: "Sign out" }).click();
  for (const code of [codeOf(key, 1), recovery]) {
    await page.getByLabel("Email").fill(anna.email);
    await page.getByLabel("Password", { exact: true }).fill(anna.next);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByLabel("Code")).toBeFocused();
    if (code !== recovery) {
      await page.keyboard.type("000000");
      await page.keyboard.press("Enter");
      await expect(page.getByLabel("Code")).toHaveAccessibleDescription(/This code is wrong, or was used already/);
      await expectAccessible(page, "the second step");
    }
    await page.getByLabel("Code").fill(code);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
    if (code !== recovery) await page.getByRole("button", { name: "Sign out" }).click();
  }
}

test("invited to signed in, a new password, a second factor, and removed while a page is open", async ({
  page,
  browser,
}) => {
  await signIn(page);
  const link = await invite(page);
  const hers = await accept(browser, link);
  await changePassword(hers);
  const { key, recovery } = await setUpSecondFactor(hers);
  await signInWithBoth(hers, key, recovery);
  await hers.getByRole("link", { name: "Access Tokens" }).click();
  await expect(hers.getByText("No access tokens yet.")).toBeVisible();

  await page.reload();
  await expect(page.getByRole("row", { name: "Anna" })).toContainText("On");
  await openMenu(page, "Anna", "Remove…");
  const ask = page.getByRole("alertdialog", { name: "Remove Anna?" });
  await expect(ask.getByRole("button", { name: "Keep person" })).toBeFocused();
  await ask.getByLabel(`Type ${anna.email} to confirm`).fill(anna.email);
  await expectAccessible(page, "removing");
  await ask.getByRole("button", { name: "Remove person" }).click();
  await expect(page.getByText("Anna was removed.")).toBeVisible();

  await hers.getByLabel("Status").selectOption("Revoked");
  const again = hers.getByRole("dialog", { name: "Your session ended" });
  await again.getByLabel("Password").fill(anna.next);
  await hers.keyboard.press("Enter");
  await expect(again.getByRole("alert")).toHaveText("Email or password is wrong.");
  await hers.goto(link);
  await expect(hers.getByRole("heading", { name: "This invitation has ended" })).toBeVisible();

  await openMenu(page, owner.email, "Change name or role…");
  await page.getByRole("radio", { name: /^Viewer/ }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText(/is the last owner who can sign in/)).toBeVisible();
});

test("once a second factor is required, it is set up before anything else", async ({ page }) => {
  await signIn(page);
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByLabel("Everybody must have a second factor").check();
  await page.getByRole("region", { name: "Sign-in" }).getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { name: "Set up a second factor" })).toBeVisible();
  await page.goto("/tokens");
  await expect(page.getByRole("heading", { name: "Set up a second factor" })).toBeVisible();
  await expectAccessible(page, "a second factor is required");
  await expectToFitEverywhere(page, "a second factor is required");
  await page.getByRole("button", { name: "Set it up" }).click();
  await page.getByRole("dialog", { name: "Set up a second factor" }).getByLabel("Your password").fill(owner.password);
  await page.keyboard.press("Enter");
  const scan = page.getByRole("dialog", { name: "Scan this with your app" });
  const key = (await scan.locator("pre").innerText()).replaceAll(/\s/g, "");
  await scan.getByRole("textbox", { name: "Code" }).fill(codeOf(key));
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Copy the recovery codes" }).click();
  await page.getByRole("button", { name: "Done" }).click();
  await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
});
