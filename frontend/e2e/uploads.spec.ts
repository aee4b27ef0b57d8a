import { expect, expectAccessible, expectToFitEverywhere, signIn, test } from "./test";
import { zip } from "./zip";

test("archives are uploaded on the page of a repository of uploads, and refused with the reason", async ({
  page,
  broker,
  complaints,
}) => {
  await signIn(page);
  await page.goto("/repositories?new=1");
  const dialog = page.getByRole("dialog", { name: "Add repository" });
  await dialog.getByRole("radio", { name: /Uploads/ }).check();
  await expect(dialog.getByLabel("URL")).toBeHidden();
  await dialog.getByLabel("Name").fill("ours");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await expect(dialog).toBeHidden();
  await page.getByRole("link", { name: "ours" }).click();
  await expect(page.getByText("Ready", { exact: true })).toBeVisible();

  const file = page.getByLabel("Zip archive");
  const send = (name: string, buffer: Buffer) => file.setInputFiles({ name, mimeType: "application/zip", buffer });
  await send("lib.zip", zip({ "lib/composer.json": '{"name":"acme/lib","version":"1.0.0"}', "lib/a.php": "<?php" }));
  await expect(page.getByRole("status").filter({ hasText: "acme/lib 1.0.0 is uploaded" })).toBeVisible();
  await expect(page.getByRole("link", { name: "1", exact: true })).toBeVisible(); // the page counts it

  await send("plugin.zip", zip({ "plugin/plugin.php": "<?php" }));
  await expect(page.getByRole("alert").filter({ hasText: "no composer.json" })).toBeVisible();
  await page.getByText("It has no composer.json, or no version in it").click();
  await page.getByRole("textbox", { name: "Package" }).fill("acme/plugin");
  await page.getByRole("textbox", { name: "Version" }).fill("1.2.0");
  await page.getByRole("textbox", { name: "Type" }).fill("wordpress-plugin");
  await page.getByRole("textbox", { name: "Requires" }).fill("php >=7.4");
  await expectAccessible(page, "uploading");
  await expectToFitEverywhere(page, "uploading");
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Choose a zip archive" }).press("Enter");
  await (await chooser).setFiles({
    name: "plugin.zip",
    mimeType: "application/zip",
    buffer: zip({ "plugin/plugin.php": "<?php" }),
  });
  const done = page.getByRole("status").filter({ hasText: "acme/plugin 1.2.0 is uploaded" });
  await expect(done).toBeVisible();
  await done.getByRole("link", { name: "acme/plugin" }).click();
  await expect(page.getByRole("heading", { name: "acme/plugin" })).toBeVisible();
  await expect(page.getByText("wordpress-plugin").first()).toBeVisible();

  await page.context().clearCookies();
  await signIn(page, await broker.makeUser("viewer"));
  await page.goto("/repositories");
  await page.getByRole("link", { name: "ours" }).click();
  await expect(page.getByText("A maintainer, or a write token, can upload to it.")).toBeVisible();
  expect(complaints.splice(0), "what the browser says of the refusal").toEqual([expect.stringContaining("422")]);
});
