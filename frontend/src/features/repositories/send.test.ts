import { expect, test } from "vitest";
import { addressOf, nothingSaid } from "./send";

test("what is not said is not sent", () => {
  expect(addressOf("ours", nothingSaid)).toBe("/upload/ours");
});

test("what is said beside an archive is sent as the server reads it", () => {
  const said = {
    ...nothingSaid,
    name: " acme/plugin ",
    version: "1.2.0",
    require: "php ^8.1 || ^9\n\nacme/lib:^1\next-zip\n",
  };
  const query = new URL(addressOf("ours", said), "https://x").searchParams;
  expect(query.get("name")).toBe("acme/plugin");
  expect(query.has("type")).toBe(false);
  expect(query.getAll("require")).toEqual(["php:^8.1 || ^9", "acme/lib:^1", "ext-zip:*"]);
});
