import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Repository } from "./queries";
import { RepositoryState } from "./status";

const repository = (change: Partial<Repository>) =>
  ({
    name: "acme",
    status: "READY",
    lastError: null,
    lastSyncedAt: null,
    syncs: { edges: [] },
    ...change,
  }) as Repository;

const running = (packagesDone: number, packagesTotal: number | null) =>
  repository({
    status: "SYNCING",
    syncs: {
      edges: [{ node: { id: "1", status: "RUNNING", packagesDone, packagesTotal, startedAt: null, skipped: [] } }],
    },
  });

describe("RepositoryState", () => {
  it("tells how far a sync is, to everybody", () => {
    render(<RepositoryState repository={running(120, 1480)} />);
    const bar = screen.getByRole("progressbar", { name: "Sync of acme" });
    expect(bar).toHaveAttribute("aria-valuenow", "120");
    expect(bar).toHaveAttribute("aria-valuemax", "1480");
    expect(bar).toHaveAttribute("aria-valuetext", "120 of 1,480 packages");
    expect(screen.getByText("Syncing: 120 of 1,480 packages")).toBeVisible();
  });

  it("does not pretend to know how much there is before it does", () => {
    render(<RepositoryState repository={running(0, null)} />);
    expect(screen.getByRole("progressbar")).not.toHaveAttribute("aria-valuenow");
    expect(screen.getByText("Syncing: Reading the list of packages")).toBeVisible();
  });

  it("says why a sync failed, and that the packages of before are still offered", () => {
    const lastSyncedAt = new Date(Date.now() - 3 * 3_600_000 - 1000).toISOString();
    render(<RepositoryState repository={repository({ status: "FAILED", lastError: "It is down.", lastSyncedAt })} />);
    expect(screen.getByText("Failed")).toBeVisible();
    expect(screen.getByText("It is down.")).toBeVisible();
    expect(screen.getByText(/Showing packages from/)).toHaveTextContent("Showing packages from 3 hours ago.");
  });

  it.each([
    ["READY", "Synced"],
    ["DISABLED", "Paused"],
    ["PENDING", "Not synced yet"],
  ])("says %s in words", (status, text) => {
    render(<RepositoryState repository={repository({ status: status as Repository["status"] })} />);
    expect(screen.getByText(text)).toBeVisible();
  });
});
