import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Secret } from "./queries";
import { RateMeter, usedUp } from "./rate-meter";
import { stillUsing } from "./rotation";

const now = new Date("2026-11-25T12:00:00Z");
const resetAt = "2026-11-25T12:12:00Z";

describe("RateMeter", () => {
  it("tells what is used as text and as a meter", () => {
    render(<RateMeter now={now} status={{ limit: 1000, remaining: 880, resetAt }} />);
    const meter = screen.getByRole("meter", { name: "Requests this hour" });
    expect(meter).toHaveAttribute("aria-valuenow", "120");
    expect(meter).toHaveAttribute("aria-valuetext", "120 of 1,000 requests this hour");
    expect(screen.getByText("120 of 1,000 requests this hour")).toBeVisible();
  });

  it("says when it resets once all is used", () => {
    const { container } = render(<RateMeter now={now} status={{ limit: 1000, remaining: 0, resetAt }} />);
    expect(container).toHaveTextContent("Used up. Resets in 12 minutes.");
  });

  it("has no meter without a limit", () => {
    render(<RateMeter now={now} status={{ limit: 0, remaining: 0, resetAt }} />);
    expect(screen.getByText("No limit.")).toBeVisible();
    expect(screen.queryByRole("meter")).toBeNull();
  });

  it.each([
    [799, "plain"],
    [800, "warn"],
    [999, "warn"],
    [1000, "danger"],
  ])("is, at %d of 1000, %s", (used, how) => {
    expect(usedUp(used, 1000)).toBe(how);
  });
});

describe("stillUsing", () => {
  it("are the addresses that used the old secret after there was a new one", () => {
    const use = (address: string, lastAt: string) => ({ address, client: "", lastAt });
    const old = { addresses: [use("10.0.0.1", "2026-11-25T11:00:00Z"), use("10.0.0.2", "2026-11-25T09:59:59Z")] };
    const fresh = { createdAt: "2026-11-25T10:00:00Z" };
    expect(stillUsing(old as Secret, fresh as Secret).map(({ address }) => address)).toEqual(["10.0.0.1"]);
  });
});
