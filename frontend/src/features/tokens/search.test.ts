import { describe, expect, it } from "vitest";
import { orderOf, readSearch, whereOf } from "./search";

const now = new Date("2026-11-25T12:00:00Z");

describe("readSearch", () => {
  it("leaves defaults and what is wrong out of the address", () => {
    expect(readSearch({})).toEqual({});
    expect(
      readSearch({
        q: "",
        status: "gone",
        access: "admin",
        use: 1,
        sort: "newest",
        new: 2,
        description: ["3"],
        x: "y",
      }),
    ).toEqual({});
    expect(Object.keys(readSearch({ q: ["a"] }))).toEqual([]);
  });

  it("keeps what it knows", () => {
    const search = {
      q: "ci",
      status: "disabled",
      access: "write",
      use: "never",
      parent: "tok_1",
      sort: "used",
      description: "CI",
    };
    expect(readSearch({ ...search, new: "1" })).toEqual({ ...search, new: 1 });
  });

  it("bounds texts", () => {
    const long = "x".repeat(5000);
    expect(readSearch({ q: long, description: long })).toEqual({ q: "x".repeat(200), description: "x".repeat(200) });
  });
});

describe("whereOf", () => {
  it("asks for nothing in particular by default", () => {
    expect(JSON.parse(JSON.stringify(whereOf({}, now)))).toEqual({});
  });

  it("takes live tokens that end within 14 days as expiring", () => {
    expect(whereOf({ status: "expiring" }, now)).toMatchObject({
      status: ["ACTIVE"],
      expiresBefore: "2026-12-09T12:00:00.000Z",
    });
  });

  it.each([
    ["active", ["ACTIVE"]],
    ["expired", ["EXPIRED"]],
    ["disabled", ["DISABLED"]],
    ["revoked", ["REVOKED"]],
  ] as const)("narrows to %s without a date", (status, wanted) => {
    expect(whereOf({ status }, now).status).toEqual(wanted);
    expect(whereOf({ status }, now).expiresBefore).toBeUndefined();
  });

  it("takes as unused for 90 days only tokens that are as old", () => {
    expect(whereOf({ use: "stale" }, now)).toMatchObject({
      unusedSince: "2026-08-27T12:00:00.000Z",
      createdBefore: "2026-08-27T12:00:00.000Z",
    });
    expect(whereOf({ use: "never" }, now)).toMatchObject({ neverUsed: true });
  });

  it("narrows to tokens that nobody claimed", () => {
    expect(readSearch({ status: "unclaimed" })).toEqual({ status: "unclaimed" });
    expect(whereOf({ status: "unclaimed" }, now)).toMatchObject({ claimPending: true, status: undefined });
  });

  it("narrows to leaked tokens of any status, and to those of one maker", () => {
    const where = whereOf({ status: "leaked", parent: "tok_1" }, now);
    expect(where).toMatchObject({ leaked: true, parent: "tok_1" });
    expect(where.status).toBeUndefined();
  });

  it("narrows by text and permission", () => {
    expect(whereOf({ q: "ci", access: "read" }, now)).toMatchObject({ search: "ci", permission: "READ_ONLY" });
    expect(whereOf({ access: "write" }, now).permission).toBe("WRITE");
  });
});

describe("orderOf", () => {
  it("is newest first unless told otherwise", () => {
    expect(orderOf({})).toEqual({ field: "CREATED_AT", direction: "DESC" });
    expect(orderOf({ sort: "name" })).toEqual({ field: "DESCRIPTION", direction: "ASC" });
    expect(orderOf({ sort: "used" })).toEqual({ field: "LAST_USED_AT", direction: "DESC" });
    expect(orderOf({ sort: "expires" })).toEqual({ field: "EXPIRES_AT", direction: "ASC" });
  });
});
