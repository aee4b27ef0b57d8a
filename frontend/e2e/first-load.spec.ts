import type { Page } from "@playwright/test";
import { makeToken } from "./api";
import { expect, signIn, test } from "./test";

/** Holds back everything but what is asked for in the document and the list's query, until that query was sent. */
async function holdAllBut(page: Page, query: string) {
  const document = await (await page.request.get("/tokens", { headers: { Accept: "text/html" } })).text();
  expect(document).toContain("/assets/index-");
  let sent = () => {};
  const asked = new Promise<void>((resolve) => {
    sent = resolve;
  });
  await page.route("**/graphql", async (route) => {
    if (route.request().postData()?.includes(`query ${query}(`)) sent();
    await asked;
    await route.continue();
  });
  await page.route("**/assets/*.js", async (route) => {
    const { pathname } = new URL(route.request().url());
    if (!document.includes(pathname)) await asked;
    await route.continue();
  });
  return { asked };
}

// Three steps: the document, its scripts, the list. The list waits neither for who is signed in nor for the page's own
// script, and so not for menus and dialogs either.
test("Access Tokens asks for its list as soon as the scripts of the document run", async ({ page }) => {
  await signIn(page);
  await makeToken(page, "CI");
  const { asked } = await holdAllBut(page, "Tokens");
  const scripts: string[] = [];
  page.on("request", (request) => {
    if (request.resourceType() === "script") scripts.push(request.url());
  });
  await page.goto("/tokens", { waitUntil: "commit" });
  await asked;
  await expect(page.getByRole("rowheader", { name: "CI" })).toBeVisible();
  expect(scripts.filter((url) => /dialog|open-menu|toasts|reveal/.test(url))).toEqual([]);

  await page.getByRole("button", { name: "Actions of CI" }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await expect(page.getByRole("dialog", { name: "Edit token" }).getByLabel("Description")).toBeFocused();
  expect(scripts.some((url) => /open-menu/.test(url)) && scripts.some((url) => /edit-dialog/.test(url))).toBe(true);
});
