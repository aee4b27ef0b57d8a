import { describe, expect, it } from "vitest";
import { actionName, detailsOf, isInstant, objectName } from "./words";

describe("actionName", () => {
  it("is in words, and as the server calls it where there are none", () => {
    expect(actionName("token.rotation_end")).toBe("Rotation ended");
    expect(actionName("moon.landing")).toBe("moon.landing");
  });
});

describe("detailsOf", () => {
  it("tells what was before and what is now", () => {
    const json = JSON.stringify({ rateLimit: { from: 1000, to: 50 }, packages: { from: [], to: ["acme/*", "x/y"] } });
    expect(detailsOf(json)).toEqual([
      { name: "Rate limit", before: "1,000", value: "50" },
      { name: "Packages", before: "none", value: "acme/*, x/y" },
    ]);
  });

  it("tells package rules in sentences", () => {
    const rule = { pattern: "acme/*", versions: "^2.0", minimumStability: "stable" };
    expect(detailsOf(JSON.stringify({ packageRules: { from: null, to: [rule, { ...rule, pattern: "*" }] } }))).toEqual([
      {
        name: "Package rules",
        before: "none",
        value: "Only versions ^2.0 of acme/* that are stable. Only versions ^2.0 of any package that are stable.",
      },
    ]);
    expect(detailsOf(JSON.stringify({ packageRules: [] }))).toEqual([{ name: "Package rules", value: "none" }]);
  });

  it.each([
    [{ description: "CI" }, "Description", "CI"],
    [{ tokens_may_manage_tokens: true }, "Tokens may manage tokens", "yes"],
    [{ expiresAt: "2027-02-21T23:59:59Z" }, "Expires at", "2027-02-21T23:59:59Z"],
    [{ reason: null }, "Reason", "none"],
    [{ labels: [{ name: "plan", value: "pro" }] }, "Labels", "name: plan, value: pro"],
  ])("says %j in words", (details, name, value) => {
    expect(detailsOf(JSON.stringify(details))).toEqual([{ name, value }]);
  });

  it("tells an instant from other words", () => {
    expect(isInstant("2027-02-21T23:59:59Z")).toBe(true);
    expect(isInstant("2027-02-21T23:59:59.123456Z")).toBe(true);
    for (const word of ["CI", "2027-02-21", "since 2027-02-21T23:59:59Z", ""]) expect(isInstant(word)).toBe(false);
  });

  it("survives details that are not what they should be", () => {
    expect(detailsOf("{")).toEqual([{ name: "Details", value: "{" }]);
    expect(detailsOf("null")).toEqual([]);
    expect(detailsOf("{}")).toEqual([]);
  });
});

describe("objectName", () => {
  it("is the name the object had then", () => {
    expect(objectName('{"description":"CI","name":"x"}')).toBe("CI");
    expect(objectName('{"name":"acme"}')).toBe("acme");
    expect(objectName('{"description":3}')).toBeUndefined();
    expect(objectName("null")).toBeUndefined();
    expect(objectName("")).toBeUndefined();
  });
});
