import { QueryClient } from "@tanstack/react-query";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Repository, repositoriesQuery, syncEnded } from "./queries";

const row = (status: Repository["status"], id = "1") => ({ id, status }) as Repository;

afterEach(() => vi.unstubAllGlobals());

describe("syncEnded", () => {
  it("is told from what was under way and no longer is", () => {
    expect(syncEnded([row("SYNCING")], [row("READY")])).toBe(true);
    expect(syncEnded([row("SYNCING")], [row("FAILED")])).toBe(true);
    expect(syncEnded([row("SYNCING")], [row("SYNCING")])).toBe(false);
    expect(syncEnded([row("READY")], [row("READY")])).toBe(false);
    expect(syncEnded([row("SYNCING", "1")], [row("READY", "2")])).toBe(false);
    expect(syncEnded([], [row("READY")])).toBe(false);
  });
});

describe("the list of repositories", () => {
  it("has the packages read again once a sync has ended, and not before", async () => {
    const client = new QueryClient();
    client.setQueryData(["packages", {}], []);
    const read = async (status: Repository["status"]) => {
      const repositories = { totalCount: 1, edges: [{ node: row(status) }], pageInfo: { hasNextPage: false } };
      vi.stubGlobal("fetch", async () => Response.json({ data: { repositories } }));
      await client.fetchQuery({ ...repositoriesQuery, staleTime: 0 });
      return client.getQueryState(["packages", {}])?.isInvalidated;
    };
    expect(await read("SYNCING")).toBe(false);
    expect(await read("SYNCING")).toBe(false);
    expect(await read("READY")).toBe(true);
  });

  it("tells of one that was too short to be seen under way", () => {
    const at = (lastSyncedAt: string) => [{ id: "repo_1", status: "READY" as const, lastSyncedAt }];
    expect(syncEnded(at("2026-11-01T12:00:00Z"), at("2026-11-01T12:00:05Z"))).toBe(true);
    expect(syncEnded(at("2026-11-01T12:00:00Z"), at("2026-11-01T12:00:00Z"))).toBe(false);
  });
});
