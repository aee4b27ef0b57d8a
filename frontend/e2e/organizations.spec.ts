import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, expectAccessible, expectNowhere, expectToFitEverywhere, signIn, test } from "./test";

/** A git host's API, as Gitea has it, with the organization acme, whose one package cannot be cloned. */
async function startHost(): Promise<{ url: string; stop: () => void }> {
  const server: Server = createServer((request, answer) => {
    const path = new URL(request.url ?? "", "http://host").pathname;
    if (request.headers.authorization !== "Bearer secret-of-acme") answer.writeHead(401).end();
    else if (path === "/api/v1/orgs/acme/repos")
      answer.end(JSON.stringify([{ id: 7, full_name: "acme/lib", default_branch: "main", updated_at: "2026-01-02" }]));
    else if (path === "/api/v1/repos/acme/lib/contents/composer.json") answer.end("{}");
    else answer.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop: () => server.close() };
}

test("an organization is added with its repositories, each of which, and the whole of it, has a webhook", async ({
  page,
}) => {
  const host = await startHost();
  await signIn(page);
  await page.goto("/repositories");
  await page.getByRole("button", { name: "Add organization" }).first().click();
  const dialog = page.getByRole("dialog", { name: "Add organization" });
  await dialog.getByLabel("Host", { exact: true }).selectOption("GITEA");
  await dialog.getByLabel("Address of the host").fill(host.url);
  await dialog.getByLabel("Token").fill("secret-of-acme");
  await expectAccessible(page, "adding an organization");
  await dialog.getByRole("button", { name: "Add organization" }).click();
  await expect(dialog.getByLabel("Name")).toBeFocused();
  await dialog.getByLabel("Name").fill("acme");
  await dialog.getByRole("button", { name: "Add organization" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText("Up to date")).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole("link", { name: "lib", exact: true })).toBeVisible({ timeout: 60_000 });
  await expectNowhere(page, "secret-of-acme");
  await expectAccessible(page, "organizations");
  await expectToFitEverywhere(page, "organizations");
  await page.setViewportSize({ width: 1280, height: 900 });

  await page.getByRole("button", { name: "Actions of acme" }).click();
  await page.getByRole("menuitem", { name: "Webhook" }).click();
  const webhook = page.getByRole("dialog", { name: "Webhook of acme" });
  await webhook.getByRole("button", { name: "Make a secret" }).click();
  await expect(webhook.getByText(/whsec_/)).toBeVisible();
  await expect(webhook.getByRole("button", { name: "Copy the address" })).toBeVisible();
  await expectAccessible(page, "the webhook of an organization");
  await page.screenshot({ path: test.info().outputPath("organization-webhook.png") });
  await webhook.getByRole("button", { name: "Done" }).click();
  await page.screenshot({ path: test.info().outputPath("organizations.png"), fullPage: true });

  await page.getByRole("link", { name: "lib", exact: true }).click();
  await page.getByRole("button", { name: "Make a secret" }).click();
  await page.getByRole("button", { name: "Copy the secret" }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toMatch(/^whsec_/);
  const secret = await page.evaluate(() => navigator.clipboard.readText());
  const address = new URL(page.url()).pathname.replace("/repositories/", "/webhooks/");
  await expect(page.getByRole("tab", { name: "Gitea, Forgejo" })).toBeVisible();
  await expectAccessible(page, "the webhook of a repository");
  await page.screenshot({ path: test.info().outputPath("repository-webhook.png"), fullPage: true });
  const delivered = await page.request.post(address, {
    headers: { "X-Gitlab-Token": secret, "X-GitHub-Event": "ping" },
  });
  expect(delivered.status(), await delivered.text()).toBe(200);
  await page.reload();
  await expect(page.getByText("(ping: ping)")).toBeVisible();
  await expectNowhere(page, secret);
  host.stop();
});
