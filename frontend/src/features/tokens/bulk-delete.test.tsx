import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { refusal, show, stubApi } from "../../../test/api";
import { BulkDelete } from "./bulk-delete";

const preview = (count: number, activeCount = 0, childCount = 0) => ({
  data: {
    revocationPreview: {
      count,
      activeCount,
      childCount,
      active: Array.from({ length: activeCount }, (_, i) => ({
        id: String(i),
        description: `Token ${i}`,
        lastUsedAt: "2026-11-25T12:00:00Z",
        lastUsedAddress: "10.4.0.17",
      })),
    },
  },
});

const where = { search: "ci", status: ["ACTIVE" as const] };
const noop = () => undefined;

afterEach(() => vi.unstubAllGlobals());

describe("deleting many tokens", () => {
  it("says who was active and how many end with them", async () => {
    stubApi({ RevocationPreview: () => preview(14, 12, 3) });
    show(<BulkDelete what={{ where }} onClose={noop} onDeleted={noop} />);
    expect(await screen.findByText("12 were used in the last 7 days:")).toBeVisible();
    expect(screen.getAllByRole("listitem")).toHaveLength(11);
    expect(screen.getByText("and 2 more")).toBeVisible();
    expect(
      screen.getByText("3 tokens that they made will end with them, unless they are released first."),
    ).toBeVisible();
  });

  it("needs the number to be typed for more than five, and not for five", async () => {
    stubApi({ RevocationPreview: () => preview(5) });
    const { unmount } = show(<BulkDelete what={{ ids: ["1"] }} onClose={noop} onDeleted={noop} />);
    expect(await screen.findByRole("button", { name: "Delete 5 tokens" })).toBeEnabled();
    expect(screen.queryByLabelText(/to confirm/)).toBeNull();
    unmount();
    stubApi({ RevocationPreview: () => preview(1234) });
    show(<BulkDelete what={{ where }} onClose={noop} onDeleted={noop} />);
    const button = await screen.findByRole("button", { name: "Delete 1,234 tokens" });
    expect(button).toBeDisabled();
    await userEvent.type(screen.getByLabelText("Type 1,234 to confirm"), "1233");
    expect(button).toBeDisabled();
    await userEvent.type(screen.getByLabelText("Type 1,234 to confirm"), "{Backspace}4");
    expect(button).toBeEnabled();
  });

  it("revokes by the filter with the number that was shown", async () => {
    const api = stubApi({
      RevocationPreview: () => preview(2),
      RevokeMatchingTokens: () => ({ data: { revokeMatchingTokens: 2 } }),
    });
    const onDeleted = vi.fn();
    show(<BulkDelete what={{ where }} onClose={noop} onDeleted={onDeleted} />);
    await userEvent.click(await screen.findByRole("button", { name: "Delete 2 tokens" }));
    await waitFor(() => expect(onDeleted).toHaveBeenCalledOnce());
    expect(api.callsOf("RevokeMatchingTokens")).toEqual([{ where, expected: 2 }]);
  });

  it("counts again when the number is another by then, and revokes nothing", async () => {
    let count = 2;
    const api = stubApi({
      RevocationPreview: () => preview(count),
      RevokeMatchingTokens: () => refusal("CONFLICT", "3 tokens match by now, not 2. Nothing was revoked."),
    });
    const onDeleted = vi.fn();
    show(<BulkDelete what={{ where }} onClose={noop} onDeleted={onDeleted} />);
    const button = await screen.findByRole("button", { name: "Delete 2 tokens" });
    count = 3;
    await userEvent.click(button);
    expect(await screen.findByText(/Nothing was revoked/)).toHaveAttribute("role", "alert");
    expect(await screen.findByRole("button", { name: "Delete 3 tokens" })).toBeVisible();
    expect(onDeleted).not.toHaveBeenCalled();
    expect(api.callsOf("RevokeMatchingTokens")).toHaveLength(1);
  });
});
