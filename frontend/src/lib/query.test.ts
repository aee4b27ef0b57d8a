// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { safeNext } from "./query";

describe("safeNext", () => {
  it.each(["/", "/tokens", "/tokens?q=ci&sort=name", "/packages/acme/lib"])("keeps the path %s", (next) => {
    expect(safeNext(next)).toBe(next);
  });

  it.each([
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "tokens",
    "",
    " /tokens",
    undefined,
    1,
    ["/tokens"],
  ])("leads to the overview for %j", (next) => {
    expect(safeNext(next)).toBe("/");
  });

  it("never leads to another origin, however the address is read", () => {
    for (const next of ["/\t/evil.example", "/\n/evil.example", "/\r\\evil.example", "/\t\\evil.example"]) {
      expect(new URL(safeNext(next), "http://here.example").origin).toBe("http://here.example");
    }
  });
});
