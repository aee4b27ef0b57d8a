import { describe, expect, it } from "vitest";
import { readAsked, writeAsked } from "./asked";
import { ruleSentence } from "./rule-words";
import { checkRules, newRow, type RuleRow, rowOf, ruleOf } from "./rules";

const row = (change: Partial<RuleRow> = {}): RuleRow => ({ ...newRow([], "acme/*"), versions: "^2.0", ...change });

describe("a rule of the form", () => {
  it("is what the server has, and goes back as it came", () => {
    for (const rule of [
      { pattern: "acme/*", versions: "^2.0" },
      { pattern: "acme/lib", releasedBefore: "2027-01-31T00:00:00Z", minimumStability: "RC" },
      { pattern: "*", minimumStability: "dev" },
    ])
      expect(ruleOf(rowOf(rule, 0))).toEqual(rule);
  });

  it("keeps the second of a day that somebody else wrote, until another day is picked", () => {
    const shop = rowOf({ pattern: "*", releasedBefore: "2027-01-31T23:59:59Z" }, 0);
    expect(shop.before).toBe("2027-01-31");
    expect(ruleOf(shop).releasedBefore).toBe("2027-01-31T23:59:59.000Z");
    expect(ruleOf({ ...shop, before: "2027-02-01" }).releasedBefore).toBe("2027-02-01T00:00:00Z");
    expect(ruleOf({ ...shop, before: "" })).toEqual({ pattern: "*" });
  });

  it("leaves out what is blank", () => {
    expect(ruleOf(row({ pattern: " acme/* ", versions: "  " }))).toEqual({ pattern: "acme/*" });
  });

  it("has a key of its own, whichever were removed", () => {
    const rows = [newRow([]), newRow([newRow([])])];
    expect(newRow(rows.slice(1)).key).toBe(2);
  });
});

describe("checkRules", () => {
  it.each(["*", "acme/*", "acme/lib", "acme/pro-*", "a1/b_c.d-e"])("accepts the pattern %s", (pattern) => {
    expect(checkRules([row({ pattern })])).toEqual({});
  });

  it.each(["", "acme", "Acme/*", "acme//*", "acme/", "/lib", "acme/lib/x", "acme/-x", "acme/li b"])(
    "refuses the pattern %j, at its row",
    (pattern) => {
      expect(Object.keys(checkRules([row(), row({ pattern })]))).toEqual(["packageRules.1.pattern"]);
    },
  );

  it("wants a rule to narrow something", () => {
    expect(Object.keys(checkRules([row({ versions: " " })]))).toEqual(["packageRules.0.versions"]);
    expect(checkRules([row({ versions: "", stability: "RC" })])).toEqual({});
    expect(checkRules([row({ versions: "", before: "2027-01-31" })])).toEqual({});
  });

  it("refuses a day that cannot be kept", () => {
    expect(checkRules([row({ before: "9999-12-31" })])).toEqual({});
    expect(Object.keys(checkRules([row({ before: "12027-01-31" })]))).toEqual(["packageRules.0.releasedBefore"]);
  });
});

describe("ruleSentence", () => {
  it.each([
    [{ pattern: "acme/*", versions: "^1.0 || ^2.0" }, "Only versions ^1.0 || ^2.0 of acme/*."],
    [{ pattern: "*", minimumStability: "stable" }, "Only versions of any package that are stable."],
    [{ pattern: "acme/lib", minimumStability: "RC" }, "Only versions of acme/lib that are RC or more stable."],
    [
      { pattern: "acme/*", versions: "^2.0", releasedBefore: "2027-01-31T00:00:00Z", minimumStability: "stable" },
      "Only versions ^2.0 of acme/* that are stable and were released before Jan 31, 2027 (UTC).",
    ],
    [
      { pattern: "acme/*", releasedBefore: "2027-01-31T23:59:59Z" },
      "Only versions of acme/* that were released before Jan 31, 2027, 11:59 PM UTC.",
    ],
  ])("says %j", (rule, sentence) => {
    expect(ruleSentence(rule)).toBe(sentence);
  });
});

describe("what is asked in the address", () => {
  it("is read as it was written, also with an @ in the version", () => {
    for (const asked of [
      { package: "acme/lib", version: "1.2.0" },
      { package: "acme/lib", version: "dev-feature/a@b" },
    ])
      expect(readAsked(writeAsked(asked))).toEqual(asked);
  });

  it.each([undefined, "", "acme/lib", "acme/lib@", "@1.0"])("is nothing for %j", (text) => {
    expect(readAsked(text)).toBeUndefined();
  });
});
