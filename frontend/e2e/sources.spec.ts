import type { Page } from "@playwright/test";
import { api, download, makeToken } from "./api";
import { expect, expectAccessible, expectToFitEverywhere, signIn, test } from "./test";
import { startUpstream } from "./upstream";

/** Looks at a page as it is, for axe and in every width. */
async function look(page: Page, what: string) {
  await expectAccessible(page, what);
  await expectToFitEverywhere(page, what);
  await page.setViewportSize({ width: 1280, height: 720 });
}

test("a source is checked, mended and saved; its package has a README; what it changes waits for a person", async ({
  page,
}) => {
  const upstream = await startUpstream();
  await signIn(page);
  await page.goto("/repositories?new=1");
  const dialog = page.getByRole("dialog", { name: "Add repository" });
  await dialog.getByLabel("URL").fill(upstream.url);
  await dialog.getByRole("button", { name: "Check" }).press("Enter");
  await expect(dialog.getByRole("status")).toContainText("Is this the address of the repository's packages.json?");
  await dialog.getByLabel("URL").fill(`${upstream.url}/composer`);
  await expect(dialog.getByRole("status")).toBeEmpty();
  await dialog.getByLabel("Only these packages").fill("acme/*");
  await dialog.getByRole("button", { name: "Check" }).press("Enter");
  await expect(dialog.getByRole("status")).toContainText("2 packages, in packages.json itself");
  await look(page, "a source that is checked");
  await dialog.getByLabel("Name").fill("acme");
  await dialog.getByLabel("Cooldown, in days").fill("400");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await expect(dialog.getByLabel("Cooldown, in days")).toBeFocused();
  await dialog.getByLabel("Cooldown, in days").fill("0");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await expect(dialog).toBeHidden();
  await page.getByRole("link", { name: "acme", exact: true }).click();
  await expect(page.getByText("Synced", { exact: true })).toBeVisible({ timeout: 30_000 });
  await look(page, "a repository");
  await page.getByRole("button", { name: "Change: Packed from" }).press("Enter");
  const edit = page.getByRole("dialog", { name: "Edit repository" });
  await expect(edit.getByLabel("Packed from")).toBeFocused();
  await edit.getByLabel("Packed from").fill("git.example.org");
  await edit.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("definition").filter({ hasText: "git.example.org" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Change: Packed from" })).toBeFocused();
  const announced = (text: string) => page.getByRole("status").filter({ hasText: text });
  await page.getByRole("button", { name: "Pause" }).press("Enter");
  await expect(page.getByRole("button", { name: "Resume" })).toBeFocused();
  await expect(announced("“acme”: It is paused.")).toBeAttached();
  await page.getByRole("button", { name: "Resume" }).press("Enter");
  await expect(page.getByRole("heading", { name: "acme", level: 1 })).toBeFocused();

  const { secret } = await makeToken(page, "CI");
  await download(page, secret, "acme/tool");
  await page.goto("/packages/acme/tool");
  await expect(page.getByRole("link", { name: "Docs" })).toHaveAttribute("href", "https://docs.example/tool");
  await expect(page.getByRole("link", { name: "badge" })).toHaveAttribute("rel", /noopener/);
  await expect(page.getByRole("link", { name: "bad", exact: true })).toHaveCount(0);
  await expect(
    page.getByRole("region", { name: "Required by" }).getByRole("link", { name: "acme/user" }),
  ).toBeVisible();
  await look(page, "a package");
  await page.getByRole("link", { name: "acme/user" }).click();
  await expect(page.getByRole("link", { name: "acme/tool" })).toBeVisible();
  await expect(page.getByRole("link", { name: "other/thing" })).toHaveCount(0);

  upstream.move();
  await page.goto("/repositories");
  await page.getByRole("link", { name: "acme", exact: true }).click();
  await page.getByRole("button", { name: "Sync now" }).click();
  const pages = page.getByRole("navigation", { name: "Pages" });
  await expect(pages.getByText("1 waits for a decision")).toBeVisible({ timeout: 30_000 });
  await pages.getByRole("link", { name: "Overview" }).click();
  await page.getByRole("main").getByRole("link", { name: "1 version" }).click();
  const row = page.getByRole("row").filter({ hasText: "acme/tool" });
  await expect(row).toContainText("aaaaaaaaaaaa");
  await expect(row).toContainText("bbbbbbbbbbbb");
  await look(page, "changed versions");
  await row.getByRole("button", { name: "Accept: acme/tool 1.0.0" }).press("Enter");
  await expect(page.getByText("Nothing has changed")).toBeVisible();
  await expect(page.getByRole("heading", { name: "Versions", level: 1 })).toBeFocused();
  await expect(announced("acme/tool 1.0.0: the change is accepted.")).toBeAttached();
  await expect(pages.getByText("waits for a decision")).toBeHidden();
  const { package: now } = await api<{ package: { latest: object } }>(
    page,
    '{ package(name: "acme/tool") { latest { reference } } }',
  );
  expect(now.latest).toEqual({ reference: "b".repeat(40) });

  await page.getByRole("button", { name: "Block versions…" }).click();
  const block = page.getByRole("dialog", { name: "Block versions" });
  await block.getByLabel("Package").fill("acme/*");
  await block.getByLabel("Reason").fill("It steals keys.");
  await block.getByRole("button", { name: "Block", exact: true }).click();
  await expect(block).toBeHidden();
  await page.getByRole("link", { name: "Blocked" }).click();
  await expect(page.getByRole("row").filter({ hasText: "It steals keys." })).toBeVisible();
  await look(page, "blocked versions");
  await page.goto("/packages");
  await expect(
    page.getByRole("row").filter({ hasText: "acme/tool" }).getByText("Blocked", { exact: true }),
  ).toBeVisible();
  await look(page, "packages of which every version is blocked");
  await page.getByRole("link", { name: "acme/tool" }).click();
  await expect(page.getByText("Every version is blocked: nobody gets it from here.")).toBeVisible();
  const blocks = page.getByRole("region", { name: "Blocked" });
  await expect(blocks.getByRole("listitem")).toContainText("by the pattern acme/*");
  await look(page, "a package that is blocked by a pattern");
  await blocks.getByRole("button", { name: "Unblock acme/* *" }).press("Enter");
  await expect(blocks).toBeHidden();
  await expect(page.getByRole("heading", { name: "acme/tool", level: 1 })).toBeFocused();
  await page.goto("/versions?state=blocked");
  await expect(page.getByText("Nothing is blocked.")).toBeVisible();
  await page.getByRole("link", { name: "Held back" }).click();
  await expect(page.getByText("Nothing is held back.")).toBeVisible();
  upstream.stop();
});
