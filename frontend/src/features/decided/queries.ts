import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import {
  BlockedVersionsDocument,
  type BlockedVersionsQuery,
  ChangedVersionsDocument,
  type DecidedVersionFragment,
  HeldVersionsDocument,
  RepositoryNamesDocument,
} from "../../gql/graphql";
import { paged, rowsOf } from "../../lib/connection";
import { request } from "../../lib/graphql";
import { present, text } from "../../lib/search";

export type Row = DecidedVersionFragment;
export type Block = NonNullable<NonNullable<NonNullable<BlockedVersionsQuery["blocks"]["edges"]>[number]>["node"]>;

/** The lists of versions that are not simply offered, as they stand in the address; the first where it says nothing. */
export const states = {
  changed: "Changed",
  held: "Held back",
  blocked: "Blocked",
  advisories: "Advisories",
  affected: "Still installed",
} as const;
export type State = keyof typeof states;
export type DecidedSearch = { state?: Exclude<State, "changed">; repository?: string };

export function readDecided(search: Record<string, unknown>): DecidedSearch {
  const { state } = search;
  return present({
    state:
      typeof state === "string" && state !== "changed" && Object.hasOwn(states, state)
        ? (state as Exclude<State, "changed">)
        : undefined,
    repository: text(search.repository),
  });
}

/** Versions of which a person, or time, decides. */
export function versionsQuery(state: "changed" | "held", repository?: string) {
  return infiniteQueryOptions({
    queryKey: ["packages", "decided", state, repository],
    queryFn: async ({ pageParam }) => {
      const variables = { first: 50, after: pageParam, repository };
      return state === "changed"
        ? (await request(ChangedVersionsDocument, variables)).changedVersions
        : (await request(HeldVersionsDocument, variables)).heldVersions;
    },
    ...paged,
    placeholderData: keepPreviousData,
  });
}

export const blockedQuery = infiniteQueryOptions({
  queryKey: ["packages", "decided", "blocked"],
  queryFn: async ({ pageParam }) => (await request(BlockedVersionsDocument, { first: 50, after: pageParam })).blocks,
  ...paged,
});

/** The repositories to choose from, by their ids. */
export const repositoryNamesQuery = queryOptions({
  queryKey: ["repositories", "names"],
  queryFn: async () => {
    const rows = rowsOf<{ id: string; name: string }>([(await request(RepositoryNamesDocument)).repositories]);
    return Object.fromEntries(rows.map(({ id, name }) => [id, name]));
  },
  staleTime: 60_000,
});
