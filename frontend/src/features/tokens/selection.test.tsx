import { act, renderHook } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Token } from "./queries";
import { useSelection } from "./selection";

const token = (id: string, status: Token["status"] = "ACTIVE") => ({ id, status }) as Token;
const [one, two, gone] = [token("1"), token("2"), token("3", "REVOKED")] as [Token, Token, Token];

const open = (tokens = [one, two, gone]) =>
  renderHook(({ scope, rows }) => useSelection(scope, rows), { initialProps: { scope: "a", rows: tokens } });
const ids = (tokens: Token[]) => tokens.map(({ id }) => id);

describe("the selection", () => {
  it("takes rows one by one, and all that can be chosen: never a revoked token", () => {
    const { result } = open();
    expect(result.current.rows).toBe(false);
    act(() => result.current.toggle(one, true));
    expect(ids(result.current.chosen)).toEqual(["1"]);
    expect(result.current.rows).toBe("some");
    act(() => result.current.toggleRows(true));
    expect(ids(result.current.chosen)).toEqual(["1", "2"]);
    expect(result.current.rows).toBe(true);
    expect(result.current.has(gone)).toBe(false);
    act(() => result.current.toggle(two, false));
    expect(ids(result.current.chosen)).toEqual(["1"]);
    act(() => result.current.clear());
    expect(result.current.chosen).toEqual([]);
  });

  it("ends when the list is narrowed to something else", () => {
    const { result, rerender } = open();
    act(() => result.current.toggleRows(true));
    rerender({ scope: "b", rows: [one, two] });
    expect(result.current.chosen).toEqual([]);
  });

  it("drops what is no longer there or was revoked meanwhile", () => {
    const { result, rerender } = open();
    act(() => result.current.toggleRows(true));
    rerender({ scope: "a", rows: [token("1", "REVOKED"), two] });
    expect(ids(result.current.chosen)).toEqual(["2"]);
  });

  it("remembers the filter that chose everything, until a row is taken out", () => {
    const { result } = open();
    act(() => result.current.chooseMatching({ search: "ci" }));
    expect(result.current.matching).toEqual({ search: "ci" });
    expect(ids(result.current.chosen)).toEqual(["1", "2"]);
    act(() => result.current.toggle(one, false));
    expect(result.current.matching).toBeNull();
    expect(ids(result.current.chosen)).toEqual(["2"]);
  });
});
