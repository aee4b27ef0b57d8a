import { describe, expect, it } from "vitest";
import {
  allowedAtMost,
  check,
  createInput,
  dayChoices,
  emptyForm,
  expiresAt,
  formOf,
  lastDay,
  type TokenForm,
  updateInput,
  words,
} from "./form";
import type { Token } from "./queries";

const now = new Date("2026-11-25T12:00:00Z");
const form = (change: Partial<TokenForm> = {}): TokenForm => ({ ...emptyForm("CI"), ...change });

describe("emptyForm", () => {
  it("begins safe: read-only, 90 days, limited", () => {
    expect(emptyForm("CI", 500)).toMatchObject({
      permission: "READ_ONLY",
      expiry: "90",
      limited: true,
      rateLimit: "500",
    });
  });

  it("offers a limit even where the server has none", () => {
    expect(emptyForm("CI", 0).rateLimit).toBe("1000");
  });
});

describe("the owner's lifetimes", () => {
  it("are the default, and bound what is offered", () => {
    expect(dayChoices({})).toEqual({ days: [7, 30, 90, 365], first: 90 });
    expect(dayChoices({ maxTokenDays: 180 })).toEqual({ days: [7, 30, 90, 180], first: 90 });
    expect(dayChoices({ maxTokenDays: 60 })).toEqual({ days: [7, 30, 60], first: 60 });
    expect(dayChoices({ defaultTokenDays: 45, maxTokenDays: 60 })).toEqual({ days: [7, 30, 45, 60], first: 45 });
    expect(emptyForm("CI", 1000, { defaultTokenDays: 45 }).expiry).toBe("45");
  });

  it("are told in words", () => {
    expect(allowedAtMost({ maxTokenDays: 180 })).toBe("The owner allows at most 180 days.");
    expect(allowedAtMost({ maxTokenDays: null })).toBeUndefined();
  });

  it("are kept also by the last day, which ends before they do", () => {
    const lifetime = { maxTokenDays: 30 };
    expect(lastDay(lifetime, now)).toBe("2026-12-24");
    expect(lastDay({}, now)).toBeUndefined();
    const end = expiresAt(form({ expiry: "30" }), now, lifetime);
    expect(end?.toISOString()).toBe("2026-12-24T23:59:59.000Z");
    expect(createInput(form({ expiry: "30" }), now, lifetime).expiresAt).toBe("2026-12-24T23:59:59.000Z");
    expect(updateInput(form({ expiry: "30" }), now, lifetime).expiresAt).toBe("2026-12-24T23:59:59.000Z");
  });

  it("refuse a later day that was picked", () => {
    const lifetime = { maxTokenDays: 30 };
    expect(check(form({ expiry: "date", date: "2026-12-24" }), now, lifetime)).toEqual({});
    expect(check(form({ expiry: "date", date: "2026-12-25" }), now, lifetime)).toEqual({
      expiresAt: "The owner allows at most 30 days.",
    });
  });
});

describe("words", () => {
  it("splits at lines, spaces and commas", () => {
    expect(words(" acme/*,\n\tacme/lib  ,, x/y ")).toEqual(["acme/*", "acme/lib", "x/y"]);
    expect(words(" \n ")).toEqual([]);
  });
});

describe("check", () => {
  it("accepts the form as it begins, once described", () => {
    expect(check(form(), now)).toEqual({});
    expect(Object.keys(check(form({ description: "  " }), now))).toEqual(["description"]);
  });

  it("wants a pattern where only some packages are allowed", () => {
    expect(check(form({ restricted: true, packages: " , " }), now)).toHaveProperty("packages");
    expect(check(form({ restricted: true, packages: "acme/*" }), now)).toEqual({});
  });

  it.each(["", "0", "-1", "1.5", "1e3", "ten", "100000000"])("refuses the limit %j", (rateLimit) => {
    expect(check(form({ rateLimit }), now)).toHaveProperty("rateLimit");
  });

  it("keeps the limit within what its message says", () => {
    expect(check(form({ rateLimit: "10000000" }), now)).toEqual({});
    expect(check(form({ rateLimit: "10000001" }), now)).toHaveProperty("rateLimit");
  });

  it("does not look at a limit that is switched off", () => {
    expect(check(form({ limited: false, rateLimit: "ten" }), now)).toEqual({});
  });

  it.each(["", "2026-11-24", "nonsense"])("refuses the last day %j", (date) => {
    expect(check(form({ expiry: "date", date }), now)).toHaveProperty("expiresAt");
  });

  it("accepts today as the last day", () => {
    expect(check(form({ expiry: "date", date: "2026-11-25" }), now)).toEqual({});
  });
});

describe("expiresAt", () => {
  it("is the end of the chosen day in UTC", () => {
    expect(expiresAt(form({ expiry: "7" }), now)?.toISOString()).toBe("2026-12-02T23:59:59.000Z");
    expect(expiresAt(form({ expiry: "date", date: "2027-01-31" }), now)?.toISOString()).toBe(
      "2027-01-31T23:59:59.000Z",
    );
  });

  it("is nothing for never and for a day not chosen yet", () => {
    expect(expiresAt(form({ expiry: "never" }), now)).toBeNull();
    expect(expiresAt(form({ expiry: "date" }), now)).toBeNull();
  });
});

describe("createInput", () => {
  it("sends what was chosen", () => {
    const input = createInput(
      form({ restricted: true, packages: "acme/*", networks: "10.0.0.0/8", rateLimit: "50" }),
      now,
    );
    expect(input).toEqual({
      description: "CI",
      permission: "READ_ONLY",
      packages: ["acme/*"],
      packageRules: [],
      networks: ["10.0.0.0/8"],
      rateLimit: 50,
      expiresAt: "2027-02-23T23:59:59.000Z",
    });
  });

  it("asks for a claim link where the secret is for somebody else", () => {
    expect(createInput({ ...emptyForm("CI"), claimDays: "14" }, now)).toMatchObject({ claim: true, claimDays: 14 });
    expect(createInput(emptyForm("CI"), now)).not.toHaveProperty("claim");
  });

  it("sends no patterns for all packages, zero for no limit and no date for never", () => {
    const input = createInput(form({ packages: "acme/*", limited: false, expiry: "never" }), now);
    expect(input).toMatchObject({ packages: [], rateLimit: 0, neverExpires: true });
    expect(input.expiresAt).toBeUndefined();
  });
});

describe("updateInput", () => {
  const token = {
    description: "CI",
    permission: "WRITE",
    packages: ["a/*", "b/*"],
    packageRules: [],
    networks: [],
    rateLimit: 0,
  };

  it("leaves the expiry of a token as it is unless it was changed", () => {
    const input = updateInput(formOf(token as unknown as Token), now);
    expect(input).toEqual({
      description: "CI",
      packages: ["a/*", "b/*"],
      packageRules: [],
      networks: [],
      rateLimit: 0,
    });
  });

  it("takes the expiry away, or sets it", () => {
    expect(updateInput(form({ expiry: "never" }), now)).toMatchObject({ clearExpiresAt: true });
    const set = updateInput(form({ expiry: "30" }), now);
    expect(set.expiresAt).toBe("2026-12-25T23:59:59.000Z");
    expect(set).not.toHaveProperty("clearExpiresAt");
  });
});
