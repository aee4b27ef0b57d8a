import { describe, expect, it } from "vitest";
import { auditFile, readSearch, whereOf } from "./search";

const now = new Date("2026-11-25T12:00:00Z");

describe("readSearch", () => {
  it("keeps what it knows and leaves out the rest", () => {
    const search = { q: "ci", actor: "anna@example.org", action: "token", target: "tok_1", days: 7 };
    expect(readSearch({ ...search, from: "2026-11-01", to: "soon", x: 1 })).toEqual({ ...search, from: "2026-11-01" });
    expect(readSearch({ days: "5", q: "", actor: ["a"] })).toEqual({});
  });
});

describe("whereOf", () => {
  it("reaches back from now", () => {
    expect(whereOf({ days: 1 }, now)).toEqual({ after: "2026-11-24T12:00:00.000Z" });
  });

  it("takes both days as a whole, as they are where the reader is", () => {
    expect(whereOf({ from: "2026-11-01", to: "2026-11-01" }, now)).toEqual({
      after: new Date(2026, 10, 1).toISOString(),
      before: new Date(2026, 10, 2).toISOString(),
    });
  });

  it("is the filter of the file, too", () => {
    const where = whereOf({ q: "a b", action: "token.revoke" }, now);
    expect(auditFile("jsonl", where)).toBe("/export/audit.jsonl?search=a+b&action=token.revoke");
    expect(auditFile("csv", whereOf({}, now))).toBe("/export/audit.csv");
  });
});
