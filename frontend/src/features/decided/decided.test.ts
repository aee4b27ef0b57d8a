import { describe, expect, it } from "vitest";
import { readDecided } from "./queries";

describe("readDecided", () => {
  it.each([
    [{}, {}],
    [{ state: "held" }, { state: "held" }],
    [
      { state: "blocked", repository: "repo_1" },
      { state: "blocked", repository: "repo_1" },
    ],
    [{ state: "affected" }, { state: "affected" }],
    [{ state: "toString" }, {}],
    [{ state: "changed" }, {}], // the usual one is left out
    [{ state: "nonsense", repository: "" }, {}],
    [{ state: 7, repository: ["x"] }, {}],
  ])("reads %j", (search, read) => expect(readDecided(search)).toEqual(read));
});
