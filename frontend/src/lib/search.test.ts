import { describe, expect, it } from "vitest";
import { date, fileUrl, oneOf, parseValue, present, text } from "./search";

describe("reading an address", () => {
  it("keeps what is known, and nothing else", () => {
    expect(oneOf("b", ["a", "b"])).toBe("b");
    expect(oneOf(7, ["7"])).toBeUndefined();
    expect(text("ci")).toBe("ci");
    expect(text("")).toBeUndefined();
    expect(text(" ")).toBeUndefined();
    expect(text(2)).toBe("2");
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

describe("parseValue", () => {
  it.each([
    ["30", 30],
    ["true", true],
    ['"1.5"', "1.5"],
  ])("reads %s", (value, want) => {
    expect(parseValue(value)).toEqual(want);
  });
  it.each(["1.0", "1e3", "0x1", "dev-main", "1.2.3", "01"])("leaves %s as it is", (value) => {
    expect(() => parseValue(value)).toThrow();
  });
});
