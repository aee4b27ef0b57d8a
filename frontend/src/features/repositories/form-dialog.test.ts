import { describe, expect, it } from "vitest";
import { nameOf } from "./form-dialog";

describe("nameOf", () => {
  it.each([
    ["https://packages.example.org/composer", "packages-example-org"],
    ["https://Repo.Packagist.org", "repo-packagist-org"],
    ["http://127.0.0.1:8090", "127-0-0-1"],
    ["http://[::1]:8090", "1"],
    ["packages.example.org", ""],
    ["", ""],
  ])("makes a name of %j", (url, name) => {
    expect(nameOf(url)).toBe(name);
    expect(nameOf(url)).toMatch(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$/);
  });
});
