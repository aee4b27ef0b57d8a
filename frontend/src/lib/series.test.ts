import { describe, expect, it } from "vitest";
import { type Point, perDays, roundUp } from "./series";

const point = (at: string, requests: number, refused = 0): Point => ({ at, requests, downloads: 1, refused });

describe("perDays", () => {
  it("sums the hours of each day", () => {
    const hours = [
      point("2026-11-24T22:00:00Z", 1),
      point("2026-11-24T23:00:00Z", 2, 1),
      point("2026-11-25T00:00:00Z", 4),
    ];
    expect(perDays(hours, 1)).toEqual([
      { at: "2026-11-24T00:00:00.000Z", requests: 3, downloads: 2, refused: 1 },
      { at: "2026-11-25T00:00:00.000Z", requests: 4, downloads: 1, refused: 0 },
    ]);
  });

  it("ends its last week with the last day, so that it is whole", () => {
    const days = Array.from({ length: 15 }, (_, i) => point(new Date(Date.UTC(2026, 10, 1 + i)).toISOString(), 1));
    expect(perDays(days, 7).map(({ at, requests }) => [at.slice(0, 10), requests])).toEqual([
      ["2026-10-26", 1],
      ["2026-11-02", 7],
      ["2026-11-09", 7],
    ]);
  });

  it("loses nothing and makes nothing of nothing", () => {
    expect(perDays([], 7)).toEqual([]);
  });
});

describe("roundUp", () => {
  it.each([
    [0, 1],
    [1, 1],
    [3, 5],
    [10, 10],
    [11, 20],
    [1834, 2000],
    [5001, 10000],
  ])("of %d is %d", (n, top) => {
    expect(roundUp(n)).toBe(top);
  });
});
