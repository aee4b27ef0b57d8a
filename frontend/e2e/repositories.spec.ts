import { addFailing } from "./api";
import { expect, expectAccessible, signIn, test } from "./test";

test("the page of a repository that fails offers what can be done, and who may not do it is told who may", async ({
  page,
  broker,
}) => {
  await signIn(page);
  const id = await addFailing(page, broker, "warehouse");
  await page.context().clearCookies();
  await signIn(page, await broker.makeUser("viewer"));
  await page.goto(`/repositories/${id}`);
  await expect(page.getByText("A maintainer can try again, change its credential, or pause it.")).toBeVisible();
  await expect(page.getByRole("button", { name: /Try again|Pause|Change/ })).toHaveCount(0);

  await page.context().clearCookies();
  await signIn(page);
  await page.goto(`/repositories/${id}`);
  await expect(page.getByText("Its last sync failed. What was stored before goes on being served.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Pause" })).toBeVisible();
  await expectAccessible(page, "a repository that fails");
  await page.getByRole("button", { name: "Change the address or credential" }).click();
  const dialog = page.getByRole("dialog", { name: "Edit repository" });
  await dialog.getByLabel("URL").fill(broker.upstream);
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText("Synced", { exact: true })).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole("button", { name: "Try again" })).toBeHidden();
});
