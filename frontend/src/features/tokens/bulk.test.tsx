import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { show, stubApi } from "../../../test/api";
import { BulkBar } from "./bulk";
import type { Token } from "./queries";
import type { TokenSearch } from "./search";
import { useSelection } from "./selection";

const loaded = Array.from({ length: 50 }, (_, i) => ({ id: String(i), status: "ACTIVE" }) as Token);
const preview = { count: 303, activeCount: 0, childCount: 0, active: [] };

function Page({ search, more }: { search: TokenSearch; more: boolean }) {
  const selection = useSelection("all", loaded);
  return (
    <>
      <button type="button" onClick={() => selection.toggleRows(true)}>
        Select page
      </button>
      <BulkBar selection={selection} search={search} more={more} />
    </>
  );
}

const open = async (search: TokenSearch, more = true) => {
  const api = stubApi({
    RevocationPreview: () => ({ data: { revocationPreview: preview } }),
    RevokeMatchingTokens: () => ({ data: { revokeMatchingTokens: 303 } }),
  });
  show(<Page search={search} more={more} />);
  await userEvent.click(screen.getByRole("button", { name: "Select page" }));
  return api;
};

afterEach(() => vi.unstubAllGlobals());

describe("selecting all", () => {
  it.each([
    ["the whole list", {}, { status: ["ACTIVE", "EXPIRED", "DISABLED"] }],
    ["a narrowed list", { q: "ci" }, { search: "ci" }],
  ])("offers all that match of %s, and deletes by the filter", async (_, search, where) => {
    const api = await open(search);
    expect(screen.getByRole("status")).toHaveTextContent("50 selected");
    await userEvent.click(await screen.findByRole("button", { name: "Select all 303 that match" }));
    expect(await screen.findByText("All 303 that match selected")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Delete…" }));
    await userEvent.type(await screen.findByLabelText("Type 303 to confirm"), "303");
    await userEvent.click(screen.getByRole("button", { name: "Delete 303 tokens" }));
    await waitFor(() => expect(api.callsOf("RevokeMatchingTokens")).toEqual([{ where, expected: 303 }]));
  });

  it("offers nothing more where all are loaded", async () => {
    await open({}, false);
    expect(screen.getByRole("status")).toHaveTextContent("50 selected");
    expect(screen.queryByText(/that match/)).toBeNull();
  });
});
