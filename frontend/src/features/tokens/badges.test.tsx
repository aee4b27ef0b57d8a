import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { Expiry, LastUsed, Packages, Troubles } from "./badges";
import type { Token } from "./queries";

const now = new Date("2026-11-25T12:00:00Z");
const daysFrom = (days: number) => new Date(now.getTime() + days * 86_400_000).toISOString();
const token = (change: Partial<Token>): Token => ({
  id: "1",
  description: "CI",
  permission: "READ_ONLY",
  status: "ACTIVE",
  hint: "pkb_ab12…",
  packages: [],
  packageRules: [],
  networks: [],
  rateLimit: 1000,
  externalId: null,
  createdAt: daysFrom(-10),
  createdBy: "owner@example.org",
  expiresAt: daysFrom(80),
  lastUsedAt: null,
  lastUsedAddress: null,
  lastUsedClient: null,
  revokedAt: null,
  disabledAt: null,
  leakedAt: null,
  childCount: 0,
  claimPending: false,
  claimEndsAt: null,
  ...change,
});

describe("LastUsed", () => {
  it("warns of a live token that was never used when it is older than 30 days", () => {
    const { rerender } = render(<LastUsed now={now} token={token({ createdAt: daysFrom(-30) })} />);
    expect(screen.getByText("Never used")).not.toHaveClass("text-warn");
    rerender(<LastUsed now={now} token={token({ createdAt: daysFrom(-31) })} />);
    expect(screen.getByText("Never used")).toHaveClass("text-warn");
    rerender(<LastUsed now={now} token={token({ createdAt: daysFrom(-31), status: "DISABLED" })} />);
    expect(screen.getByText("Never used")).not.toHaveClass("text-warn");
  });

  it("marks a live token stale when its last use is more than 90 days ago", () => {
    const { rerender } = render(<LastUsed now={now} token={token({ lastUsedAt: daysFrom(-90) })} />);
    expect(screen.queryByText("Stale")).toBeNull();
    rerender(<LastUsed now={now} token={token({ lastUsedAt: daysFrom(-91) })} />);
    expect(screen.getByText("Stale")).toBeVisible();
    rerender(<LastUsed now={now} token={token({ lastUsedAt: daysFrom(-91), status: "REVOKED" })} />);
    expect(screen.queryByText("Stale")).toBeNull();
  });

  it("tells from where it was used", () => {
    render(<LastUsed now={now} token={token({ lastUsedAt: daysFrom(-1), lastUsedAddress: "10.4.0.17" })} />);
    expect(screen.getByTitle("10.4.0.17")).toBeVisible();
  });
});

describe("Expiry", () => {
  it.each([
    [{ expiresAt: null }, "No expiry"],
    [{ expiresAt: daysFrom(14) }, "Expires in 14 days"],
    [{ expiresAt: daysFrom(6) }, "Expires in 6 days"],
    [{ status: "EXPIRED", expiresAt: daysFrom(-3) }, "Expired 3 days ago"],
    [{ status: "REVOKED", revokedAt: daysFrom(-2) }, "Revoked 2 days ago"],
  ] as [Partial<Token>, string][])("says %j in words", (change, text) => {
    const { container } = render(<Expiry now={now} token={token(change)} />);
    expect(container).toHaveTextContent(text);
  });

  it("has no badge while the end is more than 14 days away", () => {
    render(<Expiry now={now} token={token({ expiresAt: daysFrom(14.01) })} />);
    expect(screen.queryByText(/^Expires/)).toBeNull();
  });
});

describe("Troubles", () => {
  it("says that a token is disabled or was found in a public place, and nothing else", () => {
    const { rerender, container } = render(<Troubles token={token({})} />);
    expect(container).toBeEmptyDOMElement();
    rerender(<Troubles token={token({ status: "DISABLED", disabledAt: daysFrom(-1), leakedAt: daysFrom(-2) })} />);
    expect(screen.getByText("Disabled")).toBeVisible();
    expect(screen.getByText("Leaked")).toBeVisible();
  });
});

describe("Packages", () => {
  it("shows the first pattern and how many more", () => {
    const { rerender } = render(<Packages patterns={[]} rules={[]} />);
    expect(screen.getByText("All")).toBeVisible();
    rerender(<Packages patterns={["a/*"]} rules={[]} />);
    expect(screen.getByText("a/*")).toBeVisible();
    rerender(<Packages patterns={["a/*", "b/*", "c/*"]} rules={[]} />);
    expect(screen.getByTitle("a/*, b/*, c/*")).toHaveTextContent("a/* +2");
    expect(screen.queryByText("Some versions")).toBeNull();
  });

  it("tells that a token has some of the versions only", () => {
    render(<Packages patterns={[]} rules={[{ pattern: "a/*", versions: "^2.0" }]} />);
    expect(screen.getByText("Some versions")).toHaveAttribute("title", "Only versions ^2.0 of a/*.");
  });
});
