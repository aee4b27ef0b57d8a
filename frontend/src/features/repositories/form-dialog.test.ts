import { describe, expect, it } from "vitest";
import { isSSH, nameOf } from "./form-dialog";

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

describe("nameOf a git repository", () => {
  it.each([
    ["https://github.com/acme/Lib.git", "lib"],
    ["git@github.com:acme/lib.git", "lib"],
    ["ssh://git@git.example:2222/acme/my_lib/", "my-lib"],
    ["lib", "lib"],
    ["", ""],
  ])("makes a name of %j", (url, name) => {
    expect(nameOf(url, "VCS")).toBe(name);
  });
});

describe("isSSH", () => {
  it.each([
    ["git@github.com:acme/lib.git", true],
    ["ssh://git@github.com/acme/lib.git", true],
    ["https://github.com/acme/lib.git", false],
    ["https://git@github.com:443/lib.git", false],
    ["", false],
  ])("tells of %j", (url, ssh) => {
    expect(isSSH(url)).toBe(ssh);
  });
});
