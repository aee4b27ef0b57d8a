import type { Page } from "@playwright/test";
import { makeToken } from "./api";
import { expect, signIn, test } from "./test";

const focused = (page: Page) =>
  page.evaluate(() => {
    const at = document.activeElement as HTMLInputElement | null;
    return at?.getAttribute("aria-label") ?? at?.labels?.[0]?.textContent ?? at?.textContent?.trim() ?? "";
  });

/** Presses Tab until what has this name is focused. */
async function tabTo(page: Page, name: string | RegExp) {
  const seen: string[] = [];
  for (let presses = 0; presses < 40; presses++) {
    const at = await focused(page);
    if (typeof name === "string" ? at === name : name.test(at)) return;
    seen.push(at);
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not reach ${name}; it passes ${seen.join(" | ")}`);
}

test("a token is made and deleted with the keyboard alone", async ({ page }) => {
  await signIn(page);
  await page.keyboard.press("Tab");
  await tabTo(page, "Access Tokens");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Access Tokens" })).toBeFocused();
  await tabTo(page, "Create Token");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog", { name: "Create Token" })).toBeVisible();
  await expect(page.getByLabel("Description", { exact: true })).toBeFocused();
  await page.keyboard.type("Anna's laptop");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Copy the token" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByText("Copied.")).toBeAttached();
  await tabTo(page, "Done");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(page.getByRole("rowheader", { name: "Anna's laptop" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Create Token" })).toBeFocused();

  await tabTo(page, "Actions of Anna's laptop");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menu")).toBeVisible();
  await page.keyboard.press("End");
  await expect(page.getByRole("menuitem", { name: "Delete" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Keep token" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("alertdialog")).toBeHidden();
  await expect(page.getByRole("button", { name: "Actions of Anna's laptop" })).toBeFocused();

  await page.keyboard.press("Enter");
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Keep token" })).toBeFocused();
  await tabTo(page, "Delete token");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alertdialog")).toBeHidden();
  await expect(page.getByRole("cell", { name: /^Revoked/ })).toBeVisible();
});

test("a token is rotated, and the rotation ended, with the keyboard alone", async ({ page }) => {
  await signIn(page);
  const { id } = await makeToken(page, "Jenkins");
  await page.goto(`/tokens/${id}`);
  await expect(page.getByRole("heading", { name: "Jenkins" })).toBeFocused();
  await tabTo(page, "Rotate…");
  await page.keyboard.press("Enter");
  const keeps = page.getByLabel("Old token keeps working for");
  await expect(keeps).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(page.getByRole("button", { name: "Rotate…" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(keeps).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await expect(keeps).toHaveValue("21600");
  await tabTo(page, "Rotate token");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Copy the token" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByText("Copied.")).toBeAttached();
  await tabTo(page, "Done");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeHidden();
  await tabTo(page, "End now");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Keep both" })).toBeFocused();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alertdialog")).toBeHidden();
  await expect(page.getByRole("heading", { name: "Secret in force" })).toBeVisible();
});

test("a link that shows itself when it is focused skips to the content", async ({ page }) => {
  await signIn(page);
  const skip = page.getByRole("link", { name: "Skip to content" });
  await skip.focus();
  await expect(skip).toBeInViewport({ ratio: 1 });
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Add repository" })).toBeFocused();
});
