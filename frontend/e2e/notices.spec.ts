import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { makeToken } from "./api";
import { expect, expectAccessible, expectNowhere, expectToFitEverywhere, signIn, test } from "./test";

/** A system that is told of notices: it keeps what it is sent, and answers a status that may change. */
async function receiver() {
  const state = { status: 204, got: [] as { headers: IncomingMessage["headers"]; body: string }[] };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (data) => {
      body += data;
    });
    request.on("end", () => {
      state.got.push({ headers: request.headers, body });
      response.writeHead(state.status).end(state.status === 500 ? "out of order" : "");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { state, url: `http://127.0.0.1:${port}/hook`, close: () => server.close() };
}

// An owner adds an endpoint, sees its secret once, tries it, sees what was sent and answered, sends it again, and chooses
// what they are told of by mail; a viewer is not led there.
test("notices reach another system, and what came of them is seen", async ({ page, broker }) => {
  const other = await receiver();
  await signIn(page);
  await page.getByRole("link", { name: "Notices" }).click();
  await expect(page.getByText("No endpoints yet")).toBeVisible();
  await expectAccessible(page, "without endpoints");
  await page.getByRole("button", { name: "Add endpoint" }).click();
  const dialog = page.getByRole("dialog", { name: "Add an endpoint" });
  await dialog.getByLabel("URL").fill("http://10.0.0.1/");
  await dialog.getByRole("button", { name: "Add endpoint" }).click();
  await expect(dialog.getByLabel("URL")).toHaveAccessibleDescription(/may not reach/);
  await dialog.getByLabel("URL").fill(other.url);
  await dialog.getByLabel("Description").fill("The shop");
  await dialog.getByLabel("Everything, also what comes with later versions").uncheck();
  await dialog.getByLabel(/A token was made/).check();
  await expectAccessible(page, "adding an endpoint");
  await dialog.getByRole("button", { name: "Add endpoint" }).click();
  const shown = page.getByRole("dialog", { name: "Copy the secret now" });
  const secret = (await shown.getByText(/whsec_/).innerText()).replaceAll(/\s/g, "");
  await shown.getByRole("button", { name: "Done" }).click();
  await expectNowhere(page, secret);

  const shop = page.getByRole("region", { name: "The shop" });
  await shop.getByRole("button", { name: "Send a test" }).click();
  await expect(shop.getByText("Delivered 204")).toBeVisible({ timeout: 60_000 });
  await shop.getByText("webhook.test", { exact: true }).click();
  await expect(shop.getByText(/"message": "This is a test."/)).toBeVisible();
  expect(other.state.got[0]?.headers["webhook-signature"]).toMatch(/^v1,/);
  other.state.status = 500;
  await shop.getByRole("button", { name: "Send again" }).click();
  await expect(shop.getByText("Answered 500, tried again")).toBeVisible({ timeout: 60_000 });
  await expect(shop.getByText("out of order")).toBeVisible();
  await expect(shop.getByText(/^Failing since/)).toBeVisible({ timeout: 60_000 });
  await expectAccessible(page, "a delivery");
  await expectToFitEverywhere(page, "notices");
  await page.setViewportSize({ width: 1280, height: 720 });
  other.state.status = 200;
  await makeToken(page, "CI");
  await expect.poll(() => other.state.got.some(({ body }) => body.includes('"type":"token.created"'))).toBe(true);

  await page.getByRole("button", { name: "Actions of The shop" }).click();
  await page.getByRole("menuitem", { name: "Remove…" }).click();
  await page.getByRole("button", { name: "Remove endpoint" }).click();
  await expect(page.getByText("No endpoints yet")).toBeVisible();

  await page.goto("/account");
  const leaks = page.getByLabel("A secret was found in a public place");
  await expect(leaks).toBeChecked();
  const saved = page.waitForResponse((answer) => answer.request().postData()?.includes("ChooseNotices") ?? false);
  await leaks.click();
  await expect(leaks).not.toBeChecked();
  await saved;
  await expectAccessible(page, "what is mailed");
  await page.reload();
  await expect(leaks).not.toBeChecked();

  await page.context().clearCookies();
  await signIn(page, await broker.makeUser("viewer"));
  await expect(page.getByRole("link", { name: "Notices" })).toHaveCount(0);
  await page.goto("/notices");
  await expect(page.getByText("You need the Owner role for this.")).toBeVisible();
  other.close();
});
