import { addFailing, mirror } from "./api";
import { expect, expectAccessible, expectToFitEverywhere, signIn, test } from "./test";

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

test("names stay closed when the repository that owns them is removed, until they are released", async ({
  page,
  broker,
}) => {
  await signIn(page);
  await mirror(page, broker);
  await page.goto("/repositories");
  await page.getByRole("button", { name: "Actions of fixture" }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  const edit = page.getByRole("dialog", { name: "Edit repository" });
  await edit.getByLabel("Owns").fill("acme/*");
  await edit.getByLabel("Priority").fill("-1");
  await edit.getByRole("button", { name: "Save" }).click();
  await expect(edit.getByLabel("Priority")).toBeFocused();
  await edit.getByLabel("Priority").fill("7");
  await edit.getByRole("button", { name: "Save" }).click();
  await expect(edit).toBeHidden();
  await page.getByRole("button", { name: "Actions of fixture" }).click();
  await page.getByRole("menuitem", { name: "Remove…" }).click();
  const remove = page.getByRole("alertdialog");
  await expect(remove).toContainText("acme/*, stay closed");
  await remove.getByRole("textbox").fill("fixture");
  await remove.getByRole("button", { name: "Remove repository" }).click();
  const closed = page.getByRole("row").filter({ has: page.getByRole("button", { name: "Release acme/*" }) });
  await expect(closed).toBeVisible();
  await expectAccessible(page, "closed names");
  await expectToFitEverywhere(page, "closed names");
  await closed.getByRole("button", { name: "Release acme/*" }).click();
  const release = page.getByRole("alertdialog", { name: "Release acme/*?" });
  await expectAccessible(page, "releasing names");
  await release.getByRole("button", { name: "Release the names" }).click();
  await expect(release).toBeHidden(); // while it is open, the rows behind it are hidden too
  await expect(closed).toBeHidden();
  await page.goto("/audit");
  await expect(page.getByRole("row").filter({ hasText: "Names released" })).toBeVisible();
});

test("a git repository is added with paths and an SSH key, and what is wrong is said at its field", async ({
  page,
}) => {
  await signIn(page);
  await page.goto("/repositories");
  await page.getByRole("button", { name: "Add repository" }).first().click();
  const dialog = page.getByRole("dialog", { name: "Add repository" });
  await dialog.getByRole("radio", { name: /Git repository/ }).check();
  await dialog.getByLabel("URL").fill("git@127.0.0.1:acme/lib.git");
  await expect(dialog.getByLabel("Name")).toHaveValue("lib");
  await dialog.getByLabel("Credential", { exact: true }).selectOption("SSH key");
  await dialog.getByLabel("Private key").fill("rubbish");
  await dialog.getByLabel("Paths").fill("../x");
  await expectAccessible(page, "adding a git repository");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await expect(dialog.getByText("is not a path in the repository")).toBeVisible();
  await dialog.getByLabel("Paths").fill("packages/*");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await expect(dialog.getByText("This is not an SSH private key")).toBeVisible();
  await page.screenshot({ path: test.info().outputPath("git.png") });
  await dialog.getByLabel("URL").fill("http://127.0.0.1:1/acme/lib.git");
  await expect(dialog.getByLabel("Private key")).toBeHidden();
  await dialog.getByLabel("Credential", { exact: true }).selectOption("GitHub token");
  await dialog.getByLabel("Secret").fill("token");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await expect(dialog).toBeHidden();
  await page.getByRole("link", { name: "lib", exact: true }).click();
  await expect(page.getByText("packages/*/composer.json")).toBeVisible();
});
