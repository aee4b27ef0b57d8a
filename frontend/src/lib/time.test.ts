import { describe, expect, it } from "vitest";
import { bytes, count, dateOf, daysUntil, endOfDay, everywhere, number, relative, startOfDay, utc } from "./time";

const now = new Date("2026-11-25T12:00:00Z");

describe("relative", () => {
  it.each([
    ["2026-11-25T12:00:59Z", "just now"],
    ["2026-11-25T11:59:01Z", "just now"],
    ["2026-11-25T11:59:00Z", "1 minute ago"],
    ["2026-11-25T12:01:59Z", "in 1 minute"],
    ["2026-11-25T10:00:01Z", "1 hour ago"],
    ["2026-11-24T12:00:00Z", "yesterday"],
    ["2026-12-01T12:00:00Z", "in 6 days"],
    ["2026-12-08T12:00:01Z", "in 13 days"],
    ["2026-10-26T12:00:01Z", "29 days ago"],
    ["2026-10-25T12:00:00Z", "1 month ago"],
    ["2026-08-25T12:00:00Z", "3 months ago"],
    ["2028-11-25T12:00:00Z", "in 2 years"],
  ])("tells %s as %s", (at, text) => {
    expect(relative(at, now)).toBe(text);
  });
});

describe("an instant", () => {
  const at = "2027-02-21T23:59:59Z";

  it("names its zone, whatever that of the reader is", () => {
    expect(utc(at)).toContain("UTC");
    expect(utc(at)).toContain("2027");
    expect(everywhere(at)).toContain(utc(at));
  });

  it("falls on the day that the reader has then", () => {
    const noon = new Date(2026, 10, 25, 12);
    expect(dateOf(noon)).toBe("2026-11-25");
    expect(dateOf(new Date(2026, 0, 3, 23, 59))).toBe("2026-01-03");
    expect(startOfDay("2026-11-25")).toEqual(new Date(2026, 10, 25));
    expect(startOfDay("2026-12-31", 1)).toEqual(new Date(2027, 0, 1));
  });
});

describe("daysUntil", () => {
  it("counts whole days, negative for the past", () => {
    expect(daysUntil("2026-11-28T11:59:59Z", now)).toBe(2);
    expect(daysUntil("2026-11-28T12:00:00Z", now)).toBe(3);
    expect(daysUntil("2026-11-25T11:59:59Z", now)).toBe(-1);
  });
});

describe("endOfDay", () => {
  it("is the last second of the day in UTC", () => {
    expect(endOfDay(90, now).toISOString()).toBe("2027-02-23T23:59:59.000Z");
    expect(endOfDay(7, new Date("2026-11-25T23:59:59Z")).toISOString()).toBe("2026-12-02T23:59:59.000Z");
  });
});

describe("count, number and bytes", () => {
  it("group thousands and choose the word by the number", () => {
    expect(count(0, "token")).toBe("0 tokens");
    expect(count(1, "token")).toBe("1 token");
    expect(count(1234, "box", "boxes")).toBe("1,234 boxes");
    expect(number(1_000_000)).toBe("1,000,000");
  });

  it("say bytes in the unit that fits", () => {
    expect(bytes(0)).toBe("0 bytes");
    expect(bytes(999)).toBe("999 bytes");
    expect(bytes(1500)).toBe("1.5 KB");
    expect(bytes(2_000_000_000_000_000)).toBe("2000.0 TB");
  });
});
