import { describe, expect, it } from "vitest";
import { formOf, inputOf, isSSH, nameOf, wrong } from "./form";
import type { Repository } from "./queries";

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

describe("inputOf", () => {
  const stored = {
    type: "COMPOSER",
    name: "main",
    url: "https://packages.example.org",
    credential: "HTTP_BASIC",
    packages: ["acme/*"],
    owns: [],
    paths: null,
    packFrom: ["github.com", "*.example.org"],
    priority: 7,
    distMode: "MIRROR",
    cooldownDays: 14,
    cooldownExceptions: ["acme/*", "b/c"],
  } as unknown as Repository;

  it("sends back what is stored, without the credential, which is not known here", () => {
    expect(inputOf(formOf(stored), stored)).toEqual({
      name: "main",
      url: "https://packages.example.org",
      credential: undefined,
      packages: ["acme/*"],
      owns: [],
      priority: 7,
      packFrom: ["github.com", "*.example.org"],
      distMode: "MIRROR",
      cooldownDays: 14,
      cooldownExceptions: ["acme/*", "b/c"],
    });
  });

  it("says nothing of a source where there is none", () => {
    const uploads = inputOf({ ...formOf(), type: "ARTIFACT", name: " ours " });
    expect(Object.keys(uploads).sort()).toEqual(["name", "owns", "packages", "priority"]);
    expect(uploads.name).toBe("ours");
  });
});

describe("wrong", () => {
  it.each([
    ["0", {}],
    ["365", {}],
    ["366", { cooldownDays: "A whole number of days between 0 and 365." }],
    ["-1", { cooldownDays: "A whole number of days between 0 and 365." }],
    ["", { cooldownDays: "A whole number of days between 0 and 365." }],
    ["1.5", { cooldownDays: "A whole number of days between 0 and 365." }],
  ])("tells of a cooldown of %j", (cooldown, expected) => {
    expect(wrong({ ...formOf(), cooldown })).toEqual(expected);
  });
});
