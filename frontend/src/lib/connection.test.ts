import { describe, expect, it } from "vitest";
import { paged, rowsOf } from "./connection";

describe("rowsOf", () => {
  it("joins the pages and passes over holes", () => {
    expect(rowsOf([{ edges: [{ node: 1 }, null, { node: null }] }, { edges: null }, { edges: [{ node: 2 }] }])).toEqual(
      [1, 2],
    );
    expect(rowsOf(undefined)).toEqual([]);
  });
});

describe("paged", () => {
  it("reads on at the cursor while there is a next page", () => {
    expect(paged.getNextPageParam({ pageInfo: { hasNextPage: true, endCursor: "c" } })).toBe("c");
    expect(paged.getNextPageParam({ pageInfo: { hasNextPage: false, endCursor: "c" } })).toBeNull();
  });
});
