import { describe, expect, it } from "vitest";
import { check, inputOf, typedOf } from "./form";
import type { Settings } from "./queries";

const settings: Settings = {
  defaultRateLimit: 1000,
  tokensMayManageTokens: false,
  defaultTokenDays: null,
  maxTokenDays: 180,
  warnUnusedDays: null,
  disableUnusedDays: null,
  leakAction: "FLAG",
  auditRetentionDays: 0,
  secondFactorRequired: false,
  prefetch: true,
};
const fields = [
  "defaultRateLimit",
  "maxTokenDays",
  "auditRetentionDays",
  "tokensMayManageTokens",
  "leakAction",
] as const;

describe("typedOf", () => {
  it("shows a number as a text, and none as nothing", () => {
    expect(typedOf(settings, fields)).toEqual({
      defaultRateLimit: "1000",
      maxTokenDays: "180",
      auditRetentionDays: "",
      tokensMayManageTokens: false,
      leakAction: "FLAG",
    });
  });
});

describe("inputOf", () => {
  it("sends only what was changed", () => {
    const typed = typedOf(settings, fields);
    expect(inputOf(settings, typed)).toEqual({});
    expect(inputOf(settings, { ...typed, leakAction: "REVOKE", tokensMayManageTokens: true })).toEqual({
      leakAction: "REVOKE",
      tokensMayManageTokens: true,
    });
  });

  it("sends 0 for what was emptied, and reads numbers as people write them", () => {
    const typed = { ...typedOf(settings, fields), maxTokenDays: "", defaultRateLimit: "10,000" };
    expect(inputOf(settings, typed)).toEqual({ maxTokenDays: 0, defaultRateLimit: 10000 });
  });
});

describe("check", () => {
  it("refuses what is no whole number", () => {
    const typed = { maxTokenDays: "1.5", warnUnusedDays: "-1", defaultRateLimit: "10,000", auditRetentionDays: "" };
    expect(Object.keys(check({ ...typed, leakAction: "FLAG", tokensMayManageTokens: true }))).toEqual([
      "maxTokenDays",
      "warnUnusedDays",
    ]);
  });
});
