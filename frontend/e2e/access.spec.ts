import type { Browser, Page } from "@playwright/test";
import { api, makeToken, mirror } from "./api";
import { expect, expectAccessible, expectNowhere, expectToFitEverywhere, signIn, test } from "./test";

const wide = { width: 1280, height: 720 };

/** The owner, in a browser of their own. */
async function ownerOf(browser: Browser, baseURL: string): Promise<Page> {
  const page = await (await browser.newContext({ baseURL, reducedMotion: "reduce" })).newPage();
  await signIn(page);
  return page;
}

/** Makes a token whose secret goes to somebody else; returns the link to it. */
async function handOver(page: Page): Promise<string> {
  await page.goto("/tokens?new=1");
  const form = page.getByRole("dialog", { name: "Create Token" });
  await form.getByLabel("Description").fill("Order 7");
  await form.getByRole("radio", { name: /^Only these/ }).check();
  await form.getByLabel("Package patterns").fill("globex/*");
  await form.getByRole("radio", { name: /^Claim link/ }).check();
  await form.getByLabel("The link works for").selectOption("14 days");
  await expectAccessible(page, "making a token to be claimed");
  await form.getByRole("button", { name: "Create", exact: true }).click();
  return linkOf(page);
}

/** The link that is shown, which goes with the dialog. */
async function linkOf(page: Page): Promise<string> {
  const shown = page.getByRole("dialog", { name: "Send this link" });
  const link = (await shown.getByText(/\/claim#/).innerText()).replaceAll(/\s/g, "");
  await expectAccessible(page, "the claim link");
  await shown.getByRole("button", { name: "Copy the link" }).click();
  await shown.getByRole("button", { name: "Done" }).click();
  await expect(shown).toBeHidden();
  await expectNowhere(page, link.split("#")[1] ?? "");
  return link;
}

/** Opens the link to a token as its holder, and takes the token. */
async function claim(page: Page, link: string): Promise<string> {
  const preview = await page.request.get(link, { headers: { Accept: "text/html" } });
  expect(preview.status(), "what a preview is made of").toBe(200);
  await page.goto(link);
  await expect(page.getByText("“Order 7”, read-only.")).toBeVisible();
  expect(page.url()).not.toContain("#");
  await expectAccessible(page, "what a link gives");
  await expectToFitEverywhere(page, "what a link gives");
  await page.setViewportSize(wide);
  await page.getByRole("button", { name: "Show the token" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Copy your token now" })).toBeFocused();
  await expectAccessible(page, "what was claimed");
  await expectToFitEverywhere(page, "what was claimed");
  await page.setViewportSize(wide);
  await page.getByRole("button", { name: "Show the token" }).click();
  const secret = (await page.getByRole("region", { name: "Token" }).locator("code").innerText()).replaceAll(/\s/g, "");
  await page.getByRole("button", { name: "Copy the token" }).click();
  await page.goto("/login");
  await expectNowhere(page, secret);
  return secret;
}

// A token reaches its holder by a link that is renewed, works once and in another browser, and its holder sees what it is;
// the secret is in the page that shows it, and nowhere else.
test("a token is handed over by a link, and its holder sees what it is", async ({ page, browser, broker }) => {
  const owner = await ownerOf(browser, broker.url);
  await mirror(owner, broker);
  const first = await handOver(owner);
  const row = owner.getByRole("row", { name: /Order 7/ });
  await expect(row).toContainText("Not claimed");
  await owner.goto("/tokens?status=unclaimed");
  await row.getByRole("button", { name: "Actions of Order 7" }).click();
  await owner.getByRole("menuitem", { name: "New claim link…" }).click();
  await owner.getByRole("button", { name: "Make a new link" }).click();
  const link = await linkOf(owner);

  await page.goto(first);
  await expect(page.getByRole("alert")).toContainText("a newer one was made");
  await page.goto("about:blank");
  const secret = await claim(page, link);
  await page.goto(link);
  await expect(page.getByRole("heading", { name: "There is no token here" })).toBeVisible();
  await expect(page.getByRole("alert")).toContainText("This link was used on");
  await expectAccessible(page, "a link that was used");

  await page.getByRole("link", { name: "I have the token already" }).click();
  await enter(page, secret);
  await expect(page.getByRole("heading", { name: "Order 7" })).toBeFocused();
  await expect(page.getByText("globex/*")).toBeVisible();
  await expect(page.getByRole("meter")).toHaveAttribute("aria-valuemax", "1000");
  await page.getByLabel("Search packages").fill("cach");
  await expect(page.getByRole("rowheader", { name: /globex\/cache/ })).toBeVisible();
  await page.getByLabel("Search packages").fill("acme");
  await expect(page.getByText("No packages match.")).toBeVisible();
  for (const tab of ["GitHub Actions", "GitLab CI", "Bitbucket Pipelines", "Docker BuildKit", "DDEV", "auth.json"]) {
    await page.getByRole("tab", { name: tab }).click();
    await expect(page.getByRole("tabpanel").getByRole("button", { name: `Copy for ${tab}` })).toBeVisible();
  }
  await expectNowhere(page, secret);
  await expectAccessible(page, "what a token is");
  await expectToFitEverywhere(page, "what a token is");
  await page.setViewportSize(wide);

  await owner.goto("/tokens");
  await expect(row).not.toContainText("Not claimed");
  await owner.getByRole("link", { name: "Order 7" }).click();
  await expect(owner.getByText("Claimed", { exact: true })).toBeVisible();
  await expect(owner.getByText("Token claimed")).toBeVisible();
  await expect(async () => {
    await page.getByRole("button", { name: "Use another token" }).click();
    await enter(page, secret); // uses are written every few seconds
    await expect(page.getByRole("rowheader", { name: /127\.0\.0\.1/ })).toBeVisible({ timeout: 2_000 });
  }).toPass({ timeout: 30_000 });
});

async function enter(page: Page, secret: string) {
  await page.getByLabel("Access token").fill(secret);
  await page.keyboard.press("Enter");
}

// A token that does not work is refused on its page in the very words that Composer prints, and the page is whole at 320
// pixels and for a keyboard.
test("the page for tokens says why one does not work", async ({ page, browser, broker, complaints }) => {
  const owner = await ownerOf(browser, broker.url);
  const { id, secret } = await makeToken(owner, "CI <main>");
  await page.goto("/login");
  await page.getByRole("link", { name: "See what it is" }).click();
  await page.getByLabel("Access token").focus();
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Access token")).toHaveAccessibleDescription(/Enter the token/);
  await enter(page, "pkb_ro_mistyped");
  await expect(page.getByLabel("Access token")).toHaveAccessibleDescription(
    /This is not an access token of this server/,
  );
  await expect(page.getByLabel("Access token")).toBeFocused();
  await expectAccessible(page, "a token that is none");
  await expectToFitEverywhere(page, "a token that is none");
  await enter(page, secret);
  await expect(page.getByRole("heading", { name: "CI <main>" })).toBeVisible();
  await api(owner, "mutation ($id: ID!) { disableTokens(ids: [$id]) { id } }", { id });
  await page.getByRole("button", { name: "Use another token" }).click();
  await expectNowhere(page, secret);
  await enter(page, secret);
  await expect(page.getByLabel("Access token")).toHaveAccessibleDescription(/"CI <main>" is disabled since/);
  await page.reload();
  await expect(page.getByLabel("Access token")).toHaveValue("");
  complaints.splice(0, complaints.length, ...complaints.filter((one) => !/status of 40[13]/.test(one))); // refused, as it should be
});

// Whoever is demoted while a page is open is told so by the next thing that is refused, and the page follows: what they
// may no longer do is not offered, and the address that led to it says why.
test("the page follows when somebody is demoted", async ({ page, browser, broker }) => {
  const email = await broker.makeUser("maintainer");
  await signIn(page, email);
  await page.goto("/tokens?new=1");
  const form = page.getByRole("dialog", { name: "Create Token" });
  await form.getByLabel("Description").fill("CI");
  const owner = await ownerOf(browser, broker.url);
  type People = { users: { edges: { node: { id: string; email: string } }[] } };
  const { users } = await api<People>(owner, "{ users { edges { node { id email } } } }");
  const id = users.edges.find(({ node }) => node.email === email)?.node.id;
  await api(owner, "mutation ($id: ID!) { updateUser(id: $id, input: { role: VIEWER }) { id } }", { id });
  await expect(async () => {
    await form.getByRole("button", { name: "Create", exact: true }).click({ timeout: 1_000 });
    await expect(form).toBeHidden({ timeout: 1_000 });
  }).toPass();
  await expect(page.getByRole("status").filter({ hasText: "You need the Maintainer role for this." })).toBeVisible();
  await expect(page.getByRole("button", { name: "Create Token" })).toBeHidden();
  await expectAccessible(page, "after the role was taken away");
  for (const [path, role] of Object.entries({
    "/repositories?new=1": "Maintainer",
    "/settings": "Owner",
    "/users": "Owner",
  })) {
    await page.goto(path);
    await expect(page.getByText(`You need the ${role} role for this.`)).toBeVisible();
  }
});
