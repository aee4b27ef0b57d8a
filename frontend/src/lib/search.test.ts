import { describe, expect, it } from "vitest";
import { date, fileUrl, oneOf, present, text } from "./search";

describe("reading an address", () => {
  it("keeps what is known, and nothing else", () => {
    expect(oneOf("b", ["a", "b"])).toBe("b");
    expect(oneOf(7, ["7"])).toBeUndefined();
    expect(text("ci")).toBe("ci");
    expect(text("")).toBeUndefined();
    expect(text(" ")).toBeUndefined();
    expect(text(["ci"])).toBeUndefined();
    expect(text("x".repeat(5000))).toHaveLength(200);
  });

  it.each([
    ["2026-11-25", "2026-11-25"],
    ["2026-13-01", undefined],
    ["25.11.2026", undefined],
    [20261125, undefined],
  ])("reads the day %j as %j", (value, wanted) => {
    expect(date(value)).toBe(wanted);
  });

  it("leaves out what is not there", () => {
    expect(Object.keys(present({ a: undefined, b: 0, c: "" }))).toEqual(["b", "c"]);
  });
});

describe("fileUrl", () => {
  it("writes what narrows the file, escaped", () => {
    const query = { package: "acme/a&b", version: undefined, token: null, address: "" };
    expect(fileUrl("/export/downloads.csv", query)).toBe("/export/downloads.csv?package=acme%2Fa%26b");
    expect(fileUrl("/export/audit.csv", {})).toBe("/export/audit.csv");
  });
});
