import { type QueryClient, queryOptions } from "@tanstack/react-query";
import {
  ClaimsDocument,
  type ClaimsQuery,
  type OrganizationRowFragment,
  OrganizationsDocument,
  RepositoriesDocument,
  RepositoryDocument,
  type RepositoryRowFragment,
} from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { rowsOf } from "../../lib/connection";
import { request } from "../../lib/graphql";

export type Repository = RepositoryRowFragment;

/** How often progress is read while something syncs; never otherwise. */
const pollEvery = 2_000;

type Synced = Pick<Repository, "id" | "status"> & { lastSyncedAt?: string | null };

/** Whether a sync has ended since: also one that was never seen under way, as it took less than a poll. */
export function syncEnded(before: readonly Synced[], now: readonly Synced[]): boolean {
  const known = new Map(before.map((one) => [one.id, one]));
  return now.some(({ id, status, lastSyncedAt }) => {
    const was = known.get(id);
    return was && status !== "SYNCING" && (was.status === "SYNCING" || was.lastSyncedAt !== lastSyncedAt);
  });
}

/** Has the packages and the overview read again once a sync has brought others. */
function follow(client: QueryClient, before: readonly Synced[], now: readonly Synced[]) {
  if (syncEnded(before, now)) void changed(client, "packages");
}

export const repositoriesQuery = queryOptions({
  queryKey: ["repositories"],
  queryFn: async ({ client, queryKey }) => {
    const now: Repository[] = [];
    let after: string | undefined;
    do {
      const { repositories } = await request(RepositoriesDocument, { first: 100, after });
      now.push(...rowsOf<Repository>([repositories]));
      after = repositories.pageInfo.hasNextPage ? (repositories.pageInfo.endCursor ?? undefined) : undefined;
    } while (after);
    follow(client, client.getQueryData<Repository[]>(queryKey) ?? [], now);
    return now;
  },
  refetchInterval: ({ state }) => (state.data?.some((r) => r.status === "SYNCING") ? pollEvery : false),
});

export function repositoryQuery(id: string) {
  return queryOptions({
    queryKey: ["repositories", id],
    queryFn: async ({ client, queryKey }) => {
      const now = (await request(RepositoryDocument, { id })).repository;
      const before = client.getQueryData<Repository | null>(queryKey);
      if (before && now) follow(client, [before], [now]);
      return now;
    },
    refetchInterval: ({ state }) => (state.data?.status === "SYNCING" ? pollEvery : false),
  });
}

export type Organization = OrganizationRowFragment;

/** The organizations whose repositories are added as they come. */
export const organizationsQuery = queryOptions({
  queryKey: ["repositories", "organizations"],
  queryFn: async ({ client, queryKey }) => {
    const now: Organization[] = [];
    let after: string | undefined;
    do {
      const { organizations } = await request(OrganizationsDocument, { first: 100, after });
      now.push(...rowsOf<Organization>([organizations]));
      after = organizations.pageInfo.hasNextPage ? (organizations.pageInfo.endCursor ?? undefined) : undefined;
    } while (after);
    const before = new Map((client.getQueryData<Organization[]>(queryKey) ?? []).map((one) => [one.id, one]));
    if (
      now.some(({ id, repositoryCount }) => (before.get(id)?.repositoryCount ?? repositoryCount) !== repositoryCount)
    ) {
      void client.invalidateQueries({ queryKey: repositoriesQuery.queryKey, exact: true });
    }
    return now;
  },
  refetchInterval: ({ state }) =>
    state.data?.some(({ status }) => status === "SYNCING" || status === "PENDING") ? pollEvery : false,
});

export type Claim = NonNullable<NonNullable<NonNullable<ClaimsQuery["claims"]["edges"]>[number]>["node"]>;

/** The claims whose repository was removed: their names are closed until somebody releases them. */
export const closedNamesQuery = queryOptions({
  queryKey: ["repositories", "closed names"],
  queryFn: async () => {
    const closed: Claim[] = [];
    let after: string | undefined;
    do {
      const { claims } = await request(ClaimsDocument, { first: 100, after });
      closed.push(...rowsOf<Claim>([claims]).filter(({ repository }) => !repository));
      after = claims.pageInfo.hasNextPage ? (claims.pageInfo.endCursor ?? undefined) : undefined;
    } while (after);
    return closed;
  },
});
