import { addFailing, download, makeToken, mirror } from "./api";
import { expect, expectToFitEverywhere, signIn, test } from "./test";

// Nothing scrolls sideways, on any page, in any width: not with long texts, addresses and errors either.
test("every page fits every width, and tells on a small screen what its numbers are", async ({ page, broker }) => {
  await signIn(page);
  const [failing] = await Promise.all([addFailing(page, broker, "failing"), mirror(page, broker)]);
  await makeToken(page, "W".repeat(200));
  const { id, secret } = await makeToken(page, "Long description of a token, ".repeat(6).trim());
  await download(page, secret, "globex/cache");
  const card = (text: string | RegExp) => page.locator("tbody tr").filter({ hasText: text }).first();
  const pages = {
    "/": () => page.getByRole("heading", { name: "Overview" }),
    "/tokens": () => card("Long description"),
    "/tokens?new=1": () => page.getByRole("dialog", { name: "Create Token" }),
    [`/tokens/${id}`]: () => card(/globex\/cache.*127\.0\.0\.1/s),
    "/tokens/tok_none": () => page.getByText("There is no such token."),
    "/repositories": () => card("failing"),
    "/repositories?new=1": () => page.getByRole("dialog", { name: "Add repository" }),
    [`/repositories/${failing}`]: () => card("create"),
    "/packages": () => card("globex/cache"),
    "/packages/globex/cache?who=": () => card("Long description"),
    "/versions": () => page.getByText("Nothing has changed"),
    "/usage?days=365": () => page.getByText("Busiest tokens"),
    "/audit": () => card("Token created"),
    "/settings": () => page.getByLabel("Keep events for"),
    "/nowhere": () => page.getByRole("heading", { name: "There is no page here" }),
    "/login": () => page.getByRole("heading", { name: "Sign in" }),
  };
  const numbers: Record<string, RegExp> = {
    "/tokens": /Last used\s+(just now|.* ago)/,
    "/repositories": /Packages\s+0/,
    [`/repositories/${failing}`]: /Packages\s+0.*Versions\s+\+0 −0/s,
    "/packages": /Latest\s+\S+.*Downloads\s+\d+/s,
    [`/tokens/${id}`]: /Version\s+\S+.*Downloads\s+1/s,
  };
  await expect(async () => {
    await page.goto(`/tokens/${id}`); // usage is written every few seconds
    await expect(card("globex/cache")).toBeVisible({ timeout: 2_000 });
  }).toPass({ timeout: 30_000 });
  for (const [path, shown] of Object.entries(pages)) {
    await page.goto(path);
    await expect(shown()).toBeVisible();
    await expectToFitEverywhere(page, path);
    const said = numbers[path];
    if (said) await expect(shown(), path).toContainText(said, { useInnerText: true });
  }
});
