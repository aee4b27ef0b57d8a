import { makeToken } from "./api";
import { expect, signIn, test } from "./test";

test.describe("on a small screen", () => {
  test.use({ viewport: { width: 375, height: 600 } });

  test("the first wrong field of a form is focused at every refusal, and its message is in sight", async ({ page }) => {
    await signIn(page);
    await page.goto("/tokens?new=1&description=CI");
    const dialog = page.getByRole("dialog", { name: "Create Token" });
    await dialog.getByRole("radio", { name: /^Only these/ }).check();
    const patterns = dialog.getByLabel("Package patterns");
    await patterns.fill("acme//*");
    const create = dialog.getByRole("button", { name: "Create", exact: true });
    for (let times = 0; times < 2; times++) {
      await dialog.getByText("Advanced").scrollIntoViewIfNeeded();
      await dialog.getByLabel("Requests per hour").focus();
      await create.click();
      await expect(patterns).toBeFocused();
      await expect(patterns).toHaveAttribute("aria-invalid", "true");
      const message = await dialog.locator("p.text-danger").boundingBox();
      const foot = await dialog.locator("footer").boundingBox();
      if (!message || !foot) throw new Error("there is no message");
      expect(message.y + message.height, "where the message ends").toBeLessThanOrEqual(foot.y);
      expect(message.y, "where the message begins").toBeGreaterThan(0);
    }
  });
});

test.describe("far from UTC", () => {
  test.use({ locale: "de-DE", timezoneId: "Asia/Kolkata" });

  test("times are those of the reader, with UTC on hover", async ({ page }) => {
    await signIn(page);
    const { id } = await makeToken(page, "CI");
    await page.goto("/tokens?new=1");
    const expiry = page.getByLabel("Expiry");
    await expect(expiry).toHaveAccessibleDescription(/^Stops working \d+\. \S+ \d{4}, 05:29 (GMT\+5:30|IST)\.$/);
    await expect(page.getByRole("dialog").locator("time")).toHaveAttribute("title", /\(\d+\. \S+ \d{4}, 23:59 UTC\)$/);
    await page.goto(`/tokens/${id}`);
    const created = page.getByRole("definition").filter({ hasText: "by owner@example.org" }).locator("time");
    await expect(created).toHaveAttribute("title", /(GMT\+5:30|IST) \(.* UTC\)$/);
    await page.getByRole("rowheader").getByRole("button").first().click();
    const at = page.getByRole("definition").filter({ hasText: /GMT\+5:30|IST/ });
    await expect(at.first()).toBeVisible();
  });
});
