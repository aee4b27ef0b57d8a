import { describe, expect, it } from "vitest";
import { share } from "./cards";
import { pointsOf, rangeOf, readDays, stepOf } from "./period";

const series = (n: number, hours: number) =>
  Array.from({ length: n }, (_, i) => ({
    at: new Date(Date.UTC(2026, 0, 1, i * hours)).toISOString(),
    requests: 1,
    downloads: 0,
    refused: 0,
  }));

describe("a period", () => {
  it("is read from the address, where 30 days are left out", () => {
    expect([7, "90", 365, 30, 8, "x", undefined].map(readDays)).toEqual([
      7,
      90,
      365,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(rangeOf(90)).toBe("QUARTER");
  });

  it("has a point a day, although the server counts a week by hours", () => {
    const points = pointsOf(series(7 * 24, 1), 7);
    expect(points.map(({ requests }) => requests)).toEqual([24, 24, 24, 24, 24, 24, 24]);
  });

  it("has whole weeks in a year", () => {
    const points = pointsOf(series(365, 24), 365);
    expect(stepOf(365)).toBe("week");
    expect(points).toHaveLength(52);
    expect(new Set(points.map(({ requests }) => requests))).toEqual(new Set([7]));
  });
});

describe("share", () => {
  it.each([
    [0, 0, "0%"],
    [0, 10, "0%"],
    [1, 1000, "less than 1%"],
    [37, 100, "37%"],
    [10, 10, "100%"],
  ])("of %d in %d is %s", (part, whole, wanted) => {
    expect(share(part, whole)).toBe(wanted);
  });
});
