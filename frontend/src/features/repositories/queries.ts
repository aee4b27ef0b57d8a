import { queryOptions } from "@tanstack/react-query";
import { RepositoriesDocument, RepositoryDocument, type RepositoryRowFragment } from "../../gql/graphql";
import { rowsOf } from "../../lib/connection";
import { request } from "../../lib/graphql";

export type Repository = RepositoryRowFragment;

/** How often progress is read while something syncs; never otherwise. */
const pollEvery = 2_000;

export const repositoriesQuery = queryOptions({
  queryKey: ["repositories"],
  queryFn: async () => rowsOf([(await request(RepositoriesDocument, { first: 100 })).repositories]),
  refetchInterval: ({ state }) => (state.data?.some((r) => r.status === "SYNCING") ? pollEvery : false),
});

export function repositoryQuery(id: string) {
  return queryOptions({
    queryKey: ["repositories", id],
    queryFn: async () => (await request(RepositoryDocument, { id })).repository,
    refetchInterval: ({ state }) => (state.data?.status === "SYNCING" ? pollEvery : false),
  });
}
